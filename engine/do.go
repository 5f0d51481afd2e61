package engine

import (
	"errors"
	"fmt"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/layers"
)

// answer does a command and answers it, even if the doing panics.
func (l *loop) answer(c Command, to chan<- error) {
	err := errInternal
	defer func() { to <- err }()
	if err = l.command(c); err != nil {
		l.trace(func() Note { return Note{Kind: NoteRefused, Value: c, Err: err} })
	}
}

// command does what c asks for, or says why not.
func (l *loop) command(c Command) error {
	if l.quitting {
		return call.ErrClosed
	}
	switch c := c.(type) {
	case Join:
		return l.doJoin(c)
	case StartRoom:
		return l.doStartRoom(c)
	case Leave:
		return l.doLeave(c)
	case Abort:
		return l.doAbort(c)
	case StartPreview:
		return l.devices.doStartPreview(c)
	case StopPreview:
		return l.devices.doStopPreview(c)
	case Publish:
		return l.publications.doPublish(c)
	case Unpublish:
		return l.publications.doUnpublish(c)
	case Mute:
		return l.publications.doMute(c)
	case Unmute:
		return l.publications.doUnmute(c)
	case SelectDevice:
		return l.devices.doSelectDevice(c)
	case TestDevice:
		return l.devices.doTestDevice(c)
	case StopTest:
		l.devices.endTest(nil)
		return nil
	case SetQuality:
		return l.doSetQuality(c)
	case SetTrackView:
		return l.subscriptions.doSetTrackView(c)
	case RefreshDevices:
		l.devices.list()
		return nil
	case Stats:
		return l.doStats()
	case Fault:
		return l.doFault(c)
	case SwitchRoom:
		return l.doSwitchRoom(c)
	case SendChat:
		return l.chat.doSendChat(c)
	case Moderate:
		return l.doModerate(c)
	case RaiseHand:
		return l.hands.doRaiseHand(c)
	case React:
		return l.reactions.doReact(c)
	case SetVoice:
		return doSetVoice(l, c)
	case SetVolume:
		return l.subscriptions.doSetVolume(c)
	}
	return fmt.Errorf("%w: command %q", call.ErrBadArgument, c.Word())
}

func (l *loop) doJoin(c Join) error {
	if err := checkJoin(&c); err != nil {
		return err
	}
	return l.enter(&attempt{
		link: c.Link, room: c.Link.Room, title: c.Link.Title, name: c.Name, identity: c.Identity,
		choice: c.Devices, asked: time.Now(),
	})
}

// checkJoin refuses what no server would take (contract N1, N2, N4). The names
// of a plain LiveKit link are its token's and the server's to judge.
func checkJoin(c *Join) error {
	if c.Link.IsLiveKit() {
		c.Name = call.CleanName(c.Name)
		if c.Link.URL == "" {
			return fmt.Errorf("%w: a token without an address", call.ErrLinkUnreadable)
		}
		if c.Name == "" {
			c.Name = c.Link.Name
		}
		return nil
	}
	if err := checkNames(c.Link.Room, c.Identity, c.Name); err != nil {
		return err
	}
	c.Name = call.CleanName(c.Name)
	if len(c.Link.Hosts) == 0 {
		return fmt.Errorf("%w: it has no address", call.ErrLinkUnreadable)
	}
	return nil
}

func checkNames(room call.RoomID, id call.Identity, name string) error {
	if err := call.CheckRoomID(string(room)); err != nil {
		return err
	}
	if err := call.CheckIdentity(string(id)); err != nil {
		return err
	}
	return call.CheckName(name)
}

func (l *loop) doStartRoom(c StartRoom) error {
	if l.cfg.RoomServer == nil {
		return fmt.Errorf("start: %w", call.ErrNotSupported)
	}
	if err := checkNames(c.Room, c.Identity, c.Name); err != nil {
		return err
	}
	if err := call.CheckTitle(c.Title); err != nil {
		return err
	}
	c.Name, c.Title = call.CleanName(c.Name), call.CleanName(c.Title)
	return l.enter(&attempt{
		starts: true, room: c.Room, title: c.Title, name: c.Name, identity: c.Identity,
		choice: c.Devices, asked: time.Now(),
	})
}

// enter begins a stay, or keeps it waiting for the end of the one before.
func (l *loop) enter(e *attempt) error {
	switch {
	case l.stay == nil:
		l.prepare(e)
		l.begin(e)
	case l.alive(l.stay), l.waiting() != nil:
		return call.ErrAlreadyInRoom
	default:
		l.prepare(e)
		l.pending = append(l.pending, e)
	}
	return nil
}

// prepare makes wishes of what e was given.
func (l *loop) prepare(e *attempt) {
	e.pubs = newPublications(e.choice, l.devices.resolve)
	e.speaker = l.devices.resolve(call.SourceSpeaker, e.choice.Speaker)
	e.bounded = e.asked
}

// waiting is the accepted Join that has not been taken back.
func (l *loop) waiting() *attempt {
	if n := len(l.pending); n > 0 && l.pending[n-1].aborted == call.ReasonUnknown {
		return l.pending[n-1]
	}
	return nil
}

// doLeave leaves the current room. While a stay is ending it takes back the
// Join that waits, and otherwise changes nothing: the one Left is on its way.
func (l *loop) doLeave(c Leave) error {
	if l.stay == nil {
		return call.ErrNotInRoom
	}
	if e := l.waiting(); e != nil && (c.Room == "" || c.Room == e.room) {
		l.abortWaiting(e, call.ReasonLeft)
		return nil
	}
	if s := l.active(); s != nil && s.elsewhere != nil && c.Room != "" && c.Room == s.elsewhere.next.room {
		s.elsewhere.cancelSwitch()
		return nil
	}
	if c.Room != "" && c.Room != l.stay.room {
		return call.ErrOtherRoom
	}
	l.leave(cause{Reason: call.ReasonLeft})
	return nil
}

// doAbort ends the stay for a reason that is not the user's. A Join that waits
// for its end is taken back.
func (l *loop) doAbort(c Abort) error {
	if l.stay == nil {
		return call.ErrNotInRoom
	}
	if e := l.waiting(); e != nil {
		l.abortWaiting(e, call.ReasonInternal)
	}
	l.leave(failure(c.Err))
	return nil
}

// failure is why a stay ends that cannot go on.
func failure(err error) cause {
	if errors.Is(err, call.ErrServerFlood) {
		return cause{Reason: call.ReasonConnectionLost, Err: err}
	}
	return cause{Reason: call.ReasonInternal, Err: err}
}

// current is the stay that commands may change: not one that is ending.
func (l *loop) current() (*stay, error) {
	if s := l.active(); s != nil {
		return s, nil
	}
	return nil, call.ErrNotInRoom
}

func (l *loop) doSetQuality(c SetQuality) error {
	if c.SendHeight < 0 || c.SendHeight > 0 && c.SendHeight < layers.MinHeight {
		return fmt.Errorf("%w: %d lines", call.ErrBadArgument, c.SendHeight)
	}
	l.quality = c
	l.devices.settle(call.SourceCamera)
	if s := l.active(); s != nil {
		l.subscriptions.choose(s)
	}
	return nil
}

func (l *loop) doFault(c Fault) error {
	if !l.cfg.Faults {
		return fmt.Errorf("fault: %w", call.ErrNotSupported)
	}
	if c.Kind != FaultPanic {
		return fmt.Errorf("%w: fault %q", call.ErrBadArgument, c.Kind)
	}
	l.later(job{op: noteFault}, func(*loop) { panic("fault asked for") })
	return nil
}
