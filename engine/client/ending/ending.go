// Package ending decides why a stay ended. It is pure: no clock, no lock, no
// goroutine, no network. The session tells a [Machine] what the server, the door
// and the network say, and does what the [Decision] says:
//
//	LeaveRequest, end of the socket ---.
//	notices about us ------------------|--> Machine --> go on, reconnect, ask the door, or
//	refusals of a reconnect -----------|                end: exactly one call.SessionEnded
//	why others have left --------------'
//
// [Departures] does the same for the other participants.
package ending

import (
	"errors"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/internal/refusal"
)

// Action is what a session does next.
type Action int

// Actions.
const (
	Ignore        Action = iota // nothing follows
	Retry                       // try to reconnect again, later and in the same way
	Resume                      // reconnect as the participant that we are
	FullReconnect               // join anew, as another participant
	AskDoor                     // ask the door why, then call DoorAnswered
	End                         // the session has ended with Ending
)

func (a Action) String() string {
	return [...]string{"ignore", "retry", "resume", "full reconnect", "ask the door", "end"}[a]
}

// Decision is what follows from one input.
type Decision struct {
	Action Action
	Cause  error             // of Resume and FullReconnect
	Ending call.SessionEnded // of End
}

const (
	// othersCount is for how long the reason why others have left counts for us.
	othersCount = 5 * time.Second
	// cutOffAgain is how soon after a cut another one ends the session.
	cutOffAgain = 5 * time.Minute
)

// Machine decides why one session ends. Its zero value is that of a session that
// has just begun.
type Machine struct {
	// HasDoor is set if there is a door that knows why people are removed.
	HasDoor bool

	ended   bool
	told    *call.Removal      // what the door has told us beforehand
	asking  *call.SessionEnded // the ending that we know of, while we ask the door for more
	others  call.LeaveReason   // why others have left, if it concerns everybody
	leftAt  time.Time
	lastCut time.Time // when the server last found fault with what we sent
}

// Told reports whether the door has told us that we are to leave.
func (m *Machine) Told() bool { return m.told != nil }

// Asking reports whether the door is being asked why: the end is under way.
func (m *Machine) Asking() bool { return m.asking != nil }

// Tell takes the door's notice that we are to leave: the leave that follows only
// says that we are removed. first is set for the first of these notices. What
// the person alone was told says more than what the room hears.
func (m *Machine) Tell(r call.Removal) (first bool) {
	if m.told == nil || m.told.By == "" && m.told.Text == "" {
		first, m.told = m.told == nil, &r
	}
	return first
}

// OthersLeft takes why somebody else has left. Our own leave may not come: a
// server that stops closes sockets before it has written all it had to say.
func (m *Machine) OthersLeft(reason call.LeaveReason, now time.Time) {
	if reason == call.ReasonServerStopped || reason == call.ReasonDismissed {
		m.others, m.leftAt = reason, now
	}
}

// othersJustLeft reports whether others have left for that reason a moment ago.
func (m *Machine) othersJustLeft(reason call.LeaveReason, now time.Time) bool {
	return m.others == reason && now.Sub(m.leftAt) < othersCount
}

// ServerLeave takes a LeaveRequest (livekit_rtc.proto).
func (m *Machine) ServerLeave(l *livekit.LeaveRequest) Decision {
	switch {
	case m.ended || m.asking != nil:
		return Decision{}
	case l.GetAction() == livekit.LeaveRequest_RESUME:
		return m.ConnectionLost(fmt.Errorf("%w: server asks to resume", call.ErrConnectionLost), false)
	case l.GetAction() == livekit.LeaveRequest_RECONNECT, l.GetCanReconnect():
		return m.ConnectionLost(fmt.Errorf("%w: server asks to reconnect", call.ErrConnectionLost), true)
	default:
		return m.removed(fromLeave(l))
	}
}

// fromLeave gives a LeaveRequest its reason. Errors go with the reasons that
// contract section 6 explains in words. A server cannot give a reason that only the
// user's own program can know.
func fromLeave(l *livekit.LeaveRequest) call.SessionEnded {
	e := call.SessionEnded{Reason: call.ReasonFromDisconnect(int32(l.GetReason()))}
	switch {
	case e.Reason.Own():
		e.Reason = call.ReasonOther(0) // LiveKit's UNKNOWN_REASON
	case e.Reason == call.ReasonConnectionLost:
		e.Err = fmt.Errorf("%w: %v", call.ErrConnectionLost, l.GetReason())
	case e.Reason == call.ReasonMediaFailed:
		e.Err = call.ErrMediaBlocked
	case e.Reason == call.ReasonJoinFailed:
		e.Err = fmt.Errorf("%w: %v", call.ErrRefused, l.GetReason())
	}
	return e
}

// removed ends the session by the server's hand, and asks the door first if it
// may know more than the server says: that says "removed" of a ban, too, and who
// did it and why comes beforehand. In the first moments of a stay there is no
// data channel by which it could come, and the door waits for a busy client but
// shortly.
func (m *Machine) removed(e call.SessionEnded) Decision {
	byHand := e.Reason == call.ReasonRemoved || e.Reason == call.ReasonDismissed
	if byHand && m.told == nil && m.HasDoor {
		m.asking = &e
		return Decision{Action: AskDoor}
	}
	return m.end(e)
}

// DoorAnswered ends the session with what the door's refusal says. Without one
// the ending stays as it was.
func (m *Machine) DoorAnswered(err error) Decision {
	if m.asking == nil {
		return Decision{}
	}
	e := *m.asking
	m.asking = nil
	if r, ok := call.RemovalFrom(err); ok {
		e = refusal.Removal(r, e.Err)
	}
	return m.end(e)
}

// ConnectionClosed takes the end of the signal connection. full is set if a
// resume cannot help.
func (m *Machine) ConnectionClosed(err error, full bool, now time.Time) Decision {
	if m.ended || m.asking != nil {
		return Decision{}
	}
	if m.othersJustLeft(call.ReasonDismissed, now) {
		return m.removed(call.SessionEnded{Reason: call.ReasonDismissed})
	}
	if errors.Is(err, call.ErrCutOff) && m.cutOffAgain(now) {
		return m.end(refusal.Reconnect(err))
	}
	return m.ConnectionLost(fmt.Errorf("%w: signal: %w", call.ErrConnectionLost, err), full)
}

// cutOffAgain notes that the server has cut us off, and reports whether that is
// not the first time lately. One cut may be due to a slow network, and then a
// reconnect helps; what is cut again would be so forever.
func (m *Machine) cutOffAgain(now time.Time) bool {
	before := m.lastCut
	m.lastCut = now
	return !before.IsZero() && now.Sub(before) < cutOffAgain
}

// ConnectionLost takes the loss of signal or media. full is set if a resume
// cannot help.
func (m *Machine) ConnectionLost(cause error, full bool) Decision {
	switch {
	case m.ended || m.asking != nil:
		return Decision{}
	case m.told != nil:
		return m.end(refusal.Removal(*m.told, nil))
	case full:
		return Decision{Action: FullReconnect, Cause: cause}
	default:
		return Decision{Action: Resume, Cause: cause}
	}
}

// Refusal is the result of an attempt to reconnect that did not succeed.
type Refusal struct {
	Err   error
	Leave *livekit.LeaveRequest // the server's first message, if that was it
	Full  bool                  // a full reconnect was tried
	// NobodyListens is set if the address is there, and no server.
	NobodyListens bool
}

// ReconnectRefused decides whether another attempt can help (contract O9).
func (m *Machine) ReconnectRefused(r Refusal, now time.Time) Decision {
	switch {
	case m.ended || m.asking != nil:
		return Decision{}
	case r.Leave != nil:
		if r.Leave.GetAction() != livekit.LeaveRequest_DISCONNECT || r.Leave.GetCanReconnect() {
			return Decision{Action: FullReconnect, Cause: r.Err}
		}
		return m.removed(fromLeave(r.Leave))
	case Final(r.Err) && !r.Full && !isRemoval(r.Err):
		// The door knows the reason; the server behind it only refuses. And a
		// LiveKit that ends a resume while it begins answers as if the room
		// were full (rtcservice.go, "connection closed by media").
		return Decision{Action: FullReconnect, Cause: r.Err}
	case Final(r.Err):
		return m.end(refusal.Reconnect(r.Err))
	case errors.Is(r.Err, call.ErrServerStopping), r.NobodyListens && m.othersJustLeft(call.ReasonServerStopped, now):
		// The door says so, or has said so to others. Trying on would outlast it.
		return m.end(call.SessionEnded{Reason: call.ReasonServerStopped})
	default:
		return Decision{Action: Retry, Cause: r.Err}
	}
}

// Failed ends the session for what has failed on our side: media, or a bug.
func (m *Machine) Failed(reason call.LeaveReason, err error) Decision {
	return m.end(call.SessionEnded{Reason: reason, Err: err})
}

// GiveUp ends the session when reconnecting has taken too long. last is why the
// last attempt failed.
func (m *Machine) GiveUp(last error) Decision { return m.end(refusal.Lost(last)) }

// Overdue ends the session when the server does not remove us after all that the
// door has told.
func (m *Machine) Overdue() Decision {
	if m.told == nil {
		return Decision{}
	}
	return m.end(refusal.Removal(*m.told, nil))
}

// Left notes that we leave by ourselves: nothing ends the session any more.
func (m *Machine) Left() { m.ended = true }

// end is the one way to an ending. It gives it the reason that we were told
// before, unless it has a better one.
func (m *Machine) end(e call.SessionEnded) Decision {
	if m.ended {
		return Decision{}
	}
	m.ended = true
	if m.asking != nil && e.Reason != call.ReasonInternal {
		e = *m.asking // whatever fails afterwards, we were removed before
	}
	switch e.Reason {
	case call.ReasonInternal, call.ReasonDuplicate, call.ReasonBanned:
	default:
		if m.told != nil && e.By == "" && e.Text == "" {
			e = refusal.Removal(*m.told, nil)
		}
	}
	return Decision{Action: End, Ending: e}
}

func isRemoval(err error) bool {
	_, ok := call.RemovalFrom(err)
	return ok
}

// Final reports whether trying again cannot help.
func Final(err error) bool {
	if isRemoval(err) {
		return true
	}
	for _, final := range []error{
		call.ErrTokenRefused, call.ErrNoSuchRoom, call.ErrWrongServer, call.ErrUntrusted, call.ErrInviteRefused,
		call.ErrInviteExpired, call.ErrRoomLocked, call.ErrIdentityTaken, call.ErrRoomFull, call.ErrBadArgument,
		call.ErrCutOff, call.ErrWaiting,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return errors.Is(err, call.ErrRefused) && !errors.Is(err, call.ErrServerStopping)
}
