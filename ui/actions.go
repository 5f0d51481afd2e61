package ui

import (
	"slices"
	"strings"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/report"
	"foyer/ui/words"
)

// actions is what the screens report; it keeps these methods out of UI's own.
type actions struct{ *UI }

// SetName takes over what is typed; it is saved when it is used.
func (a actions) SetName(name string) {
	a.set.Name = name
	if a.state.NameErr != nil {
		a.state.NameErr = nil
		a.refresh()
	}
}

// SetLink takes over what is typed.
func (a actions) SetLink(link string) {
	a.link = link
	if a.state.LinkErr != nil {
		a.state.LinkErr = nil
		a.refresh()
	}
}

// Start starts a room of our own.
func (a actions) Start() {
	name := strings.TrimSpace(a.set.Name)
	if a.state.NameErr = call.CheckName(name); a.state.NameErr != nil || a.state.Busy() {
		a.refresh()
		return
	}
	title := a.book.T("room.default_title", "name", name)
	if call.CheckTitle(title) != nil {
		title = a.book.T("room.untitled")
	}
	room, err := a.cfg.NewRoomID()
	if err != nil {
		a.state.Refuse("start", call.SourceUnknown, err, a.cfg.Now())
		a.refresh()
		return
	}
	a.startRoom(room, title, name)
}

func (u *UI) startRoom(room call.RoomID, title, name string) {
	choice := u.choice()
	u.begin(engine.StartRoom{Room: room, Title: title, Name: name, Identity: u.cfg.Identity, Devices: choice},
		model.Attempt{Start: true, Room: room, Title: title}, choice)
}

// Join joins by the link in the field. What is wrong with it is said there, and
// nothing is sent.
func (a actions) Join() {
	if a.state.Busy() {
		return
	}
	link, err := parse(a.link)
	a.state.LinkErr = err
	a.state.NameErr = call.CheckName(a.joinName(link))
	if a.state.LinkErr != nil || a.state.NameErr != nil {
		a.refresh()
		return
	}
	a.join(link)
}

func parse(text string) (call.Link, error) {
	if strings.TrimSpace(text) == "" {
		return call.Link{}, words.ErrNoLink
	}
	return call.ParseLink(text)
}

// checkLink says at once what is wrong with a link that came from outside.
func (u *UI) checkLink() {
	if u.link != "" {
		_, u.state.LinkErr = parse(u.link)
	}
}

// joinName is the name in the field, else the one that a token carries.
func (u *UI) joinName(link call.Link) string {
	if name := strings.TrimSpace(u.set.Name); name != "" {
		return name
	}
	return link.Name
}

func (u *UI) join(link call.Link) {
	choice, identity := u.choice(), u.cfg.Identity
	if link.IsLiveKit() {
		identity = link.Identity
	}
	u.begin(engine.Join{Link: link, Name: u.joinName(link), Identity: identity, Devices: choice},
		model.Attempt{Link: link, Room: link.Room, Title: link.Title}, choice)
}

// begin gives a Join or StartRoom and notes the attempt.
func (u *UI) begin(c engine.Command, a model.Attempt, choice engine.Choice) {
	if u.do(c, call.SourceUnknown) {
		a.Since = u.cfg.Now()
		a.Camera, a.Mic = choice.Camera != call.DeviceNone, choice.Microphone != call.DeviceNone
		u.state.Begin(a)
		u.save()
	}
	u.refresh()
}

// choice is what a stay begins with: what is on in the lobby.
func (u *UI) choice() engine.Choice {
	c := engine.Choice{
		Camera: u.set.Camera, Microphone: u.set.Microphone, Speaker: u.set.Speaker, Previewed: true,
	}
	if !u.set.CameraOn {
		c.Camera = call.DeviceNone
	}
	if u.set.MicOff {
		c.Microphone = call.DeviceNone
	}
	return c
}

// OpenRecent goes to a room that was visited before.
func (a actions) OpenRecent(i int) {
	if i < 0 || i >= len(a.set.Recent) || a.state.Busy() {
		return
	}
	r := a.set.Recent[i]
	name := strings.TrimSpace(a.set.Name)
	if a.state.NameErr = call.CheckName(name); a.state.NameErr != nil {
		a.refresh()
		return
	}
	if r.Own {
		a.startRoom(r.Room, r.Title, name)
		return
	}
	a.link = r.Link
	a.Join()
}

// ForgetRecent takes a room off the list, with its invitation; -1 takes all.
func (a presses) ForgetRecent(i int) {
	if i >= len(a.set.Recent) {
		return
	}
	if a.setup.forgotten == nil {
		a.setup.forgotten = a.set.Recent
	}
	if i < 0 {
		a.set.Recent = nil
	} else {
		a.set.Recent = slices.Delete(slices.Clone(a.set.Recent), i, i+1)
	}
	a.save()
	a.refresh()
}

// RestoreRecent takes that back.
func (a presses) RestoreRecent() {
	if a.setup.forgotten != nil {
		a.set.Recent, a.setup.forgotten = a.setup.forgotten, nil
		a.save()
	}
	a.refresh()
}

// remember records a room that was joined, for the list of recent ones. Addresses
// with a token cannot be used again.
func (u *UI) remember(v call.Joined, at time.Time) {
	r := Recent{Room: v.Room, Title: u.state.Room.Title, Own: v.Hosting, At: at}
	if !v.Hosting {
		r.Link = u.state.Attempt.Link.String()
		if u.state.Attempt.Link.IsLiveKit() || r.Link == "" {
			return
		}
	}
	u.set.Remember(r)
	u.setup.forgotten = nil
	u.link = ""
	u.save()
}

// Cancel gives up joining.
func (a actions) Cancel() {
	if a.state.Switching.Revocable() {
		a.do(engine.Leave{Room: a.state.Switch.Room}, call.SourceUnknown)
		a.refresh()
		return
	}
	if a.do(engine.Leave{}, call.SourceUnknown) {
		a.state.Cancel()
	}
	a.refresh()
}

// Leave leaves the room: one click, no question.
func (a actions) Leave() {
	if a.state.InRoom() && a.state.Engine != call.StateLeaving {
		a.do(engine.Leave{}, call.SourceUnknown)
		a.refresh()
	}
}

// Invite copies the invite link.
func (a actions) Invite() {
	link := a.sheets.invitation(a.state)
	if link == "" {
		return
	}
	a.cfg.Clipboard.SetContent(link)
	a.state.Notify(model.Notice{At: a.cfg.Now(), Kind: model.NoticeCopied})
	a.refresh()
}

// Dismiss takes a notice away.
func (a actions) Dismiss(notice int) {
	a.state.Dismiss(notice)
	a.refresh()
}

// Act does what a farewell offers.
func (a actions) Act(action words.Action) {
	switch action {
	case words.ActionRejoin, words.ActionAskRejoin, words.ActionBringHere, words.ActionTryAgain:
		a.again()
	case words.ActionBack:
		a.goBack()
	case words.ActionReport:
		a.cfg.Clipboard.SetContent(report.Left(a.state.Left, a.cfg.Now()))
		a.root.ReportCopied()
	case words.ActionLobby, words.ActionUnknown:
		a.state.ToLobby()
		a.refresh()
	}
}

// again repeats the last attempt.
func (a actions) again() {
	last := a.state.Attempt
	if a.state.Busy() {
		return
	}
	if last.Start {
		a.startRoom(last.Room, last.Title, strings.TrimSpace(a.set.Name))
		return
	}
	a.join(last.Link)
}
