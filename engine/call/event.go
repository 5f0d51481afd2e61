package call

import (
	"time"

	"foyer/engine/call/reach"
)

// Event is a fact that the engine reports: immutable, in the past tense. The
// window and the headless program are two readers of the same events.
//
//sumtype:decl
type Event interface{ event() }

// StateChanged is the engine's new state.
type StateChanged struct{ State State }

// Joined begins a stay.
type Joined struct {
	Room         RoomID
	Title        string
	Session      SID
	Self         Participant
	Participants []Participant
	Link         Link          // for inviting others
	Elapsed      time.Duration // since the Join command (contract J3)
	Hosting      bool          // the room runs on this computer
	Standing     Standing
}

// RoomUpdated replaces what Joined said, after a full reconnect.
type RoomUpdated struct {
	Session      SID
	Self         Participant
	Participants []Participant
}

// ParticipantJoined is somebody new. The same identity with another SID
// replaces an earlier participant.
type ParticipantJoined struct{ Participant Participant }

// ParticipantUpdated is somebody whose name or tracks changed.
type ParticipantUpdated struct{ Participant Participant }

// ParticipantLeft is somebody gone, and why (contract K4). The door's keeper also gets it
// for somebody it never saw join.
type ParticipantLeft struct {
	Participant Participant
	Reason      LeaveReason
	By, Text    string // who removed them and why, if the host told the room (contract K9)
}

// TrackPublished is an announced track of somebody else, or with Local set of
// our own.
type TrackPublished struct {
	ID    Identity
	Track Track
	Local bool
}

// TrackUnpublished takes an announced track away.
type TrackUnpublished struct {
	ID    Identity
	Track Track
	Local bool
}

// TrackMuted says that an announced track is silent or dark now.
type TrackMuted struct {
	ID     Identity
	Track  Track
	Local  bool
	ByHost bool
}

// TrackUnmuted says that it is heard or seen again.
type TrackUnmuted struct {
	ID    Identity
	Track Track
	Local bool
}

// TrackSubscribed says that a remote track is received; Slot has its frames,
// nil for audio.
type TrackSubscribed struct {
	ID    Identity
	Track Track
	Slot  *FrameSlot
}

// TrackUnsubscribed says that it is no longer received.
type TrackUnsubscribed struct {
	ID    Identity
	Track Track
}

// SpeakersChanged lists everybody who speaks now, loudest first, levels 0..1.
type SpeakersChanged struct{ Speakers []SpeakerLevel }

// SpeakerLevel is how loud somebody speaks.
type SpeakerLevel struct {
	ID    Identity `json:"id"`
	Level float32  `json:"level"`
}

// HandsChanged lists every raised hand, ours included, in the room's order.
type HandsChanged struct{ Hands []Hand }

// HandLowered says that ours was lowered, and not by us.
type HandLowered struct{}

// Hand is somebody's raised hand.
type Hand struct {
	ID Identity `json:"id"`
	At int64    `json:"at"` // as Participant.Hand
}

// Reacted is a reaction, of ours once it was sent, or of somebody else's.
type Reacted struct {
	ID       Identity
	Reaction Reaction
}

// VolumeChanged is how loud we play somebody, in percent of what they send.
type VolumeChanged struct {
	ID      Identity
	Percent int
}

// QualityChanged is the server's judgement of somebody's connection, ours included.
type QualityChanged struct {
	ID      Identity
	Quality Quality
}

// DataReceived is a user packet or a text stream.
type DataReceived struct {
	ID      Identity
	Topic   string
	Payload []byte
	Private bool // it was only for some people: a window that shows it must say so
}

// ChatReceived is something that was said: by others, by us, or, with History
// set, before we could hear it. Each message comes once; one of the history may
// be older than some that have come already (its Seq and At tell).
type ChatReceived struct {
	Message ChatMessage
	History bool
}

// Standing is what the room's rules mean for us. The zero value is that of a
// room without a door.
type Standing struct {
	Role    Role // empty at a server that is not a Foyer door
	Rules   RoomRules
	Muted   bool // by the host: we neither speak nor write, but still hear and read
	ChatOff bool // what is said now is not stored
}

// RulesChanged is our standing, whenever it is another one than before; the
// first is in [Joined].
type RulesChanged struct{ Standing Standing }

// WaitersChanged tells hosts and co-hosts how many people wait to be let in. Name is the
// newest; empty if nobody is new.
type WaitersChanged struct {
	Count int
	Name  string
}

// Moderated says what an operation has done. Only what the operation answers is
// filled in.
type Moderated struct {
	Op      Operation
	Results []PersonResult
	Members []MemberRow
	Bans    []BanRow
	Waiting []WaiterRow // those who wait longest
	More    int         // so many others wait
	Rules   *RoomRules
}

// PreviewStarted says that a camera or screen of ours shows its frames in
// Slot, or that a microphone of ours tells its loudness in Level. It comes for
// every device that opens, in a room or before.
type PreviewStarted struct {
	Device Device
	Slot   *FrameSlot     // nil for a microphone
	Level  func() float32 // 0..1, any goroutine; nil for frames
	Voice  func() bool    // whether somebody speaks, any goroutine; nil for frames
}

// PreviewStopped says that the preview is blank and its device is free.
type PreviewStopped struct{ Device Device }

// DevicesChanged is the list of devices.
type DevicesChanged struct{ Devices []Device }

// DeviceOpened says that a device of ours is in use now.
type DeviceOpened struct{ Device Device }

// DeviceClosed says that the operating system has it back.
type DeviceClosed struct{ Device Device }

// DeviceLost says that a device went away by itself; the stay goes on.
type DeviceLost struct {
	Device Device
	Err    error
}

// TestStage is how far the test of a device is. That of a speaker records nothing.
type TestStage string

// Stages of a test.
const (
	TestOpening   TestStage = "opening"
	TestRecording TestStage = "recording"
	TestPlaying   TestStage = "playing"
	TestEnded     TestStage = "ended"
)

// TestChanged says how far the test of a device is.
type TestChanged struct {
	Source Source
	Stage  TestStage
	Length time.Duration // of what is recorded or played
	Err    error         // why the test ended early; nil also if it was stopped
}

// RoomServerStarted says that the room server on this computer is ready.
type RoomServerStarted struct{ Link Link }

// RoomServerReached says by which addresses the room server on this computer is reached now,
// and what its router says. It replaces the addresses of the links given out by it.
type RoomServerReached struct {
	Hosts  []string
	Router reach.Router
}

// RoomServerStopped says that it has ended. Err is nil when we asked for it. With
// Restarting it is started again: RoomServerStarted follows, or another RoomServerStopped.
type RoomServerStopped struct {
	Err        error
	Restarting bool
}

// CommandFailed says that an accepted command could not be done. The stay goes
// on.
type CommandFailed struct {
	Command string // the command's word on the command line, such as "publish"
	Source  Source // for device commands
	Text    string // for chat: what was not said
	Err     error
	Results []PersonResult // of an operation on people that was of no use to anybody
}

// StatsReported answers the Stats command.
type StatsReported struct {
	Line   LineStats     `json:"line"`
	Remote []RemoteStats `json:"remote"`
	Local  []LocalStats  `json:"local"`
}

// Release says how long it took, from the beginning of the exit, until the
// operating system had a device back.
type Release struct {
	Source Source
	Device string
	Took   time.Duration
}

// Left ends a stay: exactly one per accepted Join, after everything is
// released, or with the names of what is stuck.
type Left struct {
	Room     RoomID
	Title    string
	Reason   LeaveReason
	By       string
	Text     string    // what the one who did it said
	Until    time.Time // end of a ban
	Err      error     // for join_failed, media_failed, connection_lost, internal
	Released []Release
	Stuck    []Device
	// Open is what the operating system says is open in this process now that
	// the stay has ended: nothing, unless a device does not let go or is kept
	// for what comes next.
	Open []Device
	// Preview is set when the user took the join back: the lobby comes next, so
	// its previews were kept. After any other end they are closed, because what
	// comes next does not show them.
	Preview bool
	Stayed  time.Duration // since Joined, 0 if never joined
	People  int           // the most that were there at once, ourselves included
	Hosting bool          // the room goes on, on this computer
	// Back is the room that a failed switch has come from; Link.Empty if the
	// stay did not begin with a switch, or the switch succeeded (contract O12).
	Back Link
}

func (StateChanged) event()       {}
func (Joined) event()             {}
func (RoomUpdated) event()        {}
func (ParticipantJoined) event()  {}
func (ParticipantUpdated) event() {}
func (ParticipantLeft) event()    {}
func (TrackPublished) event()     {}
func (TrackUnpublished) event()   {}
func (TrackMuted) event()         {}
func (TrackUnmuted) event()       {}
func (TrackSubscribed) event()    {}
func (TrackUnsubscribed) event()  {}
func (SpeakersChanged) event()    {}
func (HandsChanged) event()       {}
func (HandLowered) event()        {}
func (Reacted) event()            {}
func (VolumeChanged) event()      {}
func (QualityChanged) event()     {}
func (DataReceived) event()       {}
func (ChatReceived) event()       {}
func (RulesChanged) event()       {}
func (WaitersChanged) event()     {}
func (Moderated) event()          {}
func (PreviewStarted) event()     {}
func (PreviewStopped) event()     {}
func (DevicesChanged) event()     {}
func (DeviceOpened) event()       {}
func (DeviceClosed) event()       {}
func (DeviceLost) event()         {}
func (TestChanged) event()        {}
func (RoomServerStarted) event()  {}
func (RoomServerReached) event()  {}
func (RoomServerStopped) event()  {}
func (CommandFailed) event()      {}
func (StatsReported) event()      {}
func (Left) event()               {}
