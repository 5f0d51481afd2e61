package engine

import (
	"context"
	"slices"

	"foyer/engine/call"
	"foyer/engine/internal/layers"
)

// publication is what is wished for a source's track, and how far it is.
type publication struct {
	source call.Source

	want   bool   // wished: shown to the room
	device string // wished: a request
	muted  bool   // wished
	byHost bool   // the host muted it
	broken bool   // its device failed or was lost: not opened again unasked

	track       call.LocalTrack // nil: not published
	spec        call.TrackSpec  // what was asked for it
	serverMuted bool            // as the server knows it
	shownMuted  bool            // as was reported
	busy        bool            // a request to the server is under way
	abort       func()          // ends it
	epoch       int             // counts full reconnects: what came before is gone

	// What the server said about a track whose Publish has not returned yet.
	early map[call.SID]bool // true: gone, false: muted
}

func newPublications(c Choice, resolve func(call.Source, string) string) map[call.Source]*publication {
	pubs := make(map[call.Source]*publication)
	for src, request := range map[call.Source]string{call.SourceCamera: c.Camera, call.SourceMicrophone: c.Microphone} {
		pubs[src] = &publication{source: src, want: request != call.DeviceNone, device: resolve(src, request)}
	}
	pubs[call.SourceScreen] = &publication{
		source: call.SourceScreen, want: c.Screen, device: resolve(call.SourceScreen, ""),
	}
	return pubs
}

// publications publishes and mutes what the stay shows of ourselves.
type publications struct{ l *loop }

// publication is the wish that c changes.
func (pb *publications) publication(c Command, src call.Source) (*publication, error) {
	if !published(src) {
		return nil, badSource(c, src)
	}
	e := pb.l.chosen()
	if e == nil {
		return nil, call.ErrNotInRoom
	}
	return e.pubs[src], nil
}

// wanted is a publication that c takes to be there.
func (pb *publications) wanted(c Command, src call.Source) (*publication, error) {
	p, err := pb.publication(c, src)
	if err == nil && !p.want {
		err = call.ErrNotPublished
	}
	return p, err
}

func (pb *publications) doPublish(c Publish) error {
	p, err := pb.publication(c, c.Source)
	if err != nil {
		return err
	}
	if c.Device == call.DeviceNone {
		return badSource(c, c.Source)
	}
	if err := pb.l.allows(c.Source); err != nil {
		return err
	}
	request := pb.l.devices.resolve(c.Source, c.Device)
	if err := pb.l.devices.stuck(c.Source, request); err != nil {
		return err
	}
	p.want, p.muted, p.byHost, p.broken, p.device = true, false, false, false, request
	pb.endLook(c.Source)
	pb.l.devices.slots[c.Source].blame(c.Word())
	pb.l.devices.settle(c.Source)
	return nil
}

// layers are the qualities in which a source is sent, within the user's limit.
func (pb *publications) layers(src call.Source, f layers.Format) []call.Layer {
	if src == call.SourceCamera {
		f = f.Within(pb.l.quality.SendHeight)
	}
	return layers.For(src, f)
}

// endLook ends the preview of a camera or screen that is shown to the room now: it
// was to look at or to choose, and what is muted or unpublished later is closed. The
// preview of before a stay is the lobby's.
func (pb *publications) endLook(src call.Source) {
	if s := pb.l.active(); s != nil && s.joined && src.Kind() == call.KindVideo {
		pb.l.devices.slots[src].preview = false
	}
}

func (pb *publications) doUnpublish(c Unpublish) error {
	p, err := pb.wanted(c, c.Source)
	if err != nil {
		return err
	}
	p.want = false
	pb.l.devices.slots[c.Source].word = c.Word()
	pb.l.devices.settle(c.Source)
	return nil
}

func (pb *publications) doMute(c Mute) error {
	p, err := pb.wanted(c, c.Source)
	if err != nil {
		return err
	}
	p.muted = true
	pb.l.devices.settle(c.Source)
	return nil
}

func (pb *publications) doUnmute(c Unmute) error {
	p, err := pb.wanted(c, c.Source)
	if err != nil {
		return err
	}
	if err := pb.l.allows(c.Source); err != nil {
		return err
	}
	if pb.l.devices.working(c.Source) == nil {
		if err := pb.l.devices.stuck(c.Source, p.device); err != nil {
			return err
		}
	}
	p.muted, p.byHost, p.broken = false, false, false
	pb.endLook(c.Source)
	pb.l.devices.slots[c.Source].blame(c.Word())
	pb.l.devices.settle(c.Source)
	return nil
}

// settle takes the next step of a publication. What stops sending
// does so at once; what asks the server waits for a working connection.
func (pb *publications) settle(s *stay, p *publication) {
	d := pb.l.devices.working(p.source)
	unheard := pb.l.devices.test.of(p.source)
	if !p.want || p.muted || unheard {
		d.stopSending()
	}
	if p.want && p.muted && p.track != nil && !p.shownMuted {
		p.shownMuted = true
		pb.l.emit(call.TrackMuted{ID: s.self.Identity, Track: announced(p), Local: true, ByHost: p.byHost})
	}
	if p.busy || pb.l.state != call.StateJoined {
		return
	}
	hidden := p.muted && p.source.Kind() == call.KindVideo // published without a device
	switch {
	case p.track == nil && p.want && (d != nil || hidden):
		pb.publish(s, p, d)
	case p.track == nil:
	case !p.want, d != nil && !p.muted && !slices.Equal(pb.layers(p.source, d.format), p.spec.Layers):
		pb.unpublish(s, p)
	case p.muted != p.serverMuted && (p.muted || d != nil):
		pb.setMuted(s, p)
	case !p.muted && d != nil && !unheard:
		pb.send(s, p, d)
	}
}

// send lets the device's pump encode into the track.
func (pb *publications) send(s *stay, p *publication, d *device) {
	if d.sending != p.track {
		d.sending = p.track
		d.pump.Send(p.track)
	}
	if p.shownMuted {
		p.shownMuted = false
		pb.l.emit(call.TrackUnmuted{ID: s.self.Identity, Track: announced(p), Local: true})
	}
}

func (pb *publications) publish(s *stay, p *publication, d *device) {
	spec := call.TrackSpec{Source: p.source, Name: p.source.String(), Muted: p.muted}
	if d != nil {
		spec.Layers = pb.layers(p.source, d.format)
	} else {
		spec.Layers = pb.layers(p.source, layers.Default(p.source))
	}
	p.early = make(map[call.SID]bool)
	session := s.session
	pb.ask(s, p, opPublish, func(ctx context.Context) (call.LocalTrack, error) {
		t, err := session.Publish(ctx, spec)
		if err == nil && t == nil {
			err = call.ErrRefused
		}
		return t, err
	}, func(t call.LocalTrack, err error) { pb.didPublish(s, p, spec, t, err) })
}

// ask runs a bounded request about a publication, one at a time. A result that
// comes after the track is gone changes nothing: what was published on a
// connection of before is taken back.
func (pb *publications) ask(
	s *stay, p *publication, op Op,
	f func(context.Context) (call.LocalTrack, error), done func(call.LocalTrack, error),
) {
	ctx, cancel := context.WithTimeout(s.ctx, requestTimeout)
	p.busy, p.abort = true, cancel
	session, epoch := s.session, p.epoch
	j := s.of(op)
	j.source = p.source
	work(pb.l, j, func() (call.LocalTrack, error) {
		defer cancel()
		return f(ctx)
	}, func(t call.LocalTrack, err error) {
		if !pb.l.alive(s) {
			return // the session's end takes everything away
		}
		p.busy = false
		switch {
		case p.epoch == epoch:
			done(t, err)
		case err == nil && t != nil:
			pb.ask(s, p, opUnpublish, func(ctx context.Context) (call.LocalTrack, error) {
				return nil, session.Unpublish(ctx, t)
			}, func(call.LocalTrack, error) {})
		}
		pb.l.devices.settle(p.source)
	}, nil)
}

func (pb *publications) didPublish(s *stay, p *publication, spec call.TrackSpec, t call.LocalTrack, err error) {
	early := p.early
	p.early = nil
	switch {
	case err == nil:
		p.track, p.spec, p.serverMuted, p.shownMuted = t, spec, spec.Muted, spec.Muted
		pb.l.emit(call.TrackPublished{ID: s.self.Identity, Track: announced(p), Local: true})
		if gone, told := early[t.SID()]; told && gone {
			pb.gone(s, t.SID())
		} else if told {
			pb.mutedByHost(s, t.SID())
		}
	case pb.l.state == call.StateReconnecting: // tried again when the connection works
	default:
		p.want = false
		pb.l.failed(Publish{}, p.source, err)
	}
}

func (pb *publications) unpublish(s *stay, p *publication) {
	pb.l.devices.working(p.source).stopSending()
	t, session := p.track, s.session
	pb.ask(s, p, opUnpublish, func(ctx context.Context) (call.LocalTrack, error) {
		return nil, session.Unpublish(ctx, t)
	}, func(_ call.LocalTrack, err error) {
		if err != nil {
			pb.l.log.WithError(err).WithField("source", p.source).Warn("unpublishing")
		}
		pb.trackGone(s, p)
	})
}

func (pb *publications) setMuted(s *stay, p *publication) {
	t, session, muted := p.track, s.session, p.muted
	pb.ask(s, p, opMute, func(ctx context.Context) (call.LocalTrack, error) {
		return nil, session.SetMuted(ctx, t, muted)
	}, func(_ call.LocalTrack, err error) {
		switch {
		case err == nil:
			p.serverMuted = muted
		case pb.l.state == call.StateReconnecting: // tried again when the connection works
		case muted: // nothing is sent all the same
			p.serverMuted = true
			pb.l.failed(Mute{}, p.source, err)
		default:
			p.muted = true
			pb.l.failed(Unmute{}, p.source, err)
		}
	})
}

func (l *loop) failed(c Command, src call.Source, err error) {
	l.emit(call.CommandFailed{Command: c.Word(), Source: src, Err: err})
}

// trackGone notes that a track of ours is not published any more.
func (pb *publications) trackGone(s *stay, p *publication) {
	if p.track == nil {
		return
	}
	track := announced(p)
	p.track, p.shownMuted, p.serverMuted = nil, false, false
	pb.l.devices.working(p.source).stopSending()
	pb.l.emit(call.TrackUnpublished{ID: s.self.Identity, Track: track, Local: true})
}

// gone is the server's taking away of a track of ours.
func (pb *publications) gone(s *stay, sid call.SID) {
	p := s.publicationOf(sid)
	if p == nil {
		s.tellEarly(sid, true)
		return
	}
	p.want = false
	p.epoch++
	pb.trackGone(s, p)
	pb.l.devices.settle(p.source)
}

// mutedByHost obeys the host.
func (pb *publications) mutedByHost(s *stay, sid call.SID) {
	p := s.publicationOf(sid)
	if p == nil {
		s.tellEarly(sid, false)
		return
	}
	p.serverMuted = true
	p.shownMuted = p.shownMuted && p.muted // not yet shown as on, it is said again: by the host
	p.muted, p.byHost = true, true
	pb.l.devices.settle(p.source)
}

// republish publishes everything anew, after a full reconnect. A request that
// is still under way belongs to the connection of before.
func (pb *publications) republish(s *stay) {
	for _, p := range s.pubs {
		pb.l.devices.working(p.source).stopSending()
		p.track, p.early, p.shownMuted, p.serverMuted = nil, nil, false, false
		p.epoch++
		if p.busy {
			p.abort()
		}
	}
}

func (s *stay) publicationOf(sid call.SID) *publication {
	for _, p := range s.pubs {
		if p.track != nil && p.track.SID() == sid {
			return p
		}
	}
	return nil
}

func (s *stay) tellEarly(sid call.SID, gone bool) {
	for _, p := range s.pubs {
		if p.busy && p.early != nil && len(p.early) < maxEarly {
			p.early[sid] = p.early[sid] || gone
		}
	}
}

// maxEarly limits what is remembered about tracks that we do not know yet.
const maxEarly = 16

// announced is a track of ours as others see it.
func announced(p *publication) call.Track {
	t := call.Track{
		SID: p.track.SID(), Source: p.source, Kind: p.source.Kind(), Name: p.spec.Name, Muted: p.shownMuted,
	}
	if n := len(p.spec.Layers); n > 0 {
		t.Width, t.Height = p.spec.Layers[n-1].Width, p.spec.Layers[n-1].Height
	}
	return t
}
