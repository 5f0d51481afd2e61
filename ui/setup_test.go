package ui

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/report"
	"foyer/ui/saved"
	"foyer/ui/theme"
	"foyer/ui/uitest"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

var ctrlComma = &desktop.CustomShortcut{KeyName: fyne.KeyComma, Modifier: fyne.KeyModifierShortcutDefault}

// pressSettings presses the key of the settings.
func (b *bench) pressSettings() {
	b.t.Helper()
	b.ui.win.Canvas().(fyne.Shortcutable).TypedShortcut(ctrlComma)
}

// turn goes to a page.
func (b *bench) turn(p model.Page) { b.ui.presses.actions.OpenSettings(p) }

func (b *bench) picker(icon int) *kit.Picker {
	b.t.Helper()
	var all []*kit.Picker
	uitest.Walk(b.ui.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if p, ok := o.(*kit.Picker); ok {
			all = append(all, p)
		}
	})
	return all[icon]
}

var (
	cam1 = call.Device{Source: call.SourceCamera, ID: "cam1", Name: "Webcam", Default: true}
	mic1 = call.Device{Source: call.SourceMicrophone, ID: "mic1", Name: "Built-in", Default: true}
	mic2 = call.Device{Source: call.SourceMicrophone, ID: "mic2", Name: "Headset"}
	spk1 = call.Device{Source: call.SourceSpeaker, ID: "spk1", Name: "Speakers", Default: true}
)

// In a room the settings are opened by a key; a microphone that is chosen there is
// used at once and remembered; Escape closes them.
func TestSettingsChooseADeviceInTheRoom(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.events(call.DevicesChanged{Devices: []call.Device{cam1, mic1, mic2, spk1}}, call.DeviceOpened{Device: mic1})
	b.engine.take()
	b.pressSettings()
	if !b.says("In use: Built-in") {
		t.Error("what is in use is not said")
	}
	p := b.picker(1)
	p.OnPicked("mic2")
	b.want(engine.SelectDevice{Source: call.SourceMicrophone, Device: "mic2"})
	if b.memory.set.Microphone != "mic2" || b.memory.set.Names["microphone"] != "Headset" {
		t.Errorf("remembered %+v", b.memory.set)
	}
	b.events(call.DeviceClosed{Device: mic1}, call.DeviceOpened{Device: mic2})
	if !b.says("In use: Headset") || b.says("In use: Built-in") {
		t.Error("the microphone that is in use now is not said")
	}
	b.events(call.DevicesChanged{Devices: []call.Device{cam1, mic1, spk1}})
	if !b.says("“Headset” is not connected") {
		t.Error("a missing microphone is not said by its name")
	}
	b.ui.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if b.ui.state.Setup.Open() || len(b.ui.win.Canvas().Overlays().List()) != 0 {
		t.Error("Escape does not close them")
	}
	b.want()
}

// While the page of the devices is open they are listed again and again, and not
// otherwise; a list that fails is said once, in place.
func TestSettingsFollowTheDevices(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	listed := func(d time.Duration) (n int) {
		b.engine.done = nil
		for end := b.now.Add(d); b.now.Before(end); b.now = b.now.Add(100 * time.Millisecond) {
			b.ui.root.Tick(b.now)
		}
		for _, c := range b.engine.done {
			if _, ok := c.(engine.RefreshDevices); ok {
				n++
			}
		}
		return n
	}
	if n := listed(10 * time.Second); n != 0 {
		t.Errorf("listed %d times while nobody chooses", n)
	}
	b.pressSettings()
	if n := listed(5 * listEvery); n < 4 || n > 6 {
		t.Errorf("listed %d times", n)
	}
	for range 3 {
		b.events(call.CommandFailed{Command: "devices", Err: call.ErrNoSoundServer})
	}
	if len(b.ui.state.Notices) != 0 || !b.says("Check that other programs play sound") {
		t.Errorf("it is not said in place: %v", b.ui.state.Notices)
	}
	b.events(call.DevicesChanged{Devices: []call.Device{mic1}})
	if b.says("Check that other programs play sound") {
		t.Error("it is over, and still said")
	}
	b.turn(model.PageVideo)
	if n := listed(10 * time.Second); n != 0 {
		t.Errorf("listed %d times on another page", n)
	}
}

// Settings cover the lobby: of their pages one shows the preview, and behind the
// others none is open. It comes back with the lobby.
func TestNoPreviewBehindSettings(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true}, "")
	held := b.engine.take()
	b.events(call.PreviewStarted{Device: cam1, Slot: &call.FrameSlot{}}, call.PreviewStarted{Device: mic1, Level: func() float32 { return 0 }})
	open := func(when string, want int) {
		t.Helper()
		held = append(held, b.engine.take()...)
		if n := heldBy(held); n != want {
			t.Errorf("%s: %d previews are open, want %d", when, n, want)
		}
	}
	open("lobby", 2)
	b.pressSettings()
	open("devices", 2)
	for _, p := range model.Pages()[1:] {
		b.turn(p)
		open("page "+string(rune('0'+p)), 0)
	}
	b.pressSettings()
	open("lobby again", 2)
}

// A camera that is off is shown on request, and closed with the page, whatever ends
// that. It stays off in the lobby and in the room.
func TestTryingACamera(t *testing.T) {
	for name, end := range map[string]func(*bench){
		"hidden":     func(b *bench) { b.tap("Hide") },
		"closed":     func(b *bench) { b.pressSettings() },
		"other page": func(b *bench) { b.turn(model.PageVideo) },
		"no camera":  func(b *bench) { b.ui.presses.Pick(call.SourceCamera, call.DeviceNone) },
	} {
		for _, room := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				b := newBench(t, Settings{Name: "Ada", MicOff: true}, invite("r-1").String())
				if room {
					b.tap("Join")
					b.join(invite("r-1"), ada)
				}
				b.engine.take()
				b.pressSettings()
				b.want()
				b.tap("Show me")
				b.want(engine.StartPreview{Source: call.SourceCamera})
				b.events(call.PreviewStarted{Device: cam1, Slot: &call.FrameSlot{}})
				if !b.says("Only you see this.") {
					t.Error("nobody says who sees it")
				}
				for _, tile := range b.ui.state.Tiles() {
					if tile.Self && tile.Slot != nil {
						t.Error("our tile shows a camera that is off")
					}
				}
				end(b)
				b.want(engine.StopPreview{Source: call.SourceCamera})
				if b.memory.set.CameraOn {
					t.Error("the camera is on now")
				}
			})
		}
	}
}

// A camera that cannot be tried in a room is said on the page, and tried again when
// the user wants it: not by itself, for ever.
func TestTryingABusyCamera(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", MicOff: true}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.engine.take()
	b.pressSettings()
	b.tap("Show me")
	b.want(engine.StartPreview{Source: call.SourceCamera})
	busy := &call.DeviceError{Source: call.SourceCamera, Err: call.ErrDeviceBusy}
	b.events(call.CommandFailed{Command: engine.StartPreview{}.Word(), Source: call.SourceCamera, Err: busy})
	b.events(call.DevicesChanged{Devices: []call.Device{cam1}})
	b.want()
	if len(b.ui.state.Notices) != 0 || b.ui.state.Trouble[call.SourceCamera] == nil {
		t.Errorf("notices %v, trouble %v", b.ui.state.Notices, b.ui.state.Trouble)
	}
}

// Going to another room closes a camera that the settings alone show.
func TestATriedCameraAndASwitch(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", MicOff: true}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.pressSettings()
	b.tap("Show me")
	b.events(call.PreviewStarted{Device: cam1, Slot: &call.FrameSlot{}})
	b.engine.take()
	b.ui.switchTo(invite("r-2"))
	b.want(engine.StopPreview{Source: call.SourceCamera}, engine.SwitchRoom{Link: invite("r-2")})
}

// A tried camera that is then shown to the room is the room's: closing the settings
// does not take it away.
func TestATriedCameraThatIsShared(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", MicOff: true}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.pressSettings()
	b.tap("Show me")
	b.events(call.PreviewStarted{Device: cam1, Slot: &call.FrameSlot{}})
	b.engine.take()
	b.ui.presses.ToggleCamera()
	b.want(engine.Publish{Source: call.SourceCamera})
	b.pressSettings()
	b.want()
}

// A test is started and stopped by one button, and stopped by whatever hides the
// page. Its countdown is seen.
func TestSettingsTestADevice(t *testing.T) {
	start := func(t *testing.T) *bench {
		b := newBench(t, Settings{Name: "Ada", Microphone: "mic2", Asked: true, MicOff: true}, "")
		b.events(call.DevicesChanged{Devices: []call.Device{cam1, mic1, mic2, spk1}})
		b.pressSettings()
		b.tap("Record and play")
		b.want(engine.TestDevice{Source: call.SourceMicrophone, Device: "mic2"})
		b.events(call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestOpening})
		b.events(call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestRecording, Length: 3 * time.Second})
		return b
	}
	t.Run("to its end", func(t *testing.T) {
		b := start(t)
		for _, says := range []string{"Say something… 3", "Say something… 2", "Say something… 1"} {
			b.ui.root.Tick(b.now)
			if !b.says(says) {
				t.Errorf("%q is not said", says)
			}
			b.now = b.now.Add(1100 * time.Millisecond)
		}
		b.events(call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestPlaying, Length: 3 * time.Second})
		if !b.says("This is what was heard") {
			t.Error("nothing says that it is played")
		}
		b.events(call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestEnded})
		b.pressSettings()
		b.want()
	})
	t.Run("silence", func(t *testing.T) {
		b := start(t)
		b.events(call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestEnded, Err: &call.DeviceError{Source: call.SourceMicrophone, Err: call.ErrNothingHeard}})
		if !b.says("Nothing was heard.") {
			t.Error("the silence is not told")
		}
	})
	for name, end := range map[string]func(*bench){
		"stopped":    func(b *bench) { b.tap("Stop") },
		"closed":     func(b *bench) { b.pressSettings() },
		"other page": func(b *bench) { b.turn(model.PageVideo) },
		"after the end of the one before": func(b *bench) {
			b.events(call.TestChanged{Source: call.SourceSpeaker, Stage: call.TestEnded},
				call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestOpening})
			b.pressSettings()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			end(b)
			b.want(engine.StopTest{})
		})
	}
	t.Run("without a speaker", func(t *testing.T) {
		b := newBench(t, Settings{Name: "Ada", Speaker: call.DeviceNone}, "")
		b.engine.take()
		b.pressSettings()
		for _, name := range []string{"Record and play", "Play a sound"} {
			if o := b.find(name).(*kit.Button); !o.Disabled() {
				t.Errorf("%q can be pressed", name)
			}
		}
	})
}

// Whatever takes the room away takes the settings away: the farewell is seen.
func TestSettingsEndWithTheirScreen(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.pressSettings()
	if !b.ui.state.Setup.Open() {
		t.Fatal("they are not open in the lobby")
	}
	b.pressSettings()
	b.tap("Join")
	b.pressSettings()
	b.join(invite("r-1"), ada)
	if len(b.ui.win.Canvas().Overlays().List()) != 0 {
		t.Error("the lobby's settings lie over the room")
	}
	b.pressSettings()
	b.tap("Show me")
	b.engine.take()
	b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle},
		call.Left{Room: "r-1", Reason: call.ReasonRemoved, Stayed: time.Minute, People: 2})
	if len(b.ui.win.Canvas().Overlays().List()) != 0 || b.ui.state.Setup.Open() {
		t.Error("settings lie over the farewell")
	}
	b.pressSettings()
	if b.ui.state.Setup.Open() {
		t.Error("they can be opened over the farewell")
	}
	b.want(hideCamera) // the engine may have been asked for it after the end
}

// A question comes first: the settings neither open over it nor close below it.
func TestSettingsWaitForTheAnswer(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.pressSettings()
	b.ui.OpenLink(t.Context(), invite("r-2").String())
	b.pressSettings()
	if n := len(b.ui.win.Canvas().Overlays().List()); n != 2 {
		t.Errorf("%d overlays, want the settings and the question", n)
	}
}

// What is chosen is applied and saved at once.
func TestSettingsAreAppliedAtOnce(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.engine.take()
	b.pressSettings()
	b.turn(model.PageVideo)
	b.tap("360p")
	b.want(engine.SetQuality{SendHeight: 360})
	b.tap("On")
	b.want(engine.SetQuality{SendHeight: 360, AudioOnly: true})
	b.turn(model.PageAppearance)
	b.tap("Light")
	b.tap("Larger")
	b.tap("On")
	b.want()
	want := Settings{Name: "Ada", SendHeight: 360, AudioOnly: true, Theme: "light", Text: "largest", Still: true}
	if got := b.memory.set; got.SendHeight != 360 || !got.AudioOnly || got.Theme != "light" || got.Text != "largest" || !got.Still {
		t.Errorf("saved %+v, want %+v", got, want)
	}
	shown := b.ui.cfg.App.Settings().Theme()
	if shown.Color(theme.Background, fynetheme.VariantDark) != theme.Fixed(fynetheme.VariantLight).Color(theme.Background, 0) {
		t.Error("it is not light")
	}
	if theme.Text(10) != 14 || theme.Moves() {
		t.Errorf("texts of 10 are %v, something moves: %v", theme.Text(10), theme.Moves())
	}

	again := newBench(t, b.memory.set, "")
	again.want(engine.SetQuality{SendHeight: 360, AudioOnly: true})
	if theme.Text(10) != 14 || !again.ui.state.Setup.AudioOnly {
		t.Error("the next start has forgotten it")
	}
}

// A file that somebody has edited by hand asks the engine for nothing odd.
func TestOddSettings(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", SendHeight: -3, Theme: "pink", Text: "huge", Recent: make([]Recent, 500)}, "")
	b.want()
	if set := b.ui.set; set.SendHeight != 0 || set.Theme != "" || set.Text != "" || len(set.Recent) != saved.MaxRecent {
		t.Errorf("taken over: %d, %q, %q, %d rooms", set.SendHeight, set.Theme, set.Text, len(set.Recent))
	}
}

// Settings that were put aside, or cannot be saved, are told in the window, once.
func TestTroubleWithTheSettingsIsTold(t *testing.T) {
	for err, says := range map[error]string{
		words.ErrSettingsDamaged: "settings.json.damaged", words.ErrSettingsNewer: "newer version of Foyer",
	} {
		b := newBenchWhose(t, &memory{unread: err}, "")
		if !b.says(says) {
			t.Errorf("%v is not told", err)
		}
	}
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.memory.full = words.ErrSettingsUnsaved
	for range 3 {
		b.ui.presses.ToggleMic()
	}
	if n := len(b.ui.state.Notices); n != 1 || !b.says("The profile folder cannot be written to.") {
		t.Errorf("told %d times", n)
	}
	b.memory.full = nil
	b.ui.presses.ToggleMic()
	b.memory.full = errors.New("full again")
	b.ui.presses.ToggleMic()
	if n := len(b.ui.state.Notices); n != 2 {
		t.Errorf("a new fault is told %d times", n-1)
	}
}

// The report has what went wrong and what there is, and nobody's name, link or room.
func TestTheReportKeepsSecrets(t *testing.T) {
	link := invite("r-secret")
	b := newBench(t, Settings{
		Name: "Ada Lovelace", Recent: []Recent{{Room: "r-secret", Title: "Salary talks", Link: link.String()}},
	}, link.String())
	b.ui.cfg.Program.Version = "foyer 1.2.3 linux/amd64"
	b.events(call.DevicesChanged{Devices: []call.Device{mic1}}, call.DeviceOpened{Device: mic1})
	b.tap("Join")
	b.join(link, ada, call.Participant{Identity: "bob", SID: "PA_b", Name: "Bob Builder"})
	b.events(call.CommandFailed{Command: "publish", Source: call.SourceCamera, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Webcam", Err: call.ErrDeviceBusy}})
	for range 2 * report.MaxFaults {
		b.events(call.CommandFailed{Command: "chat", Err: call.ErrChatTooFast, Text: "a whispered word"})
	}
	b.pressSettings()
	b.turn(model.PageDiagnostics)
	b.tap("Copy the report")
	got := b.clip.Content()
	for _, want := range []string{"foyer 1.2.3", `microphone "Built-in" (default) (open)`, "screen: room, joined, 2 people", "recent rooms: 1", "chat: "} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, secret := range []string{"Ada", "Lovelace", "Bob", "secret", "Salary", "foyer://", "whispered", string(ada.Identity)} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is in the report:\n%s", secret, got)
		}
	}
	if n := strings.Count(got, "chat: "); n != report.MaxFaults {
		t.Errorf("%d errors", n)
	}
	if b.find("Copied") == nil {
		t.Error("nothing confirms it")
	}
}

// The folder and the licences are opened by the system; what does not open is said.
func TestOpeningFolderAndLicences(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.ui.cfg.Program.Folder = "/home/ada/.config/foyer"
	b.ui.cfg.Program.Libraries = func() []settings.Library { return nil }
	b.ui.cfg.WriteLicences = func() (string, error) { return "/tmp/licences.txt", nil }
	var opened []string
	b.ui.cfg.OpenURL = func(u *url.URL) error {
		opened = append(opened, u.String())
		return nil
	}
	b.pressSettings()
	b.turn(model.PageDiagnostics)
	b.tap("Open the folder")
	b.turn(model.PageAbout)
	b.tap("Open their licences")
	if got := strings.Join(opened, " "); got != "file:///home/ada/.config/foyer file:///tmp/licences.txt" {
		t.Errorf("opened %s", got)
	}
	b.ui.cfg.OpenURL = func(*url.URL) error { return errors.New("no program for it") }
	b.tap("Open their licences")
	if len(b.ui.state.Notices) != 1 {
		t.Error("nobody says that nothing opens")
	}
}

// Rooms are taken off the list one by one and all, and come back. A room that is
// started again does not pile up.
func TestRecentRoomsAreForgotten(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	b := newBench(t, Settings{Name: "Ada", Recent: []Recent{
		{Room: "r-1", Title: "Review", Link: invite("r-1").String(), At: at}, {Room: "r-2", Title: "Own", Own: true, At: at},
	}}, "")
	if !b.says("today 09:30") {
		t.Error("the time is not shown")
	}
	b.tap("Forget “Review”")
	if len(b.memory.set.Recent) != 1 || b.memory.set.Recent[0].Title != "Own" {
		t.Errorf("remembered %+v", b.memory.set.Recent)
	}
	b.tap("Undo")
	if len(b.memory.set.Recent) != 2 {
		t.Error("it does not come back")
	}
	b.tap("Forget all")
	if len(b.memory.set.Recent) != 0 || b.says("Review") {
		t.Error("not all are forgotten")
	}
	b.tap("Undo")
	if len(b.memory.set.Recent) != 2 || b.says("Undo") {
		t.Error("they do not come back")
	}
	var s Settings
	for i, room := range []call.RoomID{"r-a", "r-b", "r-c"} {
		s.Remember(Recent{Room: room, Title: "Ada's room", Own: true, At: at.Add(time.Duration(i) * time.Minute)})
		s.Remember(Recent{Room: room, Title: "Ada's room", Link: "foyer://x"})
	}
	if len(s.Recent) != 4 || s.Recent[1].Room != "r-c" || !s.Recent[1].Own {
		t.Errorf("%+v", s.Recent)
	}
}

// What is done to our microphone is applied and saved at once, and at the next start.
func TestSettingsOfTheVoice(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.engine.take()
	b.pressSettings()
	b.turn(model.PageVoice)
	b.tap("Strong")
	b.want(engine.SetVoice{Voice: mic.Voice{Noise: mic.NoiseStrong}})
	want := mic.Voice{Noise: mic.NoiseStrong}
	if got := b.memory.set.Voice; got != want {
		t.Errorf("saved %+v", got)
	}
	newBench(t, b.memory.set, "").want(engine.SetVoice{Voice: want})
	newBench(t, Settings{Name: "Ada"}, "").want()
}
