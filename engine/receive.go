package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"foyer/engine/call"
)

// receiver is one remote track being decoded.
type receiver struct {
	track call.RemoteTrack
	rx    call.Receiver
	info  call.Track
	id    call.Identity
}

// view is in what size a remote track is shown; the last wish wins.
type view struct {
	wanted, sent SetTrackView
	busy         bool
}

// received lists the receivers in an order that does not change.
func (s *stay) received() []*receiver {
	return slices.SortedFunc(maps.Values(s.receivers), func(a, b *receiver) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.info.SID, b.info.SID))
	})
}

func (l *loop) subscribe(s *stay, t call.RemoteTrack) {
	info := t.Info()
	if old := s.receivers[info.SID]; old != nil {
		l.unsubscribe(s, old)
	}
	r := &receiver{track: t, rx: l.cfg.Media.Receive(t), info: info, id: t.Owner()}
	s.receivers[info.SID] = r
	l.emit(call.TrackSubscribed{ID: r.id, Track: info, Slot: r.rx.Slot()})
	if v := s.views[info.SID]; v != nil {
		v.sent = SetTrackView{}
		l.sendView(s, v)
	}
}

// remoteGone ends a track, unless a newer one has taken its place.
func (l *loop) remoteGone(s *stay, t call.RemoteTrack) {
	if r := s.receivers[t.Info().SID]; r != nil && r.track == t {
		l.unsubscribe(s, r)
	}
}

func (l *loop) unsubscribeOwner(s *stay, owner call.SID) {
	for _, r := range s.received() {
		if r.track.OwnerSID() == owner {
			l.unsubscribe(s, r)
		}
	}
}

func (l *loop) unsubscribe(s *stay, r *receiver) {
	l.emit(call.TrackUnsubscribed{ID: r.id, Track: r.info})
	l.closeReceiver(s, r)
}

// closeReceiver ends decoding in a worker. An exit waits for it.
func (l *loop) closeReceiver(s *stay, r *receiver) {
	delete(s.receivers, r.info.SID)
	s.closingReceivers++
	do(l, func() error { r.rx.Close(); return nil }, func(error) {
		s.closingReceivers--
		l.checkLeft()
	})
}

func (l *loop) doSetTrackView(c SetTrackView) error {
	s, err := l.current()
	if err != nil {
		return err
	}
	if c.Track == "" || c.Width < 0 || c.Height < 0 {
		return fmt.Errorf("%w: view of %q, %dx%d", call.ErrBadArgument, c.Track, c.Width, c.Height)
	}
	if !s.roster.hasTrack(c.Track) && s.receivers[c.Track] == nil {
		return fmt.Errorf("view of %q: %w", c.Track, call.ErrNotPublished)
	}
	v := s.views[c.Track]
	if v == nil {
		l.dropViews(s)
		v = &view{}
		s.views[c.Track] = v
	}
	v.wanted = c
	l.sendView(s, v)
	return nil
}

// dropViews forgets the views of tracks that are gone.
func (l *loop) dropViews(s *stay) {
	for sid := range s.views {
		if !s.roster.hasTrack(sid) && s.receivers[sid] == nil {
			delete(s.views, sid)
		}
	}
}

func (l *loop) sendViews(s *stay) {
	for _, v := range s.views {
		v.sent = SetTrackView{}
		l.sendView(s, v)
	}
}

// sendView tells the server the last wish; one request at a time.
func (l *loop) sendView(s *stay, v *view) {
	if v.busy || v.sent == v.wanted || s.receivers[v.wanted.Track] == nil {
		return
	}
	v.busy, v.sent = true, v.wanted
	w := v.wanted
	session := s.session
	l.request(s, func(ctx context.Context) error {
		return session.SetTrackView(ctx, w.Track, w.Width, w.Height, w.Disabled)
	}, func(err error) {
		v.busy = false
		if err != nil { // the next wish, or a reconnect, tells again
			l.log.WithError(err).Debug("setting a track's view")
			return
		}
		l.sendView(s, v)
	})
}

// request runs a bounded request of the stay's session; done is not called
// once the stay is ending.
func (l *loop) request(s *stay, f func(context.Context) error, done func(error)) {
	ctx := s.ctx
	do(l, func() error {
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		return f(ctx)
	}, func(err error) {
		if l.stay == s && s.exit == nil {
			done(err)
		}
	})
}

// doStats answers with what media counts now.
func (l *loop) doStats() error {
	s, err := l.current()
	if err != nil {
		return err
	}
	if !s.joined {
		return call.ErrNotInRoom
	}
	report := call.StatsReported{Remote: []call.RemoteStats{}, Local: []call.LocalStats{}}
	for _, r := range s.received() {
		report.Remote = append(report.Remote, r.rx.Stats())
	}
	for _, src := range sources {
		if d := l.openDevice(src); d != nil && d.sending != nil {
			report.Local = append(report.Local, d.pump.Stats())
		}
	}
	l.emit(report)
	return nil
}
