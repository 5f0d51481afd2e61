package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/internal/patience"
	"foyer/engine/internal/refusal"
)

// A switch (contract O11, O12) has three steps. The new room's door is asked
// first: as long as it has not admitted us, nothing changes. Then the stay ends
// with "switched" and leaves its devices open for the next one; its tracks end.
// Then the next stay joins. It ends like any other if it cannot, and its Left
// says the way back. If a host of the new room has to let us in, its door is asked
// again and again, until it has an answer or a Leave of that room takes it back.

// elsewhere is another room, whose door is asked to admit us.
type elsewhere struct {
	l      *loop
	s      *stay // that goes on meanwhile
	next   *attempt
	wait   *patience.Wait     // for a host of that room to let us in; nil: none so far
	cancel context.CancelFunc // of the question that is under way
}

// doSwitchRoom begins a switch. A second one meanwhile is refused.
func (l *loop) doSwitchRoom(c SwitchRoom) error {
	s, err := l.joinedStay(c)
	if err != nil {
		return err
	}
	if s.elsewhere != nil || c.Link.SameRoom(s.link) {
		return call.ErrAlreadyInRoom
	}
	next, err := s.successor(c.Link)
	if err != nil {
		return err
	}
	s.elsewhere = &elsewhere{l: l, s: s, next: next}
	s.elsewhere.ask()
	return nil
}

// counts reports whether e is still where s wants to go.
func (e *elsewhere) counts() bool { return e.l.alive(e.s) && e.s.elsewhere == e }

// ask asks the door once.
func (e *elsewhere) ask() {
	l := e.l
	limit := l.cfg.JoinTimeout - l.cfg.Grace
	req, dialer := e.next.request(l.cfg.Key), l.cfg.Dialer
	if req.Waits, req.Held = true, e.wait != nil; req.Held {
		limit += doorapi.Hold
		e.wait.Ask()
	}
	ctx, cancel := context.WithTimeout(e.s.ctx, limit)
	e.cancel = cancel
	work(l, e.s.of(opAdmit), func() (call.Admission, error) {
		defer cancel()
		return dialer.Admit(ctx, req)
	}, func(a call.Admission, err error) {
		if e.counts() && !e.waits(err) {
			e.s.elsewhere = nil
			l.admittedElsewhere(e.s, e.next, a, err)
		}
	}, nil)
}

// waits takes an error of the door, and reports whether it is asked again.
func (e *elsewhere) waits(err error) bool {
	w, on := e.wait.After(err)
	if !on || w.Over() {
		return false
	}
	e.wait = w
	e.l.after(e.s.of(timerAsk), w.Pause(), func() {
		if e.counts() {
			e.ask()
		}
	})
	return true
}

// cancelSwitch ends the asking.
func (e *elsewhere) cancelSwitch() {
	e.cancel()
	e.s.elsewhere = nil
	e.l.emit(call.CommandFailed{Command: SwitchRoom{}.Word(), Err: fmt.Errorf("switch: %w", call.ErrCancelled)})
}

// admittedElsewhere goes on to the next room, or stays.
func (l *loop) admittedElsewhere(s *stay, next *attempt, a call.Admission, err error) {
	if errors.Is(err, call.ErrWaiting) { // and the door has never ended it
		err = call.ErrUnanswered
	}
	if err != nil {
		l.emit(call.CommandFailed{Command: SwitchRoom{}.Word(), Err: refusal.Overdue(err)})
		return
	}
	next.admission, next.bounded = &a, time.Now()
	next.carry(s)
	l.pending = append(l.pending, next)
	l.leave(cause{Reason: call.ReasonSwitched})
}

// successor is the attempt at the room that s goes on to, with the same name.
func (s *stay) successor(link call.Link) (*attempt, error) {
	join := Join{Link: link, Name: s.name, Identity: s.identity}
	if join.Name == "" {
		join.Name = s.self.Name
	}
	if join.Identity == "" {
		join.Identity = s.self.Identity
	}
	if link.IsLiveKit() {
		join.Name, join.Identity = link.Name, link.Identity
	}
	if err := checkJoin(&join); err != nil {
		return nil, err
	}
	return &attempt{
		link: join.Link, room: join.Link.Room, title: join.Link.Title, name: join.Name, identity: join.Identity,
		asked: time.Now(), back: s.forOthers(),
	}, nil
}

// carry takes over what s shows and plays. A screen is not: it was shown to the
// people of the other room.
func (e *attempt) carry(s *stay) {
	e.pubs, e.speaker = make(map[call.Source]*publication), s.speaker
	for src, p := range s.pubs {
		e.pubs[src] = &publication{
			source: src, want: p.want && src != call.SourceScreen, device: p.device, muted: p.muted, broken: p.broken,
		}
	}
}

// keepsDevices reports whether the devices of a stay that is ending are for the
// next one.
func (x *exit) keepsDevices() bool { return x.next != nil && x.next.aborted == call.ReasonUnknown }

// wishes is the attempt whose wishes for devices count: the stay's, or of one
// that ends for a switch the next one's; nil without a stay.
func (l *loop) wishes() *attempt {
	switch s := l.stay; {
	case s == nil:
		return nil
	case s.exit != nil && s.exit.keepsDevices():
		return s.exit.next
	default:
		return s.attempt
	}
}

// chosen is the attempt whose choice of devices commands change: that of the stay, or
// of a Join or switch that waits for the end of the stay before; nil without one.
func (l *loop) chosen() *attempt {
	if e := l.waiting(); e != nil {
		return e
	}
	if s := l.active(); s != nil {
		return s.attempt
	}
	return nil
}

// handOver leaves the devices open that the next stay uses, and stops what
// they send.
func (l *loop) handOver(x *exit) {
	if x.next = l.waiting(); x.next == nil {
		return
	}
	x.keepPreview = true
	for _, src := range sources {
		l.guard(l.devices.working(src).stopSending)
	}
}

// abortWaiting aborts the attempt that waits. Devices that were kept for it close now.
func (l *loop) abortWaiting(e *attempt, r call.LeaveReason) {
	e.abort(r)
	if s := l.leaving(); s != nil && s.exit.next == e {
		for _, sl := range l.devices.slots {
			sl.preview = false
		}
		l.devices.settleAll()
	}
}
