package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"foyer/engine/call"
)

// receiver is one remote track being received.
type receiver struct {
	track call.RemoteTrack
	rx    call.Receiver
	info  call.Track
	id    call.Identity
}

// reception is what a stay wants to receive.
type reception struct {
	views map[call.SID]call.TrackView // the last word on each track
	spoke map[call.Identity]time.Time
	began map[call.Identity]time.Time // since when those speak who do
	// wanted is the present wish, told what the session was last told.
	wanted, told []call.Subscription
	telling      bool // a request is under way; one at a time
	due          bool // the wish is about to be decided anew
}

// received lists the receivers in an order that does not change.
func (s *stay) received() []*receiver {
	return slices.SortedFunc(maps.Values(s.receivers), func(a, b *receiver) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.info.SID, b.info.SID))
	})
}

// subscriptions receives what is wanted of the others' tracks.
type subscriptions struct{ l *loop }

func (sb *subscriptions) subscribe(s *stay, t call.RemoteTrack) {
	info := t.Info()
	if old := s.receivers[info.SID]; old != nil {
		sb.unsubscribe(s, old)
	}
	r := &receiver{track: t, rx: sb.l.cfg.Media.Receive(t), info: info, id: t.Owner()}
	s.receivers[info.SID] = r
	r.rx.Show(s.isShown(info.SID))
	r.rx.SetGain(s.gain(r.id))
	sb.l.emit(call.TrackSubscribed{ID: r.id, Track: info, Slot: r.rx.Slot()})
}

// gone ends a track, unless a newer one has taken its place.
func (sb *subscriptions) gone(s *stay, t call.RemoteTrack) {
	if r := s.receivers[t.Info().SID]; r != nil && r.track == t {
		sb.unsubscribe(s, r)
	}
}

func (sb *subscriptions) unsubscribeOwner(s *stay, owner call.SID) {
	for _, r := range s.received() {
		if r.track.OwnerSID() == owner {
			sb.unsubscribe(s, r)
		}
	}
}

func (sb *subscriptions) unsubscribe(s *stay, r *receiver) {
	sb.l.emit(call.TrackUnsubscribed{ID: r.id, Track: r.info})
	sb.closeReceiver(s, r)
}

// closeReceiver ends decoding in a worker. An exit waits for it.
func (sb *subscriptions) closeReceiver(s *stay, r *receiver) {
	delete(s.receivers, r.info.SID)
	s.closingReceivers++
	j := s.of(opCloseReceiver)
	j.about = string(r.info.SID)
	do(sb.l, j, func() error { r.rx.Close(); return nil }, func(error) {
		s.closingReceivers--
		sb.l.checkLeft()
	})
}

func (sb *subscriptions) doSetTrackView(c SetTrackView) error {
	s, err := sb.l.current()
	if err != nil {
		return err
	}
	if c.Track == "" || c.Width < 0 || c.Height < 0 {
		return fmt.Errorf("%w: view of %q, %dx%d", call.ErrBadArgument, c.Track, c.Width, c.Height)
	}
	if !s.roster.HasTrack(c.Track) && s.receivers[c.Track] == nil {
		return fmt.Errorf("view of %q: %w", c.Track, call.ErrNotPublished)
	}
	if _, known := s.reception.views[c.Track]; !known {
		maps.DeleteFunc(s.reception.views, func(sid call.SID, _ call.TrackView) bool {
			return !s.roster.HasTrack(sid) && s.receivers[sid] == nil
		})
	}
	s.reception.views[c.Track] = call.TrackView{Hidden: c.Disabled, Width: c.Width, Height: c.Height}
	sb.choose(s)
	return nil
}

// isShown reports whether a track's frames are wanted now.
func (s *stay) isShown(sid call.SID) bool {
	return slices.ContainsFunc(s.reception.wanted, func(w call.Subscription) bool { return w.Track == sid && !w.Paused })
}

// choose decides what to receive when everything that has happened just now is
// known: once, however much it was.
func (sb *subscriptions) choose(s *stay) {
	if s.joined {
		soon(sb.l, s, noteReception, &s.reception.due, sb.chosen)
	}
}

// chosen makes the receivers follow what is wanted now, and the session.
func (sb *subscriptions) chosen(s *stay) {
	selector := call.Selector{
		Shown: sb.l.cfg.Shown, Views: s.reception.views, Spoke: s.reception.spoke, ObeysMutes: !s.link.IsLiveKit(),
		AudioOnly: sb.l.quality.AudioOnly,
	}
	s.reception.wanted = selector.Choose(s.roster.List())
	paused := make(map[call.SID]bool, len(s.reception.wanted))
	for _, w := range s.reception.wanted {
		paused[w.Track] = w.Paused
	}
	for _, r := range s.received() {
		if rest, wanted := paused[r.info.SID]; wanted {
			r.rx.Show(!rest)
		} else if s.roster.HasTrack(r.info.SID) {
			sb.unsubscribe(s, r) // at once: the server's answer may never come
		}
	}
	sb.tellChosen(s)
}

// tellChosen tells the session the last wish; one request at a time.
func (sb *subscriptions) tellChosen(s *stay) {
	rc := &s.reception
	if rc.telling || slices.Equal(rc.told, rc.wanted) && rc.told != nil {
		return
	}
	rc.telling, rc.told = true, rc.wanted
	session, wanted := s.session, rc.wanted
	sb.l.request(s, s.of(opSubscribe), func(ctx context.Context) error {
		return session.Subscribe(ctx, wanted)
	}, func(err error) {
		rc.telling = false
		if err != nil { // the next wish, or a reconnect, tells again
			rc.told = nil
			sb.l.log.WithError(err).Debug("choosing what to receive")
			return
		}
		sb.tellChosen(s)
	})
}

// yields is how far somebody who goes on speaking falls behind those who begin.
const yields = 10 * time.Second

// speak notes who was heard: of more voices than can be decoded, theirs are. The one that
// has been heard for longest yields: 70 people who make noise do not silence a speaker.
func (s *stay) speak(speakers []call.SpeakerLevel) {
	now, before := time.Now(), s.reception.began
	s.reception.began = make(map[call.Identity]time.Time, len(speakers))
	for _, sp := range speakers {
		if _, known := s.roster.Get(sp.ID); !known {
			continue
		}
		since, spoke := before[sp.ID]
		if !spoke {
			since = now
		}
		s.reception.began[sp.ID] = since
		s.reception.spoke[sp.ID] = now.Add(-min(yields, now.Sub(since)))
	}
}

// request runs a bounded request of the stay's session; done is not called
// once the stay is ending.
func (l *loop) request(s *stay, j job, f func(context.Context) error, done func(error)) {
	l.requestWithin(s, j, requestTimeout, f, done)
}

func (l *loop) requestWithin(
	s *stay, j job, timeout time.Duration, f func(context.Context) error, done func(error),
) {
	ctx := s.ctx
	do(l, j, func() error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return f(ctx)
	}, func(err error) {
		if l.alive(s) {
			done(err)
		}
	})
}
