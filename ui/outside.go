package ui

import (
	"cmp"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/desk"
	"foyer/ui/dropped"
	"foyer/ui/model"
)

// outside is the window's side of the desktop around it: what it tells there, and
// whether anybody sees it.
type outside struct {
	*UI
	frame     desk.Frame // nil: the window system is not known
	announcer desk.Announcer
	told      bool      // a notification is out
	stay      desk.Stay // that the desktop shows
	behind    bool      // another window has the keyboard
	hidden    bool      // the window is minimized: nothing is drawn
	kept      *kept     // nil: nobody was left in a room of ours
	place     desk.Place
	placeAt   time.Time // when the window was looked for last

	drops dropped.Reader
}

// kept is a room of our own that we left while others were in it. It ends with
// the program.
type kept struct {
	room  call.RoomID
	title string
}

func newOutside(u *UI) *outside {
	o := &outside{UI: u, place: u.set.Window}
	if l := u.cfg.App.Lifecycle(); l != nil {
		l.SetOnEnteredForeground(func() { o.setBehind(false) })
		l.SetOnExitedForeground(func() { o.setBehind(true) })
	}
	return o
}

// away reports whether nobody looks at the window.
func (o *outside) away() bool { return o.behind || o.hidden }

func (o *outside) setBehind(on bool) {
	if o.closed || o.behind == on {
		return
	}
	o.behind = on
	o.attend()
	o.refresh()
}

// setHidden stops all that is drawn, and what it is drawn from: nobody sees it.
func (o *outside) setHidden(on bool) {
	if o.closed || o.hidden == on {
		return
	}
	o.hidden = on
	if on {
		o.root.Suspend(o.state)
		o.stopLooking()
	} else {
		o.root.Resume()
	}
	o.attend()
	o.refresh()
}

// attend takes over whether the user is there. What was told is seen then.
func (o *outside) attend() {
	o.state.Away = o.away()
	if o.state.Away {
		return
	}
	o.state.Read(o.state.Chat.AtEnd())
	o.announcer.Seen()
	if o.told {
		o.told = false
		o.cfg.Desktop.Withdraw()
	}
}

// happened takes over an event that the state has applied. before is how many
// others were in the room.
func (o *outside) happened(e eventqueue.Stamped, before int) {
	switch v := e.Event.(type) {
	case call.Joined:
		o.announcer.Enter(o.book.RoomName(o.state.Room.Title, o.state.Room.ID))
		if o.kept != nil && o.kept.room == v.Room {
			o.kept = nil
		}
	case call.ParticipantJoined:
		if p := o.state.Person(v.Participant.Identity); p != nil && !p.Self && len(o.state.People)-1 > before {
			o.announcer.Joined(p.DisplayName())
			o.tell()
		}
	case call.WaitersChanged:
		if v.Name != "" && v.Count > 0 {
			o.announcer.Waits(v.Name, v.Count)
			o.tell()
		}
	case call.ChatReceived:
		old := v.History && v.Message.At.Before(o.state.Room.JoinedAt)
		if me := o.state.Self(); me != nil && v.Message.From != me.ID && !old {
			o.announcer.Said(o.speaker(v.Message), v.Message.Text)
			o.tell()
		}
	case call.Left:
		o.leaveBehind(v, before)
		if v.Reason != call.ReasonLeft && v.Reason != call.ReasonSwitched && v.Reason != call.ReasonAppQuit {
			f := o.book.Left(v, o.cfg.Now())
			o.announcer.Ended(f.Title, f.Quote)
			o.tell()
		}
	case call.RoomServerStopped:
		if !v.Restarting {
			o.kept = nil
		}
	default:
	}
}

// speaker names who wrote a message.
func (o *outside) speaker(m call.ChatMessage) string {
	if p := o.state.Person(m.From); m.Name == "" && p != nil {
		return p.DisplayName()
	}
	return cmp.Or(m.Name, call.ShownID(m.From))
}

// tell has the desktop tell what was gathered, if the user is away and wants to
// be told.
func (o *outside) tell() {
	if !o.away() {
		o.announcer.Seen()
		return
	}
	if o.set.Notifications.Off {
		return
	}
	o.told = true
	o.cfg.Desktop.Notify(o.announcer.Note(o.book, o.set.Notifications.Private))
}

// settle tells the desktop of the stay, and takes back what the user has switched
// off.
func (o *outside) settle() {
	var stay desk.Stay
	if o.state.InRoom() {
		room := o.book.RoomName(o.state.Room.Title, o.state.Room.ID)
		stay = desk.NewStay(o.book, room, o.state.Local[call.SourceMicrophone].On())
	}
	if stay != o.stay {
		o.stay = stay
		o.cfg.Desktop.Show(stay)
	}
	if o.told && o.set.Notifications.Off {
		o.told = false
		o.cfg.Desktop.Withdraw()
	}
}

// title is the window's.
func (o *outside) title() string {
	if o.state.Screen != model.ScreenRoom {
		return o.book.T("app.name")
	}
	return o.book.WindowTitle(o.state.Room.Title, o.state.Room.ID, o.state.Chat.Unread)
}

// Press is what the user asks for at the tray or at a notification. Any goroutine
// may call it.
func (u *UI) Press(a desk.Action) {
	u.cfg.Dispatch(func() {
		if !u.closed {
			u.outside.press(a)
		}
	})
}

// Released says that there is a newer release, or with the zero one that there is none.
// Any goroutine may call it.
func (u *UI) Released(r model.Release) {
	u.cfg.Dispatch(func() {
		u.state.Release = r
		u.refresh()
	})
}

func (o *outside) press(a desk.Action) {
	act := actions{o.UI}
	switch a {
	case desk.ActionShow:
		o.raise()
	case desk.ActionMic:
		if o.state.InRoom() {
			act.ToggleMic()
		}
	case desk.ActionLeave:
		act.Leave()
	case desk.ActionQuit:
		if !o.mayClose() {
			o.raise() // it asks
			return
		}
		o.end()
	case desk.ActionUnknown:
	}
}

// raise brings the window to the front.
func (o *outside) raise() {
	if o.frame != nil {
		o.frame.Raise()
	}
	o.win.RequestFocus()
}

// longSleep is how long the computer must have slept before Foyer does not go on
// as if nothing had been: users who open it may not know that they are in a room.
const longSleep = time.Minute

// Woke says that the computer was asleep for so long. Any goroutine may call it.
func (u *UI) Woke(slept time.Duration) {
	u.cfg.Dispatch(func() {
		switch {
		case u.closed, slept < longSleep:
		case !u.state.InRoom():
			u.outside.wokeBefore(slept)
		case u.state.Engine != call.StateLeaving:
			u.outside.woke(slept)
		}
	})
}

// woke turns off what the others would see and hear.
func (o *outside) woke(slept time.Duration) {
	was := false
	for _, source := range []call.Source{call.SourceMicrophone, call.SourceCamera} {
		l := o.state.Local[source]
		if !l.On() {
			continue
		}
		var c engine.Command = engine.Mute{Source: source}
		if !l.Published {
			c = engine.Unpublish{Source: source}
		}
		if o.do(c, source) {
			o.state.Ask(source, false)
			was = true
		}
	}
	if o.state.Screens.Sharing() {
		o.stopSharing()
		was = true
	}
	if was {
		o.state.Notify(model.Notice{At: o.cfg.Now(), Kind: model.NoticeWoke, Name: o.book.Duration(slept)})
	}
	o.refresh()
}

// wokeBefore turns off what the others would see and hear as soon as a host lets us in.
func (o *outside) wokeBefore(slept time.Duration) {
	if o.state.Busy() && o.previews.Sleep() {
		n := model.Notice{At: o.cfg.Now(), Kind: model.NoticeWokeBefore, Name: o.book.Duration(slept)}
		o.state.Notify(n)
		o.state.Attempt.Failed = append(o.state.Attempt.Failed, n) // the room begins without notices
		o.save()
		o.refresh()
	}
}
