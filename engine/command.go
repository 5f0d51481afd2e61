package engine

import (
	"foyer/engine/call"
)

// Command is a wish, given to [Engine.Do]: values only. Word is its name on the
// command line and in [call.CommandFailed].
//
//sumtype:decl
type Command interface {
	Word() string
	command()
}

// Choice is which devices a stay begins with: for each the empty string for
// the default device, call.DeviceNone, call.DeviceTest, a device's name or ID,
// or a file. Publish, Unpublish, Mute, Unmute and SelectDevice change it until
// then. The devices open while the server is dialed, but not while a host has to let
// us in.
type Choice struct {
	Camera     string
	Microphone string
	Speaker    string
	Screen     bool
	Previewed  bool // until the stay has begun, nothing is open but previews
}

// Join begins a stay. While another one is ending it waits for that end.
type Join struct {
	Link     call.Link
	Name     string
	Identity call.Identity
	Devices  Choice
}

// StartRoom starts the room server of this computer, if it does not run yet,
// makes a room and joins it.
type StartRoom struct {
	Room     call.RoomID
	Title    string
	Name     string
	Identity call.Identity
	Devices  Choice
}

// SwitchRoom goes to another room and keeps the preview.
type SwitchRoom struct{ Link call.Link }

// Leave ends the stay. Room may be empty; otherwise it must be the room that we
// are in (contract L10), or that a SwitchRoom asks to let us in: then that is taken
// back, and the stay goes on.
type Leave struct{ Room call.RoomID }

// StartPreview opens a camera or a microphone before a stay, so that the user
// sees and hears it work. The device is handed to the next stay. In a room it
// also opens a screen, so that the user sees which one to share.
type StartPreview struct {
	Source call.Source
	Device string
}

// StopPreview closes it. In a room it is refused for a published source.
type StopPreview struct{ Source call.Source }

// Publish opens a camera, microphone or screen and shows it to the room.
type Publish struct {
	Source call.Source
	Device string
}

// Unpublish takes it away and releases the device.
type Unpublish struct{ Source call.Source }

// Mute stops sending. A muted camera is released, so that its light goes out;
// a muted microphone stays open.
type Mute struct{ Source call.Source }

// Unmute sends again.
type Unmute struct{ Source call.Source }

// SelectDevice uses another device for a source from now on; what is open is
// replaced.
type SelectDevice struct {
	Source call.Source
	Device string
}

// TestDevice lets the user hear a speaker play a tone, or a microphone: it is
// recorded for a moment, and that is played. It uses what is open, or opens it for
// as long as the test takes. A new test ends the one before. While a microphone is
// tested, the room does not hear it.
type TestDevice struct {
	Source call.Source
	Device string
}

// StopTest ends the test, if there is one.
type StopTest struct{}

// SetQuality limits the video. SendHeight is the most lines in which our camera is
// sent, 0 for no limit; a shared screen is not limited. With AudioOnly no video of
// others is sent to us.
type SetQuality struct {
	SendHeight int
	AudioOnly  bool
}

// SetTrackView tells in what size a remote video is shown, 0x0 for a size that is
// not known yet. Disabled hides it: it is neither sent to us nor decoded.
type SetTrackView struct {
	Track         call.SID
	Width, Height int
	Disabled      bool
}

// Abort ends the stay because the program around the engine cannot go on. Err
// says why and becomes [call.Left]'s: the reason is internal, or connection_lost
// if it is the server's fault (call.ErrServerFlood).
type Abort struct{ Err error }

// RefreshDevices lists the devices anew; [call.DevicesChanged] answers.
type RefreshDevices struct{}

// Stats asks for a [call.StatsReported].
type Stats struct{}

// SendChat says something to the room.
type SendChat struct{ Text string }

// Fault breaks something on purpose. It is refused unless Config.Faults is set,
// which only the tests of the way out do.
type Fault struct{ Kind string }

// FaultPanic panics in the engine's goroutine.
const FaultPanic = "panic"

// Word is the command's name on the command line.
func (Join) Word() string           { return "join" }
func (StartRoom) Word() string      { return "start" }
func (SwitchRoom) Word() string     { return "switch" }
func (Leave) Word() string          { return "leave" }
func (StartPreview) Word() string   { return "preview" }
func (StopPreview) Word() string    { return "stop_preview" }
func (Publish) Word() string        { return "publish" }
func (Unpublish) Word() string      { return "unpublish" }
func (Mute) Word() string           { return "mute" }
func (Unmute) Word() string         { return "unmute" }
func (SelectDevice) Word() string   { return "select_device" }
func (TestDevice) Word() string     { return "test_device" }
func (StopTest) Word() string       { return "stop_test" }
func (SetQuality) Word() string     { return "quality" }
func (SetTrackView) Word() string   { return "view" }
func (Abort) Word() string          { return "abort" }
func (RefreshDevices) Word() string { return "devices" }
func (Stats) Word() string          { return "stats" }
func (SendChat) Word() string       { return "chat" }
func (Fault) Word() string          { return "fault" }

func (Join) command()           {}
func (StartRoom) command()      {}
func (SwitchRoom) command()     {}
func (Leave) command()          {}
func (StartPreview) command()   {}
func (StopPreview) command()    {}
func (Publish) command()        {}
func (Unpublish) command()      {}
func (Mute) command()           {}
func (Unmute) command()         {}
func (SelectDevice) command()   {}
func (TestDevice) command()     {}
func (StopTest) command()       {}
func (SetQuality) command()     {}
func (SetTrackView) command()   {}
func (Abort) command()          {}
func (RefreshDevices) command() {}
func (Stats) command()          {}
func (SendChat) command()       {}
func (Moderate) command()       {}
func (Fault) command()          {}
