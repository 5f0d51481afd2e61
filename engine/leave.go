package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
)

// maxExitPanics is how often an exit that panics is taken up again. After that, only the
// grace ends it.
const maxExitPanics = 3

// cause is why a stay ends: the session's own end, or another.
type cause = call.SessionEnded

// exit is a stay that is ending.
type exit struct {
	cause
	began       time.Time
	grace       *time.Timer
	keepPreview bool // devices stay open: the lobby's, or a switch's
	sessionOpen bool // Leave or Close of the session is under way
	inspecting  bool // the system is being asked what is open
	inspected   bool // it has answered since the last device closed
	abandoned   bool // the grace is over: nothing is waited for any more
	open        []call.Device
	released    []call.Release
	panics      int
	next        *attempt // of a switch: the devices are for it
}

// leave is the one way out, whatever the cause. The first reason wins. Devices
// are closed first and at once, and in the same moment the server is told:
// neither waits for the other.
func (l *loop) leave(c cause) {
	s := l.active()
	if s == nil {
		return
	}
	if c.Reason == call.ReasonConnectionLost && !s.joined { // nothing that there was is lost
		c.Reason = call.ReasonJoinFailed
		if c.Err == nil {
			c.Err = call.ErrConnectionLost
		}
	}
	l.devices.endTest(nil)
	x := &exit{cause: c, began: time.Now()}
	// After a cancelled join you are back in the lobby and see the preview
	// (contract J8). Every other end has a page of its own, which shows none.
	x.keepPreview = !s.joined && c.Reason == call.ReasonLeft
	s.exit = x
	if c.Reason == call.ReasonSwitched {
		l.handOver(x)
	}
	x.grace = l.after(s.of(timerGrace), l.cfg.Grace, func() { l.graceOver(s) })
	s.cancel()
	if s.timer != nil {
		s.timer.Stop()
	}
	l.setState(call.StateLeaving)
	for src, sl := range l.devices.slots {
		// The screen that somebody was choosing is of no use elsewhere.
		sl.preview = sl.preview && x.keepPreview && src != call.SourceScreen
	}
	l.letGo(s)
	for d := range l.devices.all {
		d.kept = d.phase < phaseClosing && x.keepPreview
	}
	if s.dialing {
		l.after(s.of(timerDial), cancelledDialWait, func() {
			s.dialing = false
			l.checkLeft()
		})
	}
	l.checkLeft()
}

// letGo begins to close everything of s that is still open.
func (l *loop) letGo(s *stay) {
	for _, src := range sources {
		l.guard(func() { l.devices.settle(src) })
	}
	l.endSession(s)
	for _, r := range s.received() {
		l.subscriptions.closeReceiver(s, r)
	}
}

// endSession tells the server and closes the session, in a worker.
func (l *loop) endSession(s *stay) {
	session := s.session
	if session == nil {
		return
	}
	s.session, s.exit.sessionOpen = nil, true
	tell := !s.sessionOver
	do(l, s.of(opEnd), func() error { return closeSession(session, tell) }, func(error) {
		s.exit.sessionOpen = false
		l.checkLeft()
	})
}

// closeSession leaves and closes in the worker. Whatever becomes of the leaving,
// the closing follows.
func closeSession(session call.Session, tell bool) error {
	var panicked error
	if tell {
		ctx, cancel := context.WithTimeout(context.Background(), sessionLeaveTimeout)
		defer cancel()
		panicked = guard.Do(func() error {
			_ = session.Leave(ctx) // whether or not the server hears it, we go
			return nil
		})
	}
	return errors.Join(panicked, session.Close())
}

// checkLeft ends the exit when nothing of the stay is open any more, and the
// operating system says the same.
func (l *loop) checkLeft() {
	s := l.leaving()
	switch {
	case s == nil:
	case l.unfinished(s):
		s.exit.inspected = false
	case !s.exit.inspected:
		l.inspect(s)
	default:
		l.finish(s)
	}
}

// unfinished reports whether the exit waits for something of its stay.
func (l *loop) unfinished(s *stay) bool {
	if s.exit.abandoned {
		return false
	}
	if s.exit.sessionOpen || s.session != nil || s.dialing || s.closingReceivers > 0 {
		return true
	}
	for d := range l.devices.all {
		if d.awaited() {
			return true
		}
	}
	return false
}

// inspect asks the operating system, in a worker, what is open. Without an
// answer in time the engine's own books have to do.
func (l *loop) inspect(s *stay) {
	x := s.exit
	if x.inspecting {
		return
	}
	x.inspecting = true
	answer := func(open []call.Device, err error) {
		if !x.inspecting || l.stay != s {
			return
		}
		if err != nil {
			l.log.WithError(err).Warn("the system does not say what is open")
			open = l.devices.unreleased()
		}
		x.inspecting, x.inspected, x.open = false, true, open
		l.checkLeft()
	}
	ctx, cancel := context.WithTimeout(l.base, inspectTimeout)
	late := l.after(s.of(timerInspect), inspectTimeout, func() { answer(nil, context.DeadlineExceeded) })
	devices := l.cfg.Devices
	work(l, s.of(opInspect), func() ([]call.Device, error) {
		defer cancel()
		return devices.Held(ctx)
	}, func(open []call.Device, err error) {
		late.Stop()
		answer(open, err)
	}, nil)
}

// unreleased lists the devices that the engine knows to be open.
func (dt *deviceTable) unreleased() []call.Device {
	var open []call.Device
	for d := range dt.all {
		if d.handle != nil && d.phase <= phaseClosing {
			open = append(open, d.info)
		}
	}
	return bySource(open)
}

// graceOver ends the exit whatever is still open. What it is goes into Left.
func (l *loop) graceOver(s *stay) {
	if l.stay != s {
		return
	}
	for d := range l.devices.all {
		if d.awaited() && d.phase == phaseClosing {
			l.devices.markStuck(d)
		}
	}
	if s.exit.sessionOpen || s.dialing || s.closingReceivers > 0 {
		l.log.WithField("gen", s.gen).Warn("connection does not close")
	}
	for d := range l.devices.all {
		if d.awaited() {
			l.devices.drained(d)
		}
	}
	s.exit.abandoned = true
	l.checkLeft()
}

// finish reports the end, and lets the next stay begin.
func (l *loop) finish(s *stay) {
	x := s.exit
	x.grace.Stop()
	l.stay = nil
	for d := range l.devices.all {
		d.kept = false
	}
	left := call.Left{
		Room: s.room, Title: s.title, Reason: x.Reason, By: x.By, Text: x.Text, Until: x.Until, Err: x.Err,
		Released: x.released, Stuck: l.devices.allStuck(), Open: x.open,
		Preview: x.keepPreview && x.Reason == call.ReasonLeft,
		People:  s.people, Hosting: s.joined && s.hosting && l.server.running,
	}
	if s.joined {
		left.Stayed = x.began.Sub(s.joinedAt)
	} else if x.Reason != call.ReasonAppQuit {
		left.Back = s.back
	}
	l.setState(call.StateIdle)
	l.emit(left)
	l.log.WithFields(logrus.Fields{
		"room": s.room, "gen": s.gen, "reason": x.Reason.String(),
		"packets_dropped": s.feed.Dropped() + l.events.Dropped(),
	}).Info("left")
	if s.opened && !s.joined {
		l.server.stop()
	}
	if len(l.pending) > 0 {
		next := l.pending[0]
		l.pending = l.pending[1:]
		l.begin(next)
	} else {
		l.devices.settleAll()
	}
	l.checkEnd()
}

// allStuck lists what does not let go, in the order of sources.
func (dt *deviceTable) allStuck() []call.Device {
	var stuck []call.Device
	for d := range dt.all {
		if d.stuck() {
			stuck = append(stuck, d.info)
		}
	}
	return bySource(stuck)
}

func bySource(list []call.Device) []call.Device {
	slices.SortFunc(list, func(a, b call.Device) int { return int(a.Source) - int(b.Source) })
	return list
}
