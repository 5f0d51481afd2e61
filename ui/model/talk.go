package model

import (
	"time"

	"foyer/engine/call"
)

// Talk is what we say while our microphone is muted.
type Talk struct {
	Held  bool  // the key is held that lets us speak as long as it is held
	Reach Reach // of the key that was chosen for it

	hinted time.Time // when we were told last that nobody hears us
	hint   bool      // we are told now
	began  time.Time // when we began to talk; zero: we do not
	loud   time.Time // when we were loud last
}

// A voice is louder than the room: 1 is the loudest possible, 0 is 60 dB below. It
// begins above one level and goes on above a lower one, with the gaps of speech.
const (
	voiceLevel   = 0.45 // -33 dBov
	voiceGoesOn  = 0.35 // -39 dBov
	voiceGap     = 300 * time.Millisecond
	voiceBefore  = 500 * time.Millisecond // the hint comes
	hintFor      = 4 * time.Second
	hintNotAgain = 10 * time.Second
)

// Spoken is how loud the microphone is while somebody speaks into it, and 0 while there
// are only keys and doors.
func (p Preview) Spoken() float32 {
	if p.Level == nil || p.Voice != nil && !p.Voice() {
		return 0
	}
	return p.Level()
}

// Hear takes over how loud we are. It reports whether the hint came or went.
func (t *Talk) Hear(level float32, now time.Time) (changed bool) {
	was := t.hint
	switch {
	case t.began.IsZero() && level >= voiceLevel:
		t.began, t.loud = now, now
	case t.began.IsZero():
	case level >= voiceGoesOn:
		t.loud = now
	case now.Sub(t.loud) > voiceGap:
		t.began = time.Time{}
	}
	t.hint = t.hint && now.Sub(t.hinted) < hintFor
	if !t.began.IsZero() && now.Sub(t.began) >= voiceBefore && (t.hinted.IsZero() || now.Sub(t.hinted) >= hintNotAgain) {
		t.hinted, t.hint = now, true
	}
	return t.hint != was
}

// Quiet forgets that we talk: we are heard, or may not speak. It reports whether the
// hint went.
func (t *Talk) Quiet() (changed bool) {
	changed = t.hint
	t.hint, t.began = false, time.Time{}
	return changed
}

// Hint reports whether we are told that nobody hears us.
func (t *Talk) Hint() bool { return t.hint }

// MutedByUs reports whether our microphone is muted because we wanted it so.
func MutedByUs(s *State) bool {
	mic := s.Local[call.SourceMicrophone]
	return s.InRoom() && !mic.On() && !mic.ByHost && !s.Standing.MutedByHost() && !s.Standing.Listens()
}

// Reach says where the key works that was chosen to speak with.
type Reach struct {
	Key      string // its name; empty: none was asked for
	Stage    ReachStage
	Obstacle Obstacle // ReachHere: what is in the way
	Called   string   // ReachEverywhere: what the desktop calls the key that it has given us instead
}

// ReachStage is how far the key reaches.
type ReachStage int

// Stages.
const (
	ReachNone       ReachStage = iota // nobody has asked for a key
	ReachAsking                       // the desktop has not answered
	ReachEverywhere                   // in every window
	ReachHere                         // in Foyer's window at most
)

// Obstacle is why a key does not work in every window.
type Obstacle string

// Obstacles.
const (
	ObstacleNone    Obstacle = ""
	ObstacleTaken   Obstacle = "taken"   // another program has it, in Foyer's window as well
	ObstacleNoKey   Obstacle = "no_key"  // the keyboard has no such key
	ObstacleWayland Obstacle = "wayland" // the desktop gives programs no keys
	ObstacleDenied  Obstacle = "denied"  // the user has said no to the desktop
	ObstacleLost    Obstacle = "lost"    // the desktop does not answer any more
	ObstacleSystem  Obstacle = "system"  // nothing is known of such keys here
)

// Obstacles lists them.
func Obstacles() []Obstacle {
	return []Obstacle{ObstacleTaken, ObstacleNoKey, ObstacleWayland, ObstacleDenied, ObstacleLost, ObstacleSystem}
}
