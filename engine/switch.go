package engine

import (
	"context"
	"time"

	"foyer/engine/call"
)

// A switch (contract O11, O12) has three steps. The new room's door is asked
// first: as long as it has not admitted us, nothing changes. Then the stay ends
// with "switched" and leaves its devices open for the next one; its tracks end.
// Then the next stay joins. It ends like any other if it cannot, and its Left
// says the way back.

// doSwitchRoom begins a switch. A second one meanwhile is refused.
func (l *loop) doSwitchRoom(c SwitchRoom) error {
	s, err := l.joinedStay(c)
	if err != nil {
		return err
	}
	if s.switching || c.Link.SameRoom(s.link) {
		return call.ErrAlreadyInRoom
	}
	next, err := s.successor(c.Link)
	if err != nil {
		return err
	}
	s.switching = true
	ctx, cancel := context.WithTimeout(s.ctx, l.cfg.JoinTimeout-l.cfg.Grace)
	req, dialer := next.request(l.cfg.Key), l.cfg.Dialer
	work(l, s.of(opAdmit), func() (call.Admission, error) {
		defer cancel()
		return dialer.Admit(ctx, req)
	}, func(a call.Admission, err error) {
		if l.alive(s) {
			s.switching = false
			l.admittedElsewhere(s, next, a, err)
		}
	}, nil)
	return nil
}

// admittedElsewhere goes on to the next room, or stays.
func (l *loop) admittedElsewhere(s *stay, next *entry, a call.Admission, err error) {
	if err != nil {
		l.emit(call.CommandFailed{Command: SwitchRoom{}.Word(), Err: overdue(err)})
		return
	}
	next.admission, next.bounded = &a, time.Now()
	next.carry(s)
	l.pending = append(l.pending, next)
	l.leave(cause{reason: call.ReasonSwitched})
}

// successor is the entry of the room that s goes on to, with the same name.
func (s *stay) successor(link call.Link) (*entry, error) {
	join := Join{Link: link, Name: s.name, Identity: s.identity}
	if join.Name == "" {
		join.Name = s.self.Name
	}
	if join.Identity == "" {
		join.Identity = s.self.Identity
	}
	if link.Plain() {
		join.Name, join.Identity = link.Name, link.Identity
	}
	if err := checkJoin(&join); err != nil {
		return nil, err
	}
	return &entry{
		link: join.Link, room: join.Link.Room, title: join.Link.Title, name: join.Name, identity: join.Identity,
		asked: time.Now(), back: s.forOthers(),
	}, nil
}

// carry takes over what s shows and plays. A screen is not: it was shown to the
// people of the other room.
func (e *entry) carry(s *stay) {
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

// wishes is the entry whose wishes for devices count: the stay's, or of one
// that ends for a switch the next one's; nil without a stay.
func (l *loop) wishes() *entry {
	switch s := l.stay; {
	case s == nil:
		return nil
	case s.exit != nil && s.exit.keepsDevices():
		return s.exit.next
	default:
		return s.entry
	}
}

// handOver leaves the devices open that the next stay uses, and stops what
// they send.
func (l *loop) handOver(x *exit) {
	if x.next = l.waiting(); x.next == nil || x.next.pubs == nil {
		x.next = nil
		return
	}
	x.keepPreview = true
	for _, src := range sources {
		l.guard(l.devices.working(src).stopSending)
	}
}

// takeBack aborts the entry that waits. Devices that were kept for it close now.
func (l *loop) takeBack(e *entry, r call.LeaveReason) {
	e.abort(r)
	if s := l.leaving(); s != nil && s.exit.next == e {
		for _, sl := range l.devices.slots {
			sl.preview = false
		}
		l.devices.settleAll()
	}
}
