package call

import (
	"fmt"
	"time"
)

// Kind is what a track carries.
type Kind int

// Kinds of tracks.
const (
	KindUnknown Kind = iota
	KindAudio
	KindVideo
)

func (k Kind) String() string {
	switch k {
	case KindAudio:
		return "audio"
	case KindVideo:
		return "video"
	case KindUnknown:
	}
	return "unknown"
}

// Source is where a track comes from, and, for our own side, the slot of a
// device: there is at most one open device per source.
type Source int

// Sources of tracks. Speaker never names a track: it is the device that plays.
const (
	SourceUnknown Source = iota
	SourceCamera
	SourceMicrophone
	SourceScreen
	SourceScreenAudio
	SourceSpeaker
)

var sourceNames = [...]string{"unknown", "camera", "microphone", "screen", "screen_audio", "speaker"}

func (s Source) String() string {
	if s < 0 || int(s) >= len(sourceNames) {
		return fmt.Sprintf("source(%d)", int(s))
	}
	return sourceNames[s]
}

// MarshalText makes a source its word in JSON.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSource reads the words that String writes.
func ParseSource(s string) (Source, error) {
	for i, n := range sourceNames {
		if n == s && i > 0 {
			return Source(i), nil
		}
	}
	return SourceUnknown, fmt.Errorf("%w: source %.64q", ErrBadArgument, s)
}

// Kind tells what a track of this source carries.
func (s Source) Kind() Kind {
	switch s {
	case SourceCamera, SourceScreen:
		return KindVideo
	case SourceMicrophone, SourceScreenAudio, SourceSpeaker:
		return KindAudio
	case SourceUnknown:
	}
	return KindUnknown
}

// Track is an announced track (LiveKit: track publication).
type Track struct {
	SID    SID
	Source Source
	Kind   Kind
	Name   string
	Muted  bool
	Width  int // pixels, 0 for audio
	Height int
}

// Participant is somebody in the room.
type Participant struct {
	Identity Identity
	SID      SID
	Name     string
	JoinedAt time.Time
	Tracks   []Track
	// Lost is set while the server has lost touch with this person but has
	// not yet taken them out (contract O4).
	Lost bool
	// Helper is set for agents, recorders and other programs that LiveKit knows.
	Helper     bool
	Generation int64 // of the door's token; 0: the door has not made it
	// Muted is set while the host lets this person neither speak nor write.
	Muted   bool
	Role    Role // empty at a server that is not a Foyer door
	Outside bool // came over the internet, as the door saw
	// Hand is the place of a raised hand in the room's order, 0 for none: the
	// time of the raising, in ms, made different for each by the door.
	Hand int64
}

// Track returns the participant's track of that source, if announced.
func (p Participant) Track(s Source) (Track, bool) {
	for _, t := range p.Tracks {
		if t.Source == s {
			return t, true
		}
	}
	return Track{}, false
}

// Quality is the server's judgement of somebody's connection.
type Quality int

// Qualities, worst first after Unknown.
const (
	QualityUnknown Quality = iota
	QualityLost
	QualityPoor
	QualityGood
	QualityExcellent
)

func (q Quality) String() string {
	switch q {
	case QualityLost:
		return "lost"
	case QualityPoor:
		return "poor"
	case QualityGood:
		return "good"
	case QualityExcellent:
		return "excellent"
	case QualityUnknown:
	}
	return "unknown"
}

// State is where the engine stands.
//
//	        waiting
//	           |
//	idle -> joining -> joined <-> reconnecting
//	           |          |            |
//	           '----------+------------'--> leaving -> idle, then one Left
type State int

// States of the engine.
const (
	StateUnknown State = iota
	StateIdle
	StateJoining
	StateJoined
	StateReconnecting
	StateLeaving
	StateWaiting // for a host to let us in
)

func (s State) String() string {
	switch s {
	case StateIdle:
		return "idle"
	case StateJoining:
		return "joining"
	case StateJoined:
		return "joined"
	case StateReconnecting:
		return "reconnecting"
	case StateLeaving:
		return "leaving"
	case StateWaiting:
		return "waiting"
	case StateUnknown:
	}
	return "unknown"
}
