// Package patience is when to ask a door again that lets us wait for a host.
package patience

import (
	"context"
	"errors"
	"time"

	"foyer/engine/call"
)

// Longest is how long to wait: a door ends it sooner.
const Longest = 2 * time.Hour

const (
	every = time.Second // at most, whatever the door says
	away  = time.Minute // for so long a door may be away that let us wait
)

// Wait is the time in which a host of a room has to let us in. The door is asked again
// and again, and holds its answers.
type Wait struct {
	began time.Time
	asked time.Time // last; zero: only when we came
	lost  time.Time // since when the door does not answer; zero: it does
}

// After takes an error of the door, and reports whether to ask again: a host has to let
// us in, or one had to when the door was still there. w is nil before the first time.
func (w *Wait) After(err error) (*Wait, bool) {
	now := time.Now()
	switch {
	case errors.Is(err, call.ErrWaiting):
		if w == nil {
			w = &Wait{began: now}
		}
		w.lost = time.Time{}
	case w == nil || !isAway(err):
		return w, false
	case w.lost.IsZero():
		w.lost = now
	}
	return w, w.lost.IsZero() || now.Sub(w.lost) <= away
}

// Over reports whether nobody has let us in for too long.
func (w *Wait) Over() bool { return time.Since(w.began) > Longest }

// Pause is how long to wait before the door is asked again.
func (w *Wait) Pause() time.Duration { return max(every-time.Since(w.asked), 0) }

// Ask notes that the door is asked again.
func (w *Wait) Ask() { w.asked = time.Now() }

// isAway reports whether a door may be there again soon, or answer.
func isAway(err error) bool {
	for _, e := range []error{
		call.ErrUnreachable, call.ErrServerSilent, call.ErrServerStopping, call.ErrNotStored, call.ErrTooManyTries,
		call.ErrJoinTimeout, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
