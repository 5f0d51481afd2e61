package engine

import (
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/internal/patience"
)

// waits takes an error of Dial, and reports whether the stay waits for a better answer:
// a host has to let us in, or one had to when the door was still there.
func (l *loop) waits(s *stay, err error) bool {
	s.admission = nil // of a switch, which was not good for that
	first := s.wait == nil
	w, on := s.wait.After(err)
	if !on {
		return false
	}
	if s.wait = w; first {
		s.timer.Stop()
		s.timer = l.after(s.of(timerWait), patience.Longest, func() {
			if l.alive(s) && !s.joined {
				l.leave(cause{Reason: call.ReasonJoinFailed, Err: call.ErrUnanswered})
			}
		})
		l.setState(call.StateWaiting)
		l.devices.settleAll()
	}
	l.after(s.of(timerAsk), w.Pause(), func() {
		if !l.alive(s) {
			return
		}
		s.wait.Ask()
		s.deadline = time.Now().Add(doorapi.Hold + l.cfg.JoinTimeout)
		l.dial(s)
	})
	return true
}

// waits reports whether a host has to let us in. Nobody knows for how long: what is
// not a preview is closed meanwhile.
func (s *stay) waits() bool { return s.wait != nil && s.session == nil }

// letIn ends the wait: from here on joining is bounded as ever.
func (l *loop) letIn(s *stay) {
	if s.wait == nil {
		return
	}
	s.timer.Stop()
	s.deadline = time.Now().Add(l.cfg.JoinTimeout)
	l.setState(call.StateJoining)
	l.limitJoin(s)
	l.devices.settleAll()
}
