package tracks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/stream"
	"foyer/engine/internal/pause"
)

// errStillHeard is a mute that LiveKit does not keep to.
var errStillHeard = errors.New("somebody may still be heard")

// enforceTries is how often LiveKit is told and looked at, until it is as it has
// to be.
const enforceTries = 8

// lookAfter is how long it takes until somebody is looked at again about whom
// LiveKit or the register said nothing.
const lookAfter = time.Second

// Config is what an [Enforcer] works with.
type Config struct {
	Register *register.Register
	Rooms    *roomservice.Client
	// Warn logs something about somebody's tracks.
	Warn func(who roomservice.Place, fields logrus.Fields, why string)
}

// Enforcer makes LiveKit keep to what people may publish. It may be used from any
// goroutine.
type Enforcer struct {
	register *register.Register
	rooms    *roomservice.Client
	warn     func(roomservice.Place, logrus.Fields, string)
	speeches *speeches
}

// New makes an enforcer, which has goroutines until Close.
func New(c Config) *Enforcer {
	return &Enforcer{register: c.Register, rooms: c.Rooms, warn: c.Warn, speeches: newSpeeches()}
}

// Close ends the enforcer and waits for its goroutines.
func (e *Enforcer) Close() { e.speeches.close() }

// Enforce makes LiveKit keep to what the register says about somebody in the
// room: what they may do, and that nobody hears them while they are muted. It
// returns when LiveKit does so, or fails, with call.ErrAlreadyGone if they are not
// there. Nobody's microphone is switched on (contract K10).
//
// A microphone that is published is muted, and can be muted again by hand. One that was
// announced and has not begun cannot: LiveKit is told to take none from its
// source, which ends what is there.
func (e *Enforcer) Enforce(ctx context.Context, who roomservice.Place) error {
	sp := e.speeches.get(who)
	done, err := sp.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	p, err := e.rooms.Participant(ctx, who)
	if err != nil {
		return err
	}
	sp.saw(p) // audio that has begun is muted, not ended
	for range enforceTries {
		m, rules, err := e.stateOf(ctx, who)
		if err != nil {
			return err
		}
		muted := m.MutedUnder(rules)
		sp.mu.Lock()
		sp.muted = muted
		sp.mu.Unlock()
		info, err := e.rooms.Change(ctx, who, roomservice.Change{
			Permission: sp.permission(p, m, muted), Attributes: roleOf(p, m),
		})
		if err != nil {
			return err
		}
		sp.saw(info)
		again, err := e.correct(ctx, who, sp, info, muted)
		if err != nil {
			return err
		}
		if rest := sp.unsettled(); muted && rest > 0 {
			again = true
			if err := pause.For(ctx, rest); err != nil {
				return err
			}
		}
		if !again {
			return nil
		}
	}
	return fmt.Errorf("%w: %s", errStillHeard, who.Identity)
}

// stateOf returns what the register says about somebody. It may know nothing about a
// participant whose token the door did not make.
func (e *Enforcer) stateOf(
	ctx context.Context, who roomservice.Place,
) (m register.Member, rules register.Rules, err error) {
	m, err = e.register.Member(ctx, who.Room, who.Identity)
	if errors.Is(err, register.ErrNotFound) {
		m, err = register.Member{Role: call.RoleParticipant}, nil
	}
	if err == nil {
		rules, err = e.register.Rules(ctx, who.Room)
	}
	return m, rules, err
}

// roleOf is the attribute that says somebody's role, nil if it says so already.
func roleOf(p *livekit.ParticipantInfo, m register.Member) map[string]string {
	said := p.GetAttributes()
	foreign := said[doorapi.AttributeMember] == ""
	if said[doorapi.AttributeRole] == string(m.Role) || foreign && m.Role == call.RoleParticipant {
		return nil
	}
	return map[string]string{doorapi.AttributeRole: string(m.Role)}
}

// permission is what LiveKit is to let somebody do.
func (s *speech) permission(
	p *livekit.ParticipantInfo, m register.Member, muted bool,
) *livekit.ParticipantPermission {
	ours := p.GetAttributes()[doorapi.AttributeMember] != ""
	wanted := &livekit.ParticipantPermission{CanSubscribe: true, CanPublish: true}
	if had := p.GetPermission(); had != nil {
		wanted = proto.CloneOf(had)
	}
	wanted.CanPublishData = !muted
	if ours || m.Role == call.RoleListener {
		wanted.CanPublish = m.Role.Publishes()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	base := KnownSources()
	if !ours {
		if base = s.foreign; base == nil { // by another door: no more than they have
			base = SourcesOf(p.GetPermission().GetCanPublishSources())
		}
	}
	if !muted {
		clear(s.silent)
	}
	wanted.CanPublishSources = slices.DeleteFunc(slices.Clone(base), func(from livekit.TrackSource) bool {
		if muted && fits(from, true) && s.waits(from) {
			s.silent[from] = true
		}
		return s.silent[from] || s.lies[from]
	})
	if len(wanted.CanPublishSources) == 0 {
		wanted.CanPublish = false // none means all
	}
	return wanted
}

// correct mutes what may not be heard, and ends what is not what it says. again is
// set if there is something to look at anew.
func (e *Enforcer) correct(
	ctx context.Context, who roomservice.Place, s *speech, info *livekit.ParticipantInfo, muted bool,
) (again bool, err error) {
	count := map[livekit.TrackSource]int{}
	for _, t := range info.GetTracks() {
		count[t.GetSource()]++
		switch {
		case !isTrue(t):
			e.warn(who, logrus.Fields{"source": t.GetSource(), "codec": t.GetMimeType()}, "a track is not what it says")
			s.bar(s.lies, t.GetSource())
			again = true
		case muted && isAudio(t) && !t.GetMuted():
			err = errors.Join(err, e.rooms.Mute(ctx, who.Room, string(who.Identity), t.GetSid()))
			again = true
		}
	}
	if e.thin(who, s, count) {
		again = true
	}
	return again, err
}

// bar lets a source publish nothing.
func (s *speech) bar(in map[livekit.TrackSource]bool, from livekit.TrackSource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in[from] = true
}

// thin ends the tracks of a source of which there is more than one, after a while
// for the old one to go, and reports whether there are any to end. LiveKit ends all
// of a source or none.
func (e *Enforcer) thin(who roomservice.Place, s *speech, count map[livekit.TrackSource]int) (again bool) {
	ended, next := s.overlapping(count)
	for _, source := range ended {
		e.warn(who, logrus.Fields{"source": source}, "more tracks than one of a source")
	}
	if next > 0 { // s.mu is free: speeches may hold theirs and wait for it
		e.lookAgain(who, s, next)
	}
	return len(ended) > 0
}

// overlapping bars the sources that have had more than one track for too long, and
// tells in how long the next one will have.
func (s *speech) overlapping(count map[livekit.TrackSource]int) (ended []livekit.TrackSource, next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.double, func(source livekit.TrackSource, _ time.Time) bool { return count[source] < 2 })
	for source, n := range count {
		if n < 2 || s.lies[source] || source == livekit.TrackSource_UNKNOWN && s.foreign != nil {
			continue
		}
		since, known := s.double[source]
		if !known {
			since = time.Now()
			s.double[source] = since
		}
		left := overlaps - time.Since(since)
		switch {
		case left <= 0:
			s.lies[source] = true
			ended = append(ended, source)
		case next == 0 || left < next:
			next = left
		}
	}
	return ended, next
}

// Inspect decides about a request of a guest's before LiveKit sees it. An error
// ends their connection: it is for what no client of good will sends. What a muted
// client asks for is let through when LiveKit will not do it.
func (e *Enforcer) Inspect(who roomservice.Place, m *livekit.SignalRequest) error {
	if t := m.GetAddTrack(); t != nil {
		return e.inspectTrack(who, t)
	}
	if mute := m.GetMute(); mute != nil && !mute.GetMuted() {
		return e.inspectUnmute(who, mute)
	}
	return nil
}

func (e *Enforcer) inspectTrack(who roomservice.Place, t *livekit.AddTrackRequest) error {
	if err := CheckAnnounced(t); err != nil {
		return err
	}
	sp := e.speeches.get(who)
	for _, name := range NamesOf(t) {
		if err := sp.saying().Name(t.GetType() != livekit.TrackType_VIDEO, name); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(e.speeches.ctx, roomservice.Timeout)
	defer cancel()
	if err := e.oneOfEach(ctx, who, sp, t.GetSource()); errors.As(err, new(*stream.Violation)) {
		return err
	} else if err != nil { // LiveKit does not say what there is
		e.lookAgain(who, sp, lookAfter)
	}
	sp.mu.Lock()
	sp.announce(t) // before the look: who mutes them now sees it
	sp.mu.Unlock()
	if t.GetType() == livekit.TrackType_VIDEO || t.GetMuted() {
		return nil
	}
	return e.refuseIfMuted(ctx, who, sp)
}

// inspectUnmute ends the audio track that a muted person opens, before LiveKit
// opens it.
func (e *Enforcer) inspectUnmute(who roomservice.Place, m *livekit.MuteTrackRequest) error {
	sp := e.speeches.get(who)
	sp.mu.Lock()
	source, known := sp.seen[m.GetSid()]
	sp.mu.Unlock()
	ctx, cancel := context.WithTimeout(e.speeches.ctx, roomservice.Timeout)
	defer cancel()
	if !known {
		p, err := e.rooms.Participant(ctx, who)
		if err == nil {
			sp.saw(p)
		}
		sp.mu.Lock()
		if source, known = sp.seen[m.GetSid()]; !known {
			sp.partial = true // it opens one that has not begun
		}
		sp.mu.Unlock()
	}
	if known && source == isVideo {
		return nil
	}
	sp.mu.Lock()
	sp.opened = time.Now() // before the look: who mutes them now sees it
	sp.mu.Unlock()
	muted, err := e.isMuted(ctx, who, sp)
	if err != nil || !muted {
		return err
	}
	for _, from := range append(KnownSources(), livekit.TrackSource_UNKNOWN) {
		if fits(from, true) && (!known || from == source) {
			sp.bar(sp.silent, from)
		}
	}
	return e.enforceFirst(ctx, who)
}

// isMuted reports whether the register says that somebody is muted. While the
// register does not answer, it fails for those who were muted, and the others are
// checked later.
func (e *Enforcer) isMuted(ctx context.Context, who roomservice.Place, s *speech) (bool, error) {
	m, rules, err := e.stateOf(ctx, who)
	if err == nil {
		return m.MutedUnder(rules), nil
	}
	s.mu.Lock()
	muted := s.muted
	s.mu.Unlock()
	if muted {
		return true, err
	}
	e.lookAgain(who, s, lookAfter)
	return false, nil
}

// lookAgain has LiveKit told after a while what somebody may do, once for all who
// ask in the meantime, and anew as long as that fails.
func (e *Enforcer) lookAgain(who roomservice.Place, s *speech, after time.Duration) {
	s.mu.Lock()
	waiting := s.looks
	s.looks = true
	s.mu.Unlock()
	if waiting {
		return
	}
	e.speeches.later(after, func(ctx context.Context) {
		s.mu.Lock()
		s.looks = false
		s.mu.Unlock()
		if err := e.enforceFirst(ctx, who); err != nil && ctx.Err() == nil {
			e.warn(who, logrus.Fields{logrus.ErrorKey: err}, "nobody knows what somebody sends")
			e.lookAgain(who, s, overlaps)
		}
	})
}

// refuseIfMuted lets LiveKit refuse an audio track that a muted person announced.
func (e *Enforcer) refuseIfMuted(ctx context.Context, who roomservice.Place, s *speech) error {
	muted, err := e.isMuted(ctx, who, s)
	if err != nil || !muted {
		return err
	}
	return e.enforceFirst(ctx, who)
}

// enforceFirst makes LiveKit keep to a mute before it is asked for something.
func (e *Enforcer) enforceFirst(ctx context.Context, who roomservice.Place) error {
	return roomservice.IgnoreGone(e.Enforce(ctx, who))
}

// oneOfEach lets somebody have one track of a source, and a second one for the
// time in which the first goes. LiveKit lists a track once its first packet has
// come: of those that it does not list, a client that comes and goes has a few.
func (e *Enforcer) oneOfEach(ctx context.Context, who roomservice.Place, s *speech, source livekit.TrackSource) error {
	const most, unlisted, look = 2, 16, 100 * time.Millisecond
	for began := time.Now(); ; {
		p, err := e.rooms.Participant(ctx, who)
		if err != nil {
			return roomservice.IgnoreGone(err)
		}
		s.saw(p)
		n := 0
		for _, t := range p.GetTracks() {
			if t.GetSource() == source {
				n++
			}
		}
		s.mu.Lock()
		waiting := s.lately(source)
		s.mu.Unlock()
		if n < most && waiting < unlisted {
			return nil
		}
		if time.Since(began) > overlaps {
			return &stream.Violation{Status: stream.StatusPolicy, Reason: "more than one track of a " + SourceName(source)}
		}
		if err := pause.For(ctx, look); err != nil {
			return err
		}
	}
}
