package engine

import (
	"errors"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Times of somebody who waits to be let in.
const (
	longestWait = 2 * time.Hour // a door ends it sooner
	askEvery    = time.Second   // at most, whatever the door says
	doorAway    = time.Minute   // for so long a door may be away that let us wait
)

// wait is the time in which a stay waits for a host of the room to let it in. The door
// is asked again and again, and holds its answers.
type wait struct {
	asked time.Time // last; zero: only when we came
	lost  time.Time // since when the door does not answer; zero: it does
}

// waits takes an error of Dial, and reports whether the stay waits for a better answer:
// a host has to let us in, or one had to when the door was still there.
func (l *loop) waits(s *stay, err error) bool {
	now := time.Now()
	s.admission = nil // of a switch, which was not good for that
	switch {
	case errors.Is(err, call.ErrWaiting) && s.wait == nil:
		s.wait = &wait{}
		s.timer.Stop()
		s.timer = l.after(s.of(timerWait), longestWait, func() {
			if l.alive(s) && !s.joined {
				l.leave(cause{reason: call.ReasonJoinFailed, err: call.ErrUnanswered})
			}
		})
		l.setState(call.StateWaiting)
	case errors.Is(err, call.ErrWaiting):
		s.wait.lost = time.Time{}
	case s.wait == nil || !doorIsAway(err):
		return false
	case s.wait.lost.IsZero():
		s.wait.lost = now
	case now.Sub(s.wait.lost) > doorAway:
		return false
	}
	l.after(s.of(timerAsk), max(askEvery-now.Sub(s.wait.asked), 0), func() {
		if !l.alive(s) {
			return
		}
		s.wait.asked = time.Now()
		s.deadline = s.wait.asked.Add(doorapi.Hold + l.cfg.JoinTimeout)
		l.dial(s)
	})
	return true
}

// doorIsAway reports whether a door may be there again soon, or answer.
func doorIsAway(err error) bool {
	for _, e := range []error{
		call.ErrUnreachable, call.ErrServerSilent, call.ErrServerStopping, call.ErrNotStored, call.ErrTooManyTries,
		call.ErrJoinTimeout,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.Is(overdue(err), call.ErrJoinTimeout)
}

// letIn ends the wait: from here on joining is bounded as ever.
func (l *loop) letIn(s *stay) {
	if s.wait == nil {
		return
	}
	s.timer.Stop()
	s.deadline = time.Now().Add(l.cfg.JoinTimeout)
	l.setState(call.StateJoining)
	l.limitJoin(s)
}
