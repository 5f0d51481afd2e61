package tracks

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/stream"
	"foyer/engine/internal/pause"
)

const (
	// speechFor is how long it is remembered what somebody without a socket may
	// publish: LiveKit keeps who may come back for 20 s.
	speechFor = 2 * time.Minute
	// settles is how long LiveKit may take to act on a request that was passed on.
	settles = 300 * time.Millisecond
	// publishes is how long a client may take from announcing a track to sending it.
	publishes = 10 * time.Second
	// overlaps is how long somebody may have two tracks of a source: the new one
	// can be there before the old one has gone.
	overlaps = 3 * time.Second
	maxSeen  = 1024 // tracks of one participant that are remembered
)

// isVideo stands for the source of a track without audio.
const isVideo livekit.TrackSource = -1

// speech is what is known of somebody's tracks beside what LiveKit lists: those
// that were announced and may begin at any moment. LiveKit lists a track once its
// first packet has come.
type speech struct {
	turn chan struct{} // has one slot: one at a time tells LiveKit what they may do

	mu        sync.Mutex // taken within that of speeches, never around it
	sockets   int
	left      time.Time             // when the last of them ended
	partial   bool                  // they have been connected by another door, or before this one began
	foreign   []livekit.TrackSource // that their token lists, if the door did not make it
	announced map[livekit.TrackSource]int
	recent    map[livekit.TrackSource][]time.Time // announcements of every kind
	seen      map[string]livekit.TrackSource      // tracks that LiveKit has listed
	opened    time.Time                           // when audio was last let through
	silent    map[livekit.TrackSource]bool        // not to be published while muted
	lies      map[livekit.TrackSource]bool        // nor ever: something untrue came from it
	double    map[livekit.TrackSource]time.Time   // since when there are two
	said      *Said                               // by their offers
	muted     bool                                // as the register said when LiveKit was last told
	looks     bool                                // LiveKit is going to be told once more; see Enforcer.lookAgain
}

func newSpeech() *speech {
	s := &speech{turn: make(chan struct{}, 1)}
	s.reset()
	return s
}

// reset forgets an earlier participant. s.mu is held, or nobody has s yet.
func (s *speech) reset() {
	s.partial, s.opened = false, time.Time{}
	s.announced = map[livekit.TrackSource]int{}
	s.recent = map[livekit.TrackSource][]time.Time{}
	s.seen = map[string]livekit.TrackSource{}
	s.silent = map[livekit.TrackSource]bool{}
	s.lies = map[livekit.TrackSource]bool{}
	s.double = map[livekit.TrackSource]time.Time{}
	s.said = NewSaid()
}

// speeches has everybody's. It may be used from any goroutine.
type speeches struct {
	ctx    context.Context //nolint:containedctx // ends with the door
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	of     map[roomservice.Place]*speech
}

func newSpeeches() *speeches {
	s := &speeches{of: map[roomservice.Place]*speech{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// get returns somebody's. Of who is not connected here nothing is known.
func (s *speeches) get(p roomservice.Place) *speech {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.of[p]
	if one == nil {
		s.forget()
		one = newSpeech()
		one.partial, one.left = true, time.Now()
		s.of[p] = one
	}
	return one
}

// forget drops those who are gone. s.mu is held.
func (s *speeches) forget() {
	const look = 64 // entries at a time; a map's order is random
	n := 0
	for p, one := range s.of {
		if n++; n > look {
			return
		}
		one.mu.Lock()
		if one.sockets == 0 && time.Since(one.left) > speechFor && len(one.turn) == 0 {
			delete(s.of, p)
		}
		one.mu.Unlock()
	}
}

// Connection is a connect that LiveKit has let in.
type Connection struct {
	Who       roomservice.Place
	Resumes   bool // keeps the participant that is there
	Muted     bool // as LiveKit was told
	Announces []*livekit.AddTrackRequest
	Said      *Said                 // by its offer; nil: it has none
	Foreign   []livekit.TrackSource // that a token lists which the door has not made; nil: it is the door's
}

// Connected notes that LiveKit has let a connect in. The caller calls gone when it
// has ended.
func (e *Enforcer) Connected(c Connection) (gone func()) {
	one := e.speeches.get(c.Who)
	one.mu.Lock()
	defer one.mu.Unlock()
	one.sockets++
	if !c.Resumes {
		one.reset()
		one.muted = c.Muted
		if c.Said != nil {
			one.said = c.Said
		}
		for _, t := range c.Announces {
			one.announce(t)
		}
	}
	if c.Resumes && c.Said != nil && !c.Said.copyTo(one.said) { // LiveKit has its offer already
		one.lies[livekit.TrackSource_CAMERA], one.lies[livekit.TrackSource_SCREEN_SHARE] = true, true
	}
	if c.Foreign != nil {
		one.foreign = c.Foreign
	}
	return sync.OnceFunc(func() {
		one.mu.Lock()
		defer one.mu.Unlock()
		one.sockets--
		one.left = time.Now()
	})
}

// media is told what the descriptions of somebody are about.
type media struct {
	e   *Enforcer
	who roomservice.Place
	pay func(sections int) error
}

// Media is told what the descriptions of somebody who is connected are about. They pay for
// sections that the room does not need.
func (e *Enforcer) Media(who roomservice.Place, pay func(sections int) error) stream.Media {
	return media{e, who, pay}
}

// Name implements stream.Media.
func (m media) Name(audio bool, name string) error {
	return m.e.speeches.get(m.who).saying().Name(audio, name)
}

// Sections implements stream.Media. In a room with more people than are known here
// somebody may offer as many more.
func (m media) Sections(all []stream.Section) error {
	said, people := m.e.speeches.get(m.who).saying(), m.e.speeches.people(m.who.Room)
	err := said.among(people, all)
	if errors.Is(err, errSections) {
		err = m.ask(said, all)
	}
	if n := said.Spare(people); err == nil && n > 0 {
		err = m.pay(n)
	}
	return err
}

// ask asks LiveKit how many people there are.
func (m media) ask(said *Said, all []stream.Section) error {
	ctx, cancel := context.WithTimeout(m.e.speeches.ctx, roomservice.Timeout)
	defer cancel()
	people, unknown := m.e.rooms.People(ctx, m.who.Room)
	if unknown != nil {
		return nil // LiveKit does not say what there is
	}
	return said.among(len(people), all)
}

func (s *speech) saying() *Said {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said
}

// people is how many are connected here to a room.
func (s *speeches) people(room call.RoomID) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, one := range s.of {
		if p.Room != room {
			continue
		}
		one.mu.Lock()
		if one.sockets > 0 {
			n++
		}
		one.mu.Unlock()
	}
	return n
}

// later runs f after a while beside the caller, unless the door ends before.
func (s *speeches) later(d time.Duration, f func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.group.Go(func() {
		if pause.For(s.ctx, d) == nil {
			f(s.ctx)
		}
	})
}

func (s *speeches) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.group.Wait()
}

// NamesOf are those under which an announced track may come.
func NamesOf(t *livekit.AddTrackRequest) []string {
	names := []string{t.GetCid()}
	for _, c := range t.GetSimulcastCodecs() {
		names = append(names, c.GetCid())
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "" })
}

// take waits for the turn to tell LiveKit what somebody may do.
func (s *speech) take(ctx context.Context) (done func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// announce notes a track that may begin at any moment from now on. s.mu is held.
func (s *speech) announce(t *livekit.AddTrackRequest) {
	if t.GetType() != livekit.TrackType_VIDEO {
		s.announced[t.GetSource()]++
		if !t.GetMuted() {
			s.opened = time.Now()
		}
	}
	s.lately(t.GetSource()) // drops the old ones
	s.recent[t.GetSource()] = append(s.recent[t.GetSource()], time.Now())
}

// saw notes the tracks that LiveKit lists.
func (s *speech) saw(info *livekit.ParticipantInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range info.GetTracks() {
		if _, known := s.seen[t.GetSid()]; known {
			continue
		}
		if len(s.seen) >= maxSeen {
			clear(s.seen)
			s.partial = true
		}
		s.seen[t.GetSid()] = isVideo
		if isAudio(t) {
			s.seen[t.GetSid()] = t.GetSource()
		}
		if r := s.recent[t.GetSource()]; len(r) > 0 {
			s.recent[t.GetSource()] = r[1:]
		}
	}
}

// waits reports whether audio that was announced from a source may yet begin.
func (s *speech) waits(source livekit.TrackSource) bool {
	n := s.announced[source]
	for _, from := range s.seen {
		if from == source {
			n--
		}
	}
	return s.partial || n > 0
}

// lately is how many tracks of a source were announced and have not begun.
func (s *speech) lately(source livekit.TrackSource) int {
	r := s.recent[source]
	for len(r) > 0 && time.Since(r[0]) > publishes {
		r = r[1:]
	}
	s.recent[source] = r
	return len(r)
}

// unsettled is how long LiveKit may yet take to act on what was let through.
func (s *speech) unsettled() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return settles - time.Since(s.opened)
}
