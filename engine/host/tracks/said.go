package tracks

import (
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"foyer/engine/host/stream"
)

const (
	// maxNames limits the names of one participant's tracks, and maxMIDs those of the
	// sections that they offer.
	maxNames, maxMIDs = 4096, 1024
	// freeSections may be in an offer whoever is there, and some for each of them: what
	// they send.
	freeSections, sectionsEach = 64, 4
	// moreSections may be offered beyond that, one each sectionAgain: clients do not use
	// each section again when its track has gone.
	moreSections, sectionAgain = 64, 5 * time.Second
	// freshStreams may be named in offers, one more each streamAgain: each screen
	// that is shown has two or three. maxStreams of them are remembered.
	freshStreams, streamAgain, maxStreams = 96, 5 * time.Second, 4096
	// maxCorrecting limits the streams of tracks that others correct: three for each track,
	// one of which LiveKit keeps and does not use.
	maxCorrecting = 24
)

// Said is what the offers of one stay have said. It may be used from any goroutine.
type Said struct {
	mu       sync.Mutex
	names    map[string]bool // of tracks: whether it is audio
	sections map[string]offered
	most     int // sections of one offer
	spare    int // of them: those that the room did not need
	further  *rate.Limiter

	streams    map[uint32]bool
	fresh      *rate.Limiter
	correcting int // of them: those of tracks that others correct
}

var _ stream.Media = (*Said)(nil)

// offered is a section as it was before.
type offered struct {
	audio bool
	// shut says that LiveKit only sends there: what comes all the same has no receiver.
	shut bool
}

// NewSaid is that of a new stay.
func NewSaid() *Said {
	return &Said{
		names: map[string]bool{}, sections: map[string]offered{},
		further: rate.NewLimiter(rate.Every(sectionAgain), moreSections),
		streams: map[uint32]bool{}, fresh: rate.NewLimiter(rate.Every(streamAgain), freshStreams),
	}
}

// Spare is how many sections more than before were offered, of those that a room of so
// many people does not need.
func (s *Said) Spare(people int) (more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more = max(0, s.most-sectionsEach*people-s.spare)
	s.spare += more
	return more
}

// Name notes what a track of a name is. LiveKit takes what comes under a name for
// what was announced under it, video for audio and audio for video: nobody
// may call both the same.
func (s *Said) Name(audio bool, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, known := s.names[name]
	switch {
	case known && was != audio:
		return refused("audio and video of one name")
	case !known && len(s.names) >= maxNames:
		return refused("too many tracks")
	}
	s.names[name] = audio
	return nil
}

// Sections notes those of an offer of somebody who is alone.
func (s *Said) Sections(all []stream.Section) error { return s.among(1, all) }

// among notes the sections of an offer in a room of so many people.
func (s *Said) among(people int, all []stream.Section) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	free := max(s.most, freeSections+sectionsEach*people)
	if more := len(all) - free; more > 0 && !s.further.AllowN(now, more) {
		return errSections
	}
	s.most = max(s.most, len(all))
	for _, one := range all {
		if err := s.section(one); err != nil {
			return err
		}
		if err := s.named(one, now); err != nil {
			return err
		}
	}
	return nil
}

// errSections says that an offer has more than the room needs.
var errSections = refused("more sections than there is to receive")

func refused(why string) error {
	return &stream.Violation{Status: stream.StatusPolicy, Reason: why}
}

// section notes one, as pion gives it a direction (webrtc, SetRemoteDescription).
// s.mu is held.
func (s *Said) section(one stream.Section) error {
	was, known := s.sections[one.MID]
	only := one.Receives && !one.Sends
	switch {
	case !known && len(s.sections) >= maxMIDs:
		return refused("too many sections")
	case known && was.audio != one.Audio:
		return refused("a section of another kind than before")
	case !known || only:
		was = offered{one.Audio, only}
	case one.Sends && one.Receives:
		was.shut = false
	case was.shut && len(one.Streams) > 0:
		return refused("a track in a section that was there to receive one")
	}
	s.sections[one.MID] = was
	return nil
}

// named notes the streams of a section. s.mu is held.
func (s *Said) named(one stream.Section, now time.Time) error {
	for _, n := range one.Streams {
		if s.streams[n] {
			continue
		}
		if !s.fresh.AllowN(now, 1) {
			return refused("too many streams")
		}
		if len(s.streams) == maxStreams {
			clear(s.streams)
		}
		s.streams[n] = true
		if !one.Corrects {
			continue
		}
		if s.correcting++; s.correcting > maxCorrecting {
			return refused("too many streams that correct others")
		}
	}
	return nil
}

// copyTo notes in another what this one says of names, and reports whether they agree.
func (s *Said) copyTo(other *Said) (agree bool) {
	s.mu.Lock()
	names := maps.Clone(s.names)
	s.mu.Unlock()
	agree = true
	for name, audio := range names {
		agree = other.Name(audio, name) == nil && agree
	}
	return agree
}
