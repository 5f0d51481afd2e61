package words

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
)

// Action is what a sentence offers to do next.
type Action int

// Actions.
const (
	ActionUnknown   Action = iota
	ActionRejoin           // join the same room again
	ActionAskRejoin        // the same, after a removal: the host may refuse
	ActionBringHere        // the same, taking the stay over from another device
	ActionTryAgain         // repeat what failed
	ActionReport           // copy a report
	ActionLobby            // back to the lobby
	ActionBack             // back to the room from which a failed switch has come
)

func actionKeys() map[Action]string {
	return map[Action]string{
		ActionRejoin: "action.rejoin", ActionAskRejoin: "action.ask_rejoin", ActionBringHere: "action.bring_here",
		ActionTryAgain: "action.try_again", ActionReport: "action.copy_report", ActionLobby: "action.lobby",
	}
}

// Action is the text on the button of an action that a farewell offers.
func (b *Book) Action(a Action, l call.Left) string {
	if a == ActionBack {
		return b.T("action.back", "room", short(b.RoomName(l.Back.Title, l.Back.Room)))
	}
	return b.T(actionKeys()[a])
}

// maxOnButton is how many characters of a name stand on a button.
const maxOnButton = 30

func short(name string) string {
	if all := []rune(name); len(all) > maxOnButton {
		return strings.TrimSpace(string(all[:maxOnButton-1])) + "…"
	}
	return name
}

// Farewell is the text for the end of a stay: what happened, who did it and until
// when, and what now. The first action is the main one.
type Farewell struct {
	Title  string
	Quote  string // what the one who did it said, already quoted
	Detail string
	Next   []Action
}

// way is the key of a reason's sentences and the actions that it offers.
type way struct {
	key  string
	next []Action
}

// ways has every named reason of contract section 6.
func ways() map[call.LeaveReason]way {
	return map[call.LeaveReason]way{
		call.ReasonUnknown:        {"left.unknown", []Action{ActionRejoin, ActionLobby}},
		call.ReasonLeft:           {"left.left", []Action{ActionRejoin, ActionLobby}},
		call.ReasonSwitched:       {"left.switched", []Action{ActionLobby}},
		call.ReasonRemoved:        {"left.removed", []Action{ActionAskRejoin, ActionLobby}},
		call.ReasonBanned:         {"left.banned", []Action{ActionLobby}},
		call.ReasonDismissed:      {"left.dismissed", []Action{ActionLobby}},
		call.ReasonTurnedAway:     {"left.turned_away", []Action{ActionTryAgain, ActionLobby}},
		call.ReasonDuplicate:      {"left.duplicate", []Action{ActionBringHere, ActionLobby}},
		call.ReasonOfflineRemoved: {"left.offline_removed", []Action{ActionRejoin, ActionLobby}},
		call.ReasonServerStopped:  {"left.server_stopped", []Action{ActionRejoin, ActionLobby}},
		call.ReasonRoomClosed:     {"left.room_closed", []Action{ActionLobby}},
		call.ReasonConnectionLost: {"left.connection_lost", []Action{ActionRejoin, ActionLobby}},
		call.ReasonJoinFailed:     {"left.join_failed", []Action{ActionTryAgain, ActionLobby}},
		call.ReasonMediaFailed:    {"left.media_failed", []Action{ActionRejoin, ActionLobby}},
		call.ReasonAppQuit:        {"left.app_quit", []Action{ActionLobby}},
		call.ReasonInternal:       {"left.internal", []Action{ActionRejoin, ActionReport, ActionLobby}},
	}
}

// others has LiveKit's DisconnectReasons without a name of ours that are known
// (livekit_models.proto): unknown, migration, SIP callee away, SIP callee
// busy, SIP trunk, agent.
func others() map[int]way {
	return map[int]way{
		0:  {"left.other_0", []Action{ActionRejoin, ActionLobby}},
		8:  {"left.other_8", []Action{ActionRejoin, ActionLobby}},
		11: {"left.other_11", []Action{ActionTryAgain, ActionLobby}},
		12: {"left.other_12", []Action{ActionTryAgain, ActionLobby}},
		13: {"left.other_13", []Action{ActionRejoin, ActionLobby}},
		16: {"left.other_16", []Action{ActionRejoin, ActionLobby}},
	}
}

// Left describes why a stay ended and what to do next. now is the reader's clock,
// in the reader's time zone.
func (b *Book) Left(l call.Left, now time.Time) Farewell {
	w, args := wayOf(l.Reason)
	f := Farewell{
		Title: b.T(w.key, args...), Detail: b.T(w.key+".detail", args...), Next: append([]Action(nil), w.next...),
	}
	if text := strings.TrimSpace(l.Text); text != "" {
		f.Quote = b.T("farewell.quote", "text", text)
	}
	switch l.Reason {
	case call.ReasonLeft, call.ReasonAppQuit:
		b.cancelled(&f, l)
	case call.ReasonRemoved, call.ReasonDismissed, call.ReasonTurnedAway:
		if l.By != "" {
			f.Title = b.T(w.key+"_by", "by", l.By)
		}
	case call.ReasonBanned:
		f.Title = b.banTitle(l.Until, now)
	case call.ReasonJoinFailed:
		b.joinFailed(&f, l, now)
	case call.ReasonServerStopped:
		b.ownServer(&f, l, now)
	case call.ReasonConnectionLost, call.ReasonMediaFailed:
		s := b.known(l.Err, call.SourceUnknown, now)
		if s.Text != "" && !errors.Is(l.Err, call.ErrConnectionLost) && !errors.Is(l.Err, call.ErrMediaBlocked) {
			f.Detail = s.Because()
		}
	case call.ReasonInternal:
		switch s := b.known(l.Err, call.SourceUnknown, now); {
		case s.Text != "": // it was not Foyer that broke
			f.Title, f.Detail = s.Text, s.Next
		case len(l.Stuck) > 0 || len(l.Open) > 0:
			f.Detail = b.T("left.internal_stuck.detail")
		}
	default:
	}
	b.wayBack(&f, l)
	return f
}

// cancelled says of a stay that never began what is true: nobody was told
// anything, because nobody knew.
func (b *Book) cancelled(f *Farewell, l call.Left) {
	if l.People > 0 {
		return
	}
	f.Detail = b.T("left.cancelled.detail")
	if l.Reason == call.ReasonLeft {
		f.Title, f.Next = b.T("left.cancelled"), []Action{ActionTryAgain, ActionLobby}
	}
}

func wayOf(r call.LeaveReason) (way, []string) {
	if n, ok := r.Other(); ok {
		if w, ok := others()[n]; ok {
			return w, nil
		}
		return way{"left.other", []Action{ActionRejoin, ActionLobby}}, []string{"n", strconv.Itoa(n)}
	}
	if w, ok := ways()[r]; ok {
		return w, nil
	}
	return ways()[call.ReasonUnknown], nil
}

func (b *Book) banTitle(until, now time.Time) string {
	if until.IsZero() {
		return b.T("left.banned_open")
	}
	return b.T("left.banned", "until", b.Until(until, now))
}

// joinFailed says the error itself: "could not join" alone helps nobody.
func (b *Book) joinFailed(f *Farewell, l call.Left, now time.Time) {
	s := b.sentence(l.Err, call.SourceUnknown, now)
	f.Detail = s.Because()
	if errors.Is(l.Err, call.ErrRoomServerFailed) {
		f.Title = b.T("left.start_failed")
		if hostingKey(l.Err) == "" {
			f.Detail = s.Next // the title says the rest
		}
	}
	if errors.Is(l.Err, call.ErrUnanswered) {
		f.Title, f.Detail = b.T("left.unanswered"), s.Next
	}
	if ban, ok := errors.AsType[*call.BannedError](l.Err); ok {
		f.Title, f.Detail = b.banTitle(ban.Until, now), s.Next
		f.Next = []Action{ActionLobby}
		if ban.Text != "" && f.Quote == "" {
			f.Quote = b.T("farewell.quote", "text", ban.Text)
		}
	}
	if hopeless(l.Err) {
		f.Next = []Action{ActionLobby}
	}
}

// ownServer says of the room server of this computer why it does not come back.
func (b *Book) ownServer(f *Farewell, l call.Left, now time.Time) {
	if !errors.Is(l.Err, call.ErrRoomServerCrashed) && !errors.Is(l.Err, call.ErrRoomServerFailed) {
		return
	}
	f.Title, f.Detail = b.T("left.own_server"), b.T("left.own_server.detail")
	if !errors.Is(l.Err, call.ErrRoomServerCrashed) {
		s := b.sentence(l.Err, call.SourceUnknown, now)
		f.Detail = s.Because()
	}
	f.Next = []Action{ActionRejoin, ActionReport, ActionLobby}
}

// hopeless errors stay the same however often one tries with this link.
func hopeless(err error) bool {
	for _, e := range []error{
		call.ErrWrongServer, call.ErrUntrusted, call.ErrNoSuchRoom, call.ErrInviteExpired, call.ErrInviteRefused,
		call.ErrTokenRefused,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Gone describes who else has left, and why (contract K4).
func (b *Book) Gone(name string, r call.LeaveReason) string {
	if n, ok := r.Other(); ok {
		return b.T("gone.other", "name", name, "n", strconv.Itoa(n))
	}
	if key := "gone." + r.String(); b.Has(key) {
		return b.T(key, "name", name)
	}
	return b.T("gone.unknown", "name", name)
}

// Released is one line of the receipt: a device that is free again, measured.
func (b *Book) Released(r call.Release) string {
	return b.T("farewell.released", "device", b.Source(r.Source), "ms", Milliseconds(r.Took))
}

// Stuck is one line of the receipt: a device that is not free, and what to do.
func (b *Book) Stuck(d call.Device) string {
	return b.T("farewell.stuck", "device", b.Device(d.Source, d.Name))
}

// Receipt is the list of what became of the devices: what is free again and
// what is not, or that nothing was open.
type Receipt struct {
	Free []string
	Open []string // each with what to do
	None string   // said when both are empty
}

// Receipt describes what the operating system reports about the devices.
func (b *Book) Receipt(l call.Left) Receipt {
	r := Receipt{}
	for _, d := range l.Released {
		r.Free = append(r.Free, b.Released(d))
	}
	for _, d := range l.Stuck {
		r.Open = append(r.Open, b.Stuck(d))
	}
	for _, d := range l.Open {
		stuck := slices.ContainsFunc(l.Stuck, func(s call.Device) bool { return s.Source == d.Source })
		if !stuck {
			r.Open = append(r.Open, b.T("farewell.open", "device", b.Device(d.Source, d.Name)))
		}
	}
	if len(r.Free)+len(r.Open) == 0 {
		r.None = b.T("farewell.nothing_open")
	}
	return r
}

// Stay describes how long a stay was, where, and with how many people. It is empty for one
// that never began.
func (b *Book) Stay(l call.Left) string {
	if l.Stayed <= 0 {
		return ""
	}
	return b.T("farewell.stay",
		"duration", b.Duration(l.Stayed), "room", b.RoomName(l.Title, l.Room), "people", b.People(max(l.People, 1)))
}

// WindowTitle is the window's title in a room, with the number of messages that nobody
// has read.
func (b *Book) WindowTitle(title string, room call.RoomID, unread int) string {
	text := b.RoomName(title, room) + " – " + b.T("app.name")
	if unread > 0 {
		text = "(" + b.Number(unread) + ") " + text
	}
	return text
}

// RoomName returns a room's title, else its ID.
func (b *Book) RoomName(title string, room call.RoomID) string {
	switch {
	case title != "":
		return title
	case room != "":
		return string(room)
	default:
		return b.T("room.untitled")
	}
}
