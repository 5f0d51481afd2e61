package client

import (
	"fmt"
	"runtime/debug"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/client/ending"
)

// guard turns a panic into an error and hands it to broken. It must be deferred
// itself. What strangers send is read here: a mistake of ours costs the session,
// not the program.
func guard(log logrus.FieldLogger, broken func(error)) {
	if v := recover(); v != nil {
		log.WithFields(logrus.Fields{"panic": v, "stack": string(debug.Stack())}).Error("bug: session panicked")
		broken(fmt.Errorf("bug: %v", v))
	}
}

// spawn runs f in a goroutine that Close waits for. A panic in it ends the
// session.
func (s *session) spawn(f func()) {
	s.group.Go(func() { s.guarded(f) })
}

// guarded runs f in any goroutine but the loop's.
func (s *session) guarded(f func()) {
	defer guard(s.dialer.log, func(err error) { s.post(func() { s.broke(err) }) })
	f()
}

// step runs f in the loop. After a panic the loop goes on, for Close.
func (s *session) step(f func()) {
	defer guard(s.log, func(err error) { s.broke(err) })
	f()
}

// broke ends the session for a bug of ours. What is left of it may be in
// disorder, so that even ending it may fail: then it is just shut.
func (s *session) broke(err error) {
	defer guard(s.log, func(error) {
		s.phase = phaseEnded
		s.halted.Store(true)
		s.cancel()
		if s.signal != nil {
			s.signal.Close()
		}
		s.closeTransport()
	})
	if s.phase == phaseLeaving {
		s.left()
		return
	}
	if !s.over() {
		s.sendLeave()
		e := call.SessionEnded{Reason: call.ReasonInternal, Err: err}
		if d := s.ending.Failed(e.Reason, err); d.Action == ending.End {
			e = d.Ending
		} // else it broke while it ended: it must end all the same
		s.end(e)
	}
}
