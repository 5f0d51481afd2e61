package enginetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"foyer/engine/call"
)

// Dialer is a [call.Dialer] whose server is the test.
type Dialer struct {
	Ledger *Ledger
	OnDial func(call.JoinRequest) Step
	// First is the roster that a session begins with; nil: we are alone.
	// A nil result keeps the server silent after Dial.
	First func(call.JoinRequest) *call.RosterReplaced
	// On is how every session's calls go, by name: publish, unpublish,
	// mute, subscribe, data, chat, history, moderate, leave, close. nil: at once.
	On func(method string) Step
	// OnPublish, if set, says of publish how it goes, by the track.
	OnPublish func(call.TrackSpec) Step
	Talk

	mu       sync.Mutex
	sessions []*Session
}

// Dial joins as OnDial says.
func (d *Dialer) Dial(ctx context.Context, req call.JoinRequest, sink func(call.SessionEvent)) (call.Session, error) {
	entry := d.Ledger.ask("session", call.SourceUnknown, string(req.Identity))
	stop := context.AfterFunc(ctx, func() { d.Ledger.note(&entry.Cancelled) })
	defer stop()
	failed := true
	defer func() {
		if failed {
			d.Ledger.note(&entry.Closed)
		}
	}()
	if d.OnDial != nil {
		if err := d.OnDial(req).take(ctx); err != nil {
			return nil, err
		}
	}
	failed = false
	s := &Session{dialer: d, entry: entry, Request: req, wake: make(chan struct{}, 1), over: make(chan struct{})}
	d.mu.Lock()
	d.sessions = append(d.sessions, s)
	s.number = len(d.sessions)
	d.mu.Unlock()
	d.Ledger.note(&entry.Opened)
	s.reader.Go(func() { s.deliver(sink) })
	if first := d.first(req); first != nil {
		s.Tell(*first)
	}
	return s, nil
}

func (d *Dialer) first(req call.JoinRequest) *call.RosterReplaced {
	if d.First != nil {
		return d.First(req)
	}
	return &call.RosterReplaced{
		Room: req.Link.Room, SessionID: "RM_1",
		Self: call.Participant{Identity: req.Identity, SID: "PA_self", Name: req.Name},
	}
}

// Sessions are all that were dialed, in order.
func (d *Dialer) Sessions() []*Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*Session(nil), d.sessions...)
}

// Last is the newest session, or nil.
func (d *Dialer) Last() *Session {
	all := d.Sessions()
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// Session is a [call.Session] that the test speaks through.
type Session struct {
	Request call.JoinRequest

	dialer *Dialer
	entry  *Entry
	number int
	reader sync.WaitGroup
	wake   chan struct{}
	over   chan struct{}
	once   sync.Once

	mu        sync.Mutex
	queue     []call.SessionEvent
	tracks    map[call.SID]*LocalTrack
	published int
	wants     []call.Subscription
	leaving   time.Time
	said      []string
	data      []string
	asked     []string
}

// Tell lets the server say something.
func (s *Session) Tell(ev call.SessionEvent) {
	s.mu.Lock()
	s.queue = append(s.queue, ev)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// hand makes true what an event says about our tracks, and hands it over, in
// one moment: a Publish is before it or after it.
func (s *Session) hand(ev call.SessionEvent, sink func(call.SessionEvent)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev := ev.(type) {
	case call.RosterReplaced:
		if ev.Republish {
			s.tracks = nil
		}
	case call.LocalTrackGone:
		delete(s.tracks, ev.SID)
	case call.LocalTrackMuted:
		if t := s.tracks[ev.SID]; t != nil {
			t.muted = true
		}
	default:
	}
	sink(ev)
}

func (s *Session) deliver(sink func(call.SessionEvent)) {
	for {
		select {
		case <-s.wake:
		case <-s.over:
			return
		}
		s.mu.Lock()
		queue := s.queue
		s.queue = nil
		s.mu.Unlock()
		for _, ev := range queue {
			s.hand(ev, sink)
		}
	}
}

func (s *Session) step(ctx context.Context, method string) error {
	if s.dialer.On == nil {
		return nil
	}
	return s.dialer.On(method).take(ctx)
}

func (s *Session) publishing(ctx context.Context, spec call.TrackSpec) error {
	if s.dialer.OnPublish == nil {
		return s.step(ctx, "publish")
	}
	return s.dialer.OnPublish(spec).take(ctx)
}

// Publish makes a track.
func (s *Session) Publish(ctx context.Context, spec call.TrackSpec) (call.LocalTrack, error) {
	if err := s.publishing(ctx, spec); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracks {
		if t.spec.Source == spec.Source {
			s.dialer.Ledger.complain("%s published twice at once", spec.Source)
		}
	}
	s.published++
	t := &LocalTrack{sid: call.SID(fmt.Sprintf("TR_%d_%d", s.number, s.published)), spec: spec, muted: spec.Muted}
	if s.tracks == nil {
		s.tracks = make(map[call.SID]*LocalTrack)
	}
	s.tracks[t.sid] = t
	return t, nil
}

// Unpublish takes it away, whatever the step answers.
func (s *Session) Unpublish(ctx context.Context, t call.LocalTrack) error {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.tracks, t.SID())
	}()
	return s.step(ctx, "unpublish")
}

// SetMuted mutes it.
func (s *Session) SetMuted(ctx context.Context, t call.LocalTrack, muted bool) error {
	if err := s.step(ctx, "mute"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if mine, ok := t.(*LocalTrack); ok {
		mine.muted = muted
	}
	return nil
}

// Subscribe remembers what is wanted.
func (s *Session) Subscribe(ctx context.Context, all []call.Subscription) error {
	if err := s.step(ctx, "subscribe"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wants = append([]call.Subscription(nil), all...)
	return nil
}

// SendData takes anything.
func (s *Session) SendData(ctx context.Context, topic string, payload []byte) error {
	if err := s.step(ctx, "data"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append(s.data, topic+" "+string(payload))
	return nil
}

// Data lists what SendData was given: topic and payload.
func (s *Session) Data() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.data...)
}

// Line implements [call.Session].
func (s *Session) Line() call.LineStats { return call.LineStats{RTTMS: 1} }

// Leave notes when it was called.
func (s *Session) Leave(ctx context.Context) error {
	s.mu.Lock()
	if s.leaving.IsZero() {
		s.leaving = time.Now()
	}
	s.mu.Unlock()
	return s.step(ctx, "leave")
}

// Close ends the session; no event comes after it.
func (s *Session) Close() error {
	s.once.Do(func() {
		s.dialer.Ledger.note(&s.entry.Closing)
		defer s.dialer.Ledger.note(&s.entry.Closed)
		close(s.over)
		s.reader.Wait()
		_ = s.step(context.Background(), "close")
	})
	return nil
}

// LeftAt is when Leave was called; zero if it was not.
func (s *Session) LeftAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaving
}

// Track is the published track of a source, or nil.
func (s *Session) Track(src call.Source) *LocalTrack {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tracks {
		if t.spec.Source == src {
			return t
		}
	}
	return nil
}

// Muted reports whether the published track of a source is muted.
func (s *Session) Muted(src call.Source) bool {
	t := s.Track(src)
	s.mu.Lock()
	defer s.mu.Unlock()
	return t != nil && t.muted
}

// Published counts the calls of Publish that succeeded.
func (s *Session) Published() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.published
}

// Subscription is what was last wanted of a track.
func (s *Session) Subscription(sid call.SID) (sub call.Subscription, wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.wants {
		if w.Track == sid {
			return w, true
		}
	}
	return call.Subscription{}, false
}
