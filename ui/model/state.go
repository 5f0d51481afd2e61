// Package model is what the window shows, as plain values: a [State] that
// events of the engine change, without clock, goroutine or toolkit. The same
// events always give the same state.
//
// A State belongs to one goroutine: the window's main one.
package model

import (
	"slices"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// Screen is which of the window's screens is shown.
type Screen int

// Screens.
const (
	ScreenLobby Screen = iota // also while joining
	ScreenRoom
	ScreenFarewell
)

func (s Screen) String() string {
	switch s {
	case ScreenRoom:
		return "room"
	case ScreenFarewell:
		return "farewell"
	case ScreenLobby:
	}
	return "lobby"
}

// ShowsPreview reports whether a screen shows ourselves before a stay: video,
// level and the buttons that stop them. Where nothing of it is seen, nothing is
// open.
func (s Screen) ShowsPreview() bool {
	switch s {
	case ScreenLobby:
		return true
	case ScreenRoom, ScreenFarewell:
	}
	return false
}

// Attempt is a stay that is being begun, or was begun last: enough to do it
// again.
type Attempt struct {
	Active    bool // between the command and Joined or Left
	Cancelled bool // by the user, who is then shown the lobby and no farewell
	Queued    bool // given during a stay, whose Left is still to come
	Since     time.Time
	Start     bool // start a room of our own, rather than join by Link
	Room      call.RoomID
	Title     string
	Link      call.Link
	Camera    bool // the stay begins with it
	Mic       bool
	Back      *Attempt // the stay that we come from, until we are in the next one
	Failed    []Notice // of devices that did not open or are off: told in the room, where nobody sees the lobby's word
}

// Choose changes whether the stay begins with a source. What failed before is of the
// past.
func (a *Attempt) Choose(source call.Source, on bool) {
	a.Failed = slices.DeleteFunc(slices.Clone(a.Failed), func(n Notice) bool { return n.Source == source })
	switch source {
	case call.SourceCamera:
		a.Camera = on
	case call.SourceMicrophone:
		a.Mic = on
	default:
	}
}

// begins tells how the stay begins with a device.
func (a *Attempt) begins(source call.Source, wanted bool) Local {
	for _, n := range a.Failed {
		wanted = wanted && n.Source != source
	}
	return Local{Pending: wanted, Want: wanted}
}

// Room is where we are.
type Room struct {
	ID       call.RoomID
	Title    string
	Link     call.Link // for inviting others
	JoinedAt time.Time
	Hosting  bool
	Outside  string       // while hosting: who came in from outside first
	Router   reach.Router // while hosting: what the router says
}

// Preview is an open camera, screen or microphone of ours.
type Preview struct {
	Device call.Device
	Slot   *call.FrameSlot
	Level  func() float32 // of a microphone
	Voice  func() bool    // whether somebody speaks into it; nil: not known
}

// Local is one source of ours in the room.
type Local struct {
	Published bool
	Muted     bool
	Pending   bool // a command is under way, to make it Want
	Want      bool
	ByHost    bool // muted by the host, and we have not unmuted ourselves since
}

// On reports whether the source is on, or is being turned on.
func (l Local) On() bool {
	if l.Pending {
		return l.Want
	}
	return l.Published && !l.Muted
}

// State is everything that the window shows.
type State struct {
	Screen Screen
	// Away is set while the window is not before the user's eyes: what is said
	// then is not read.
	Away    bool
	Engine  call.State
	Attempt Attempt
	Switch  *Attempt // the room whose door is asked while a stay goes on; nil: none
	Room    Room
	// Standing is what the room's rules let us do; the zero value outside.
	Standing call.Standing
	People   []*Person // ourselves first, then as they came

	Panel  Panel
	Chat   Chat
	Search string // in the list of people
	// Members and Bans are what the door has told us, if we may moderate: it
	// does so when it is asked.
	Members   map[call.Identity]call.MemberRow
	Bans      []call.BanRow
	BansKnown bool
	PanelErr  PanelError // why the door did not tell us
	Waiting   Waiting    // to be let in

	Devices  []call.Device
	Previews map[call.Source]Preview
	Opening  map[call.Source]bool  // a preview that was asked for and is not there yet
	Trouble  map[call.Source]error // why a preview is not there
	Local    map[call.Source]Local
	Share    *Share // nil: no screen is being chosen
	Stage    Stage
	Talk     Talk
	Setup    Setup // the settings
	Release  Release

	Hands     Hands
	Reactions map[call.Identity]Reacting // those that are shown
	Volumes   map[call.Identity]int      // in percent, of people whose volume is set

	// RulesAsked is the word of a command that changes the rules, while it is under
	// way, and RulesErr why the last one was refused.
	RulesAsked string
	RulesErr   error

	Screens   Screens
	Switching Switching
	Ruling    Ruling
	Gestures  Gestures
	Selection Selection

	NameErr error // beside the name field
	LinkErr error // beside the link field

	Notices []Notice
	Left    *call.Left // the last stay's end, for the farewell; nil before
	// ServerRestarting is set while the room server of this computer is started
	// again.
	ServerRestarting bool

	reached  call.RoomServerReached // the last that was heard
	noticeID int
	louder   map[call.Identity]int  // before they were silent for us
	selected map[call.Identity]bool // in the list of people
	named    map[call.Identity]string
}

// New is the state of a window that was just opened.
func New() *State {
	s := &State{
		Engine: call.StateIdle, Previews: map[call.Source]Preview{}, Opening: map[call.Source]bool{},
		Trouble: map[call.Source]error{}, Local: map[call.Source]Local{},
		Setup: Setup{InUse: map[call.Source]call.Device{}},
	}
	s.Screens, s.Switching, s.Ruling = Screens{s}, Switching{s}, Ruling{s}
	s.Gestures, s.Selection = Gestures{s}, Selection{s}
	s.Gestures.reset()
	s.closePanel()
	return s
}

// InRoom reports whether a stay has begun and not ended.
func (s *State) InRoom() bool { return s.Screen == ScreenRoom }

// Busy reports whether a stay is being begun.
func (s *State) Busy() bool { return s.Attempt.Active }

// Begin records an accepted Join or StartRoom.
func (s *State) Begin(a Attempt) {
	a.Active, a.Cancelled = true, false
	a.Queued = s.InRoom() || s.Engine == call.StateLeaving
	s.Attempt = a
	s.NameErr, s.LinkErr = nil, nil
	if !a.Queued {
		s.Screen = ScreenLobby
	}
}

// Cancel records that the user gave the attempt up.
func (s *State) Cancel() { s.Attempt.Cancelled = true }

// ToLobby leaves the farewell.
func (s *State) ToLobby() {
	if s.Screen == ScreenFarewell {
		s.Screen = ScreenLobby
	}
}

// Ask records a command that will turn a source of ours on or off.
func (s *State) Ask(source call.Source, on bool) {
	l := s.Local[source]
	l.Pending, l.Want = true, on
	s.Local[source] = l
}

// AskPreview records an accepted StartPreview.
func (s *State) AskPreview(source call.Source) {
	s.Opening[source] = true
	delete(s.Trouble, source)
}

// Notice is something to tell in passing.
type Notice struct {
	ID      int
	At      time.Time
	Kind    NoticeKind
	Name    string           // of the participant
	More    int              // NoticeJoined: so many others came with them
	Outside bool             // NoticeJoined: they are the first who came from outside
	Reason  call.LeaveReason // NoticeGone
	Device  call.Device      // NoticeDeviceLost
	Err     error
	Passing bool // NoticeDeviceLost: another device has taken its place
	// Command and Source are about NoticeFailed.
	Command string
	Source  call.Source

	Count    int // of hands that are up, NoticeHand
	Obstacle Obstacle

	Done   []Outcome
	Undone []Outcome      // NoticeModerated: the people it failed for
	Undo   call.Operation // takes it back for those in Done; empty: nothing does
}

// How long notices that pass are shown. One that offers to take something back has
// to be read first.
const (
	noticeFor = 5 * time.Second
	undoFor   = 10 * time.Second
)

// Over reports whether a notice has passed.
func (n Notice) Over(now time.Time) bool {
	shown := noticeFor
	if n.Undo != "" || len(n.Undone) > 0 {
		shown = undoFor
	}
	return !n.Sticky() && now.Sub(n.At) >= shown
}

// NoticeKind is what a notice is about.
type NoticeKind int

// Kinds of notices.
const (
	NoticeUnknown       NoticeKind = iota
	NoticeJoined                   // somebody came
	NoticeGone                     // somebody is gone, and why
	NoticeFailed                   // a command could not be done
	NoticeDeviceLost               // a device of ours went away by itself
	NoticeMutedByHost              // the host muted us, and we may unmute ourselves
	NoticeKeptMuted                // the host muted us until the host lets us speak again
	NoticeListening                // our role is to listen
	NoticeServerStopped            // the room server of this computer ended
	NoticeCopied                   // the invite link is on the clipboard
	NoticeWoke                     // the computer slept for Name: we are muted, and the camera is off
	NoticeWokeBefore               // the same, before we were in a room
	NoticeHand                     // somebody raises a hand
	NoticeHandLowered              // ours was lowered by somebody else
	NoticeModerated                // what an operation on people has done
	NoticeCrashed                  // an earlier start ended in the room Name, without a word
	NoticeWaiters                  // Name and More others wait to be let in
	NoticeNoFont                   // no font has the characters of the language with the code Name
	NoticeTalkKey                  // the key Name does not work in every window, because of Obstacle
)

// Sticky notices stay until they are dismissed; the others pass.
func (n Notice) Sticky() bool {
	switch n.Kind {
	case NoticeFailed, NoticeDeviceLost, NoticeServerStopped, NoticeCrashed, NoticeNoFont, NoticeWoke, NoticeWokeBefore,
		NoticeTalkKey, NoticeWaiters:
		return !n.Passing
	default:
		return false
	}
}

// maxNotices limits what a storm of joins can pile up.
const maxNotices = 20

// Notify adds a notice.
func (s *State) Notify(n Notice) {
	s.noticeID++
	n.ID = s.noticeID
	s.Notices = append(s.Notices, n)
	if over := len(s.Notices) - maxNotices; over > 0 {
		s.Notices = append([]Notice(nil), s.Notices[over:]...)
	}
}

// Dismiss takes a notice away.
func (s *State) Dismiss(id int) { s.drop(func(n Notice) bool { return n.ID == id }) }

// Withdraw takes all notices of a kind away.
func (s *State) Withdraw(kind NoticeKind) { s.drop(func(n Notice) bool { return n.Kind == kind }) }

func (s *State) drop(away func(Notice) bool) {
	s.Notices = slices.DeleteFunc(slices.Clone(s.Notices), away)
}
