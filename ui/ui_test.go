package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"go.uber.org/goleak"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/config"
	"foyer/ui/desk"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/saved"
	"foyer/ui/theme"
	"foyer/ui/uitest"
	"foyer/ui/video"
	"foyer/ui/view"
	"foyer/ui/words"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeEngine takes commands and refuses those whose word it is told to.
type fakeEngine struct {
	done   []engine.Command
	refuse map[string]error
}

func (f *fakeEngine) do(c engine.Command) error {
	if err := f.refuse[c.Word()]; err != nil {
		return err
	}
	f.done = append(f.done, c)
	return nil
}

// take answers and forgets the commands since the last call, without those
// that only ask.
func (f *fakeEngine) take() []engine.Command {
	var out []engine.Command
	for _, c := range f.done {
		switch c.(type) {
		case engine.RefreshDevices, engine.SetTrackView:
		default:
			out = append(out, c)
		}
	}
	f.done = nil
	return out
}

type memory struct {
	set    Settings
	saved  int
	unread error // of Load
	full   error // of Save
}

func (m *memory) Load() (Settings, error) { return m.set, m.unread }
func (m *memory) Save(s Settings) error {
	if m.full != nil {
		return m.full
	}
	m.set = s
	m.saved++
	return nil
}

type bench struct {
	t      *testing.T
	ui     *UI
	engine *fakeEngine
	memory *memory
	clip   fyne.Clipboard
	now    time.Time
	closed int
	desk   *fakeDesktop
	frame  *fakeFrame
}

func newBench(t *testing.T, set Settings, link string) *bench {
	t.Helper()
	return newBenchWhose(t, &memory{set: set}, link)
}

// newBenchWhose has settings that go wrong.
func newBenchWhose(t *testing.T, m *memory, link string) *bench {
	t.Helper()
	b := newBenchOf(t, m, link, func(*Config) {})
	b.draw()
	return b
}

// newBenchWith has another configuration.
func newBenchWith(t *testing.T, set Settings, change func(*Config)) *bench {
	t.Helper()
	b := newBenchOf(t, &memory{set: set}, "", change)
	b.draw()
	return b
}

// newBenchUndrawn has a window that has not shown anything yet.
func newBenchUndrawn(t *testing.T, set Settings, link string) *bench {
	t.Helper()
	return newBenchOf(t, &memory{set: set}, link, func(*Config) {})
}

func newBenchOf(t *testing.T, m *memory, link string, change func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, engine: &fakeEngine{refuse: map[string]error{}}, memory: m, clip: test.NewClipboard(), now: time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC), desk: &fakeDesktop{}, frame: &fakeFrame{}}
	cfg := Config{
		App: newApp(t), Do: b.engine.do, Events: eventqueue.New(), Settings: b.memory, Identity: "u-ada",
		Dispatch: func(f func()) { f() }, InitialLink: link, OnClosed: func() { b.closed++ }, Clipboard: b.clip,
		Theme: theme.Fixed(fynetheme.VariantDark), Now: func() time.Time { return b.now }, Random: bytes.NewReader(bytes.Repeat([]byte{7}, 64)),
		Glyphs: func(string) bool { return true }, Desktop: b.desk, Frame: func(fyne.Window) desk.Frame { return b.frame },
	}
	change(&cfg)
	b.ui = New(cfg)
	if err := b.ui.Show(); err != nil {
		t.Fatal(err)
	}
	return b
}

// draw lets the window be drawn, which nothing does by itself here: a painter
// asks every image for its pixels.
func (b *bench) draw() {
	uitest.Walk(b.ui.win.Content(), func(o fyne.CanvasObject) {
		if r, ok := o.(*canvas.Raster); ok {
			r.Generator(1, 1)
		}
	})
	b.ui.root.Tick(b.now)
}

func (b *bench) events(events ...call.Event) {
	var items []eventqueue.Stamped
	for _, e := range events {
		items = append(items, eventqueue.Stamped{At: b.now, Event: e})
	}
	b.ui.apply(items)
}

func (b *bench) want(commands ...engine.Command) {
	b.t.Helper()
	got := b.engine.take()
	if len(got) == 0 && len(commands) == 0 {
		return
	}
	if !reflect.DeepEqual(got, commands) {
		b.t.Errorf("commands\n got %#v\nwant %#v", got, commands)
	}
}

// tap presses the visible button of that name, as a mouse would.
func (b *bench) tap(name string) {
	b.t.Helper()
	b.now = b.now.Add(2 * doubleClick) // nobody clicks faster
	if o := b.find(name); o != nil {
		test.Tap(o)
		return
	}
	b.t.Fatalf("there is no button %q", name)
}

func (b *bench) find(name string) fyne.Tappable {
	roots := []fyne.CanvasObject{b.ui.win.Content()}
	roots = append(roots, b.ui.win.Canvas().Overlays().List()...)
	var found fyne.Tappable
	for _, root := range roots {
		uitest.Walk(root, func(o fyne.CanvasObject) {
			if n, ok := o.(interface{ Name() string }); ok && strings.HasPrefix(n.Name(), name) {
				found = o.(fyne.Tappable)
			}
		})
	}
	return found
}

// says reports whether a text is visible.
func (b *bench) says(text string) bool {
	found := false
	for _, root := range append([]fyne.CanvasObject{b.ui.win.Content()}, b.ui.win.Canvas().Overlays().List()...) {
		uitest.Walk(root, func(o fyne.CanvasObject) {
			if s, ok := o.(*kit.Text); ok && strings.Contains(s.Text(), text) {
				found = true
			}
		})
	}
	return found
}

func invite(room string) call.Link {
	return call.Link{Hosts: []string{"127.0.0.1:7443"}, Room: call.RoomID(room), Title: "Design review", Secret: "s3cret"}
}

func (b *bench) join(link call.Link, self call.Participant, others ...call.Participant) {
	b.events(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateJoined},
		call.Joined{Room: link.Room, Title: "Design review", Self: self, Participants: others, Link: link})
}

var ada = call.Participant{Identity: "u-ada", SID: "PA_a", Name: "Ada"}

func TestFirstStartOpensNoDevice(t *testing.T) {
	b := newBench(t, Settings{}, "")
	b.want()
	b.tap("Turn on camera preview")
	b.want(engine.StartPreview{Source: call.SourceCamera}, engine.StartPreview{Source: call.SourceMicrophone})
	if s := b.memory.set; !s.Asked || !s.CameraOn || s.MicOff {
		t.Errorf("the choice was not remembered: %+v", s)
	}
	again := newBench(t, b.memory.set, "")
	again.want(engine.StartPreview{Source: call.SourceCamera}, engine.StartPreview{Source: call.SourceMicrophone})
}

func TestStartRoom(t *testing.T) {
	b := newBench(t, Settings{}, "")
	b.tap("Start a room")
	b.want()
	if !b.says("Your name is missing.") {
		t.Error("nothing says that the name is missing")
	}
	actions{b.ui}.SetName("Ada")
	if b.says("Your name is missing.") {
		t.Error("the error stays after typing")
	}
	b.tap("Start a room")
	b.want(engine.StartRoom{Room: "r-a4dqobyh", Title: "Ada’s room", Name: "Ada", Identity: "u-ada", Devices: engine.Choice{Camera: call.DeviceNone, Previewed: true}})
	if err := call.CheckRoomID("r-a4dqobyh"); err != nil {
		t.Error(err)
	}
	b.tap("Start a room") // a second click is not a second session (J2)
	b.want()
}

func TestRoomIDsDiffer(t *testing.T) {
	u := &UI{cfg: config.WithDefaults(Config{App: newApp(t)})}
	seen := map[call.RoomID]bool{}
	for range 1000 {
		id, err := u.cfg.NewRoomID()
		if err != nil || seen[id] || call.CheckRoomID(string(id)) != nil {
			t.Fatalf("room ID %q: %v, seen before: %v", id, err, seen[id])
		}
		seen[id] = true
	}
	u.cfg.Random = bytes.NewReader(nil)
	if _, err := u.cfg.NewRoomID(); err == nil {
		t.Error("a room ID without randomness")
	}
}

// Contract N4: three different inline errors, and nothing is sent.
func TestInlineErrors(t *testing.T) {
	whole := invite("r-1").String()
	for name, tt := range map[string]struct{ link, says string }{
		"none":       {"", "There is no invite link yet."},
		"unreadable": {"hello", "This is not an invite link."},
		"cut":        {whole[:len(whole)-3], "The invite link is too short: its end is missing."},
		"changed":    {strings.Replace(whole, "r-1", "r-2", 1), "The invite link was changed on its way to you: a character is missing or wrong."},
		"insecure":   {"ws://example.org/?token=a.e30.c", "This address would send everything unencrypted."},
		"no token":   {"wss://example.org/", "This is not an invite link."},
		"bad room":   {invite("a b").String(), "The room ID contains the character “ ” (space) at position 2, which is not allowed."},
		"empty room": {invite("").String(), "The room ID is missing."},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Settings{Name: "Ada"}, "")
			actions{b.ui}.SetLink(tt.link)
			actions{b.ui}.Join()
			b.want()
			if !b.says(tt.says) {
				t.Errorf("does not say %q", tt.says)
			}
		})
	}
}

func TestJoinByLink(t *testing.T) {
	link := invite("50%")
	b := newBench(t, Settings{Name: " Ada ", CameraOn: true, Camera: "video2", MicOff: true, Speaker: "spk"}, link.String())
	b.engine.take()
	if !b.says("%") {
		t.Error("the room's % is not warned of")
	}
	b.tap("Join")
	parsed, err := call.ParseLink(link.String())
	if err != nil {
		t.Fatal(err)
	}
	b.want(engine.Join{Link: parsed, Name: "Ada", Identity: "u-ada", Devices: engine.Choice{Camera: "video2", Microphone: call.DeviceNone, Speaker: "spk", Previewed: true}})
}

func TestCancelLeadsBackToTheLobby(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true, MicOff: true}, invite("r-1").String())
	b.events(call.PreviewStarted{Device: call.Device{Source: call.SourceCamera}, Slot: &call.FrameSlot{}})
	b.tap("Join")
	b.engine.take()
	b.events(call.StateChanged{State: call.StateJoining})
	if b.find("Cancel") != nil {
		t.Error("cancel is offered before two seconds")
	}
	b.now = b.now.Add(2100 * time.Millisecond)
	b.ui.root.Tick(b.now)
	b.tap("Cancel")
	b.want(engine.Leave{})
	b.events(call.StateChanged{State: call.StateIdle}, call.Left{Reason: call.ReasonLeft, Preview: true})
	if b.ui.state.Screen != model.ScreenLobby || b.find("Join") == nil {
		t.Errorf("after cancelling the %s is shown", b.ui.state.Screen)
	}
	b.want() // the preview is still there, and not opened twice
}

func TestRoomButtons(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.engine.take()
	for _, s := range []call.Source{call.SourceCamera, call.SourceMicrophone} {
		b.events(call.TrackPublished{ID: "u-ada", Local: true, Track: call.Track{SID: call.SID(s.String()), Source: s}})
	}
	b.tap("Mute")
	b.want(engine.Mute{Source: call.SourceMicrophone})
	b.tap("Unmute") // at once, before the engine has answered
	b.want(engine.Unmute{Source: call.SourceMicrophone})
	b.events(call.TrackMuted{ID: "u-ada", Local: true, Track: call.Track{SID: "microphone", Source: call.SourceMicrophone}},
		call.TrackUnmuted{ID: "u-ada", Local: true, Track: call.Track{SID: "microphone", Source: call.SourceMicrophone}})
	b.tap("Stop camera")
	b.want(engine.Mute{Source: call.SourceCamera})
	b.events(call.TrackUnpublished{ID: "u-ada", Local: true, Track: call.Track{SID: "camera", Source: call.SourceCamera}})
	b.tap("Start camera")
	b.want(engine.Publish{Source: call.SourceCamera})
	b.events(call.CommandFailed{Command: "publish", Source: call.SourceCamera, Err: &call.DeviceError{Source: call.SourceCamera, Err: call.ErrDeviceBusy}})
	if !b.says("Your camera could not be started") || b.find("Start camera") == nil {
		t.Error("a busy camera is not told")
	}
	b.tap("Dismiss")
	if b.says("Your camera could not be started") {
		t.Error("a dismissed notice stays")
	}
	b.tap("Invite")
	if got := b.clip.Content(); got != invite("r-1").String() {
		t.Errorf("the clipboard has %q", got)
	}
	if b.find("Invite link copied") == nil {
		t.Error("copying is not confirmed")
	}
	b.tap("Leave")
	b.want(engine.Leave{})
	b.events(call.StateChanged{State: call.StateLeaving})
	b.tap("Leave")
	b.want() // once is enough
}

func TestKeys(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.engine.take()
	key := func(k fyne.KeyName) { b.ui.win.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: k}) }
	b.events(call.TrackPublished{ID: "u-ada", Local: true, Track: call.Track{SID: "m", Source: call.SourceMicrophone}})
	key(fyne.KeyM)
	key(fyne.KeyV)
	b.want(engine.Mute{Source: call.SourceMicrophone}, engine.Publish{Source: call.SourceCamera})
}

// The keys work wherever the focus is, and every button can be reached by Tab
// and pressed by Space.
func TestTabOrderAndKeysOnButtons(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.engine.take()
	c := b.ui.win.Canvas()
	var names []string
	for range 10 {
		c.FocusNext()
		switch o := c.Focused().(type) {
		case *kit.Button:
			names = append(names, o.Name())
		case *video.StageTile:
			names = append(names, o.Look().Name)
		default:
			t.Fatalf("focus is on %T", c.Focused())
		}
		c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyV})
	}
	if got := len(b.engine.take()); got != 10 {
		t.Errorf("V worked %d of 10 times", got)
	}
	if joined := strings.Join(names, ", "); !strings.Contains(joined, "Ada (you)") || !strings.Contains(joined, "Copy invite link") {
		t.Errorf("Tab reaches only %s", joined)
	}
	leave := func() bool {
		button, ok := c.Focused().(*kit.Button)
		return ok && strings.HasPrefix(button.Name(), "Leave")
	}
	for !leave() {
		c.FocusNext()
	}
	b.now = b.now.Add(2 * doubleClick)
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	b.want(engine.Leave{})
}

// After a screen is gone the keyboard is not left in one of its fields.
func TestFocusLeavesWithTheScreen(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.ui.win.Canvas().FocusNext()
	if b.ui.win.Canvas().Focused() == nil {
		t.Fatal("nothing can be focused in the lobby")
	}
	b.tap("Join")
	b.join(invite("r-1"), ada)
	if f := b.ui.win.Canvas().Focused(); f != nil {
		t.Errorf("%T keeps the keyboard", f)
	}
}

func TestFarewellActions(t *testing.T) {
	link := invite("r-1")
	b := newBench(t, Settings{Name: "Ada"}, link.String())
	b.tap("Join")
	first := b.engine.take()
	b.join(link, ada)
	b.events(call.Left{Room: "r-1", Reason: call.ReasonRemoved, By: "Grace", Text: "wrong meeting", Stayed: time.Minute, People: 2,
		Released: []call.Release{{Source: call.SourceMicrophone, Took: 4 * time.Millisecond}}})
	b.engine.take()
	for _, text := range []string{"You were removed by Grace", "“wrong meeting”", "Microphone released (4 ms)", "1 min in “Design review”, 2 people"} {
		if !b.says(text) {
			t.Errorf("the farewell does not say %q", text)
		}
	}
	b.tap("Join again") // never by itself (K1)
	if got := b.engine.take(); !reflect.DeepEqual(got, first) {
		t.Errorf("rejoining gives %#v, want %#v", got, first)
	}
	b.events(call.Left{Room: "r-1", Reason: call.ReasonInternal, Err: errors.New("index out of range"), Stuck: []call.Device{{Source: call.SourceCamera, Name: "HD"}}})
	b.tap("Copy report")
	if got := b.clip.Content(); !strings.Contains(got, "internal") || !strings.Contains(got, "index out of range") || !strings.Contains(got, `stuck: camera "HD"`) || strings.Contains(got, "s3cret") {
		t.Errorf("the report is %q", got)
	}
	if b.find("Report copied") == nil {
		t.Error("copying is not confirmed")
	}
	b.tap("Back to the lobby")
	if b.ui.state.Screen != model.ScreenLobby {
		t.Errorf("the %s is shown", b.ui.state.Screen)
	}
}

func TestOwnRoomIsStartedAgain(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.tap("Start a room")
	first := b.engine.take()
	link := invite("r-a4dqobyh")
	b.events(call.Joined{Room: link.Room, Title: "Ada’s room", Self: ada, Link: link, Hosting: true}, call.Left{Reason: call.ReasonServerStopped, Stayed: time.Second})
	b.tap("Rejoin")
	if got := b.engine.take(); !reflect.DeepEqual(got, first) {
		t.Errorf("rejoining gives %#v, want %#v", got, first)
	}
	if r := b.memory.set.Recent; len(r) != 1 || !r[0].Own || r[0].Link != "" {
		t.Errorf("recent rooms: %+v", r)
	}
}

func TestRecentRooms(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	for i := range 8 {
		link := invite(fmt.Sprintf("r-%d", i%7))
		b.ui.link = link.String()
		actions{b.ui}.Join()
		b.join(link, ada)
		b.events(call.Left{Reason: call.ReasonLeft, Stayed: time.Second})
		actions{b.ui}.Act(words.ActionLobby)
	}
	r := b.memory.set.Recent
	if len(r) != saved.MaxRecent || r[0].Room != "r-0" || r[1].Room != "r-6" {
		t.Fatalf("recent rooms: %+v", r)
	}
	b.engine.take()
	actions{b.ui}.OpenRecent(1)
	if got := b.engine.take(); len(got) != 1 || got[0].(engine.Join).Link.Room != "r-6" {
		t.Errorf("opening a recent room gives %#v", got)
	}
	actions{b.ui}.OpenRecent(99)
	b.want()
}

// A token is a secret that cannot be used again: it is remembered nowhere, and
// there is nothing to invite with.
func TestPlainLink(t *testing.T) {
	const address = "wss://example.org/?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IiLCJuYW1lIjoiQm9iIiwidmlkZW8iOnsicm9vbSI6InIifX0.c2ln"
	b := newBench(t, Settings{}, address)
	b.tap("Join")
	got := b.engine.take()
	if len(got) != 1 || got[0].(engine.Join).Name != "Bob" || got[0].(engine.Join).Identity != "bob" {
		t.Fatalf("joining gives %#v", got)
	}
	link, _ := call.ParseLink(address)
	b.join(link, ada)
	if len(b.memory.set.Recent) != 0 {
		t.Error("a token was remembered")
	}
	if b.find("Invite") != nil || b.find("Copy invite link") != nil {
		t.Error("there is a dead invite button")
	}
}

// Contract J11.
func TestJ11_SecondLinkAsks(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.engine.take()
	b.ui.OpenLink(b.t.Context(), invite("r-1").String())
	if b.find("Leave and join") != nil {
		t.Error("asks to go where we are")
	}
	other := invite("r-2")
	b.ui.OpenLink(b.t.Context(), other.String())
	b.tap("Stay here")
	b.want()
	b.ui.OpenLink(b.t.Context(), "nonsense")
	if !b.says("This is not an invite link.") {
		t.Error("nonsense is not told")
	}
	b.ui.OpenLink(b.t.Context(), other.String())
	b.tap("Leave and join")
	got := b.engine.take()
	if len(got) != 1 || got[0].(engine.SwitchRoom).Link.Room != "r-2" {
		t.Fatalf("commands %#v", got)
	}
}

func TestOpenLinkTellsWhetherItWasTaken(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	if !b.ui.OpenLink(t.Context(), "") || b.ui.link != invite("r-1").String() {
		t.Error("a start without a link changes the one in the field")
	}
	if !b.ui.OpenLink(t.Context(), invite("r-2").String()) || b.ui.link != invite("r-2").String() {
		t.Error("a link does not come into the field")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if b.ui.OpenLink(ended, invite("r-3").String()) || b.ui.link != invite("r-2").String() {
		t.Error("a link is taken for which nobody waits")
	}
	b.ui.cfg.Dispatch = func(func()) {} // it hangs
	if b.ui.OpenLink(ended, "") {
		t.Error("a window that hangs takes a link")
	}
	b.ui.cfg.Dispatch = func(f func()) { f() }
	b.ui.close()
	if b.ui.OpenLink(t.Context(), invite("r-3").String()) {
		t.Error("a closed window takes a link")
	}
}

func TestPickingDevices(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true, MicOff: true}, "")
	b.events(call.PreviewStarted{Device: call.Device{Source: call.SourceCamera}, Slot: &call.FrameSlot{}})
	b.engine.take()
	a := actions{b.ui}
	a.Pick(call.SourceCamera, "video2")
	b.want(engine.SelectDevice{Source: call.SourceCamera, Device: "video2"})
	a.Pick(call.SourceCamera, call.DeviceNone)
	b.want(engine.StopPreview{Source: call.SourceCamera})
	b.events(call.PreviewStopped{Device: call.Device{Source: call.SourceCamera}})
	a.Pick(call.SourceCamera, "video2")
	b.want(engine.SelectDevice{Source: call.SourceCamera, Device: "video2"}, engine.StartPreview{Source: call.SourceCamera, Device: "video2"})
	a.Pick(call.SourceSpeaker, call.DeviceNone)
	b.want(engine.SelectDevice{Source: call.SourceSpeaker, Device: call.DeviceNone})
	a.Pick(call.SourceMicrophone, "mic1") // stays off
	b.want(engine.SelectDevice{Source: call.SourceMicrophone, Device: "mic1"})
	if s := b.memory.set; s.Camera != "video2" || s.Speaker != call.DeviceNone || s.Microphone != "mic1" || !s.CameraOn || !s.MicOff {
		t.Errorf("remembered %+v", s)
	}
}

func TestRefusedCommandIsTold(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.engine.refuse["start"] = call.ErrClosed
	b.tap("Start a room")
	if b.ui.state.Busy() || !b.says("Foyer is closing.") {
		t.Error("a refused command is not told")
	}
}

func TestTrackSizesAreToldOnceTheyRest(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	a := actions{b.ui}
	b.engine.done = nil
	for w := range 50 {
		a.ShowTrack("TR_1", w, 100, false)
	}
	a.ShowTrack("TR_2", 0, 0, true)
	b.ui.root.Tick(b.now)
	if len(b.engine.done) != 2 {
		t.Fatalf("told %d times of two pictures that are shown and hidden", len(b.engine.done))
	}
	b.engine.done = nil
	for w := range 50 {
		a.ShowTrack("TR_1", w, 100, false)
	}
	b.ui.root.Tick(b.now)
	if len(b.engine.done) != 0 {
		t.Fatal("told while it moves")
	}
	b.now = b.now.Add(viewRest)
	b.ui.root.Tick(b.now)
	b.ui.root.Tick(b.now)
	if len(b.engine.done) != 1 {
		t.Fatalf("told %d times", len(b.engine.done))
	}
	for _, c := range b.engine.done {
		if v := c.(engine.SetTrackView); v.Track == "TR_1" && v.Width != 49 || v.Track == "TR_2" && !v.Disabled {
			t.Errorf("told %+v", v)
		}
	}
}

func TestCloseHidesAndAsksNothing(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.ui.close()
	b.ui.close()
	if b.closed != 1 {
		t.Errorf("closed %d times", b.closed)
	}
	b.events(call.Joined{Room: "r", Self: ada}) // late events are harmless
	if b.ui.state.InRoom() {
		t.Error("a closed window goes on")
	}
}

func TestCrashIsToldAtTheNextStart(t *testing.T) {
	u := New(Config{App: newApp(t), Do: func(engine.Command) error { return nil }, Events: eventqueue.New(), Settings: &memory{}, Dispatch: func(f func()) { f() }, Crashed: []string{"Design review"}})
	b := &bench{t: t, ui: u}
	if !b.says("Foyer stopped unexpectedly while you were in “Design review”") {
		t.Error("a crash is not told")
	}
	b.tap("Dismiss")
	if b.says("Foyer stopped unexpectedly") {
		t.Error("it cannot be dismissed")
	}
}

func TestPumpHandsOverInOrderAndStops(t *testing.T) {
	queue := eventqueue.New()
	var mu sync.Mutex
	var batches int
	seen := make(chan struct{}, 1)
	u := New(Config{App: newApp(t), Do: func(engine.Command) error { return nil }, Events: queue, Settings: &memory{}, Dispatch: func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		f()
		batches++
		select {
		case seen <- struct{}{}:
		default:
		}
	}})
	for range 100 {
		queue.Put(eventqueue.Stamped{Event: call.StateChanged{State: call.StateJoining}})
	}
	queue.Put(eventqueue.Stamped{Event: call.Joined{Room: "r", Self: ada}})
	u.Pump(context.Background())
	<-seen
	u.Stop()
	u.Stop()
	mu.Lock()
	defer mu.Unlock()
	if batches != 1 || u.state.Room.ID != "r" {
		t.Errorf("%d batches, room %q", batches, u.state.Room.ID)
	}
	queue.Put(eventqueue.Stamped{Event: call.Left{Reason: call.ReasonLeft}})
	if !u.state.InRoom() {
		t.Error("a stopped pump delivers")
	}
}

func TestPumpEndsWithTheQueue(t *testing.T) {
	queue := eventqueue.New()
	u := New(Config{App: newApp(t), Do: func(engine.Command) error { return nil }, Events: queue, Settings: &memory{}, Dispatch: func(f func()) { f() }})
	u.Pump(context.Background())
	queue.Close()
	u.pump.Wait()
	u.Stop()
}

// No order of events and taps makes the window panic or lose its way out.
func TestStorm(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 1))
		b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true}, invite("r-1").String())
		for range 300 {
			b.step(rng)
		}
		b.ui.win.Canvas().Capture()
		b.ui.root.Painter.Tick()
		b.events(call.Left{Reason: call.ReasonLeft, Stayed: time.Second})
		if b.ui.state.InRoom() {
			t.Fatalf("seed %d: still in the room after Left", seed)
		}
	}
}

func (b *bench) step(rng *rand.Rand) {
	b.now = b.now.Add(time.Duration(rng.IntN(400)) * time.Millisecond)
	if rng.IntN(3) == 0 {
		b.userStep(rng)
		return
	}
	b.events(randomEvent(rng))
	if rng.IntN(10) == 0 {
		b.ui.root.Painter.Tick()
	}
}

func (b *bench) userStep(rng *rand.Rand) {
	a := actions{b.ui}
	sources := []call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceSpeaker}
	steps := []func(){
		a.Start, a.Join, a.Cancel, a.Preview, a.ToggleCamera, a.ToggleMic, a.Invite, a.Leave,
		func() { a.Act(words.Action(rng.IntN(8))) }, func() { a.OpenRecent(rng.IntN(3)) }, func() { a.Dismiss(rng.IntN(9)) },
		func() { a.Pick(sources[rng.IntN(3)], []string{"", "none", "x"}[rng.IntN(3)]) },
		func() { b.ui.OpenLink(b.t.Context(), invite("r-2").String()) },
		func() { b.ui.win.Resize(view.MinSize().AddWidthHeight(float32(rng.IntN(600)), float32(rng.IntN(400)))) },
	}
	steps[rng.IntN(len(steps))]()
}

func randomEvent(rng *rand.Rand) call.Event {
	id := call.Identity(fmt.Sprintf("u%d", rng.IntN(4)))
	if rng.IntN(5) == 0 {
		id = "u-ada"
	}
	sid := call.SID(fmt.Sprintf("PA_%d", rng.IntN(3)))
	source := call.Source(rng.IntN(6))
	track := call.Track{SID: call.SID(fmt.Sprintf("TR_%d", rng.IntN(5))), Source: source, Kind: source.Kind(), Muted: rng.IntN(2) == 0}
	who := call.Participant{Identity: id, SID: sid, Name: string(id), Tracks: []call.Track{track}, Lost: rng.IntN(4) == 0}
	local := rng.IntN(3) == 0
	dev := call.Device{Source: source, ID: "d", Name: "Device"}
	events := []call.Event{
		call.StateChanged{State: call.State(rng.IntN(6))},
		call.Joined{Room: "r-1", Self: ada, Participants: []call.Participant{who, who}, Link: invite("r-1"), Hosting: local},
		call.RoomUpdated{Self: ada, Participants: []call.Participant{who}},
		call.ParticipantJoined{Participant: who}, call.ParticipantUpdated{Participant: who},
		call.ParticipantLeft{Participant: who, Reason: call.LeaveReason(rng.IntN(20))},
		call.TrackPublished{ID: id, Track: track, Local: local}, call.TrackUnpublished{ID: id, Track: track, Local: local},
		call.TrackMuted{ID: id, Track: track, Local: local, ByHost: rng.IntN(4) == 0}, call.TrackUnmuted{ID: id, Track: track, Local: local},
		call.TrackSubscribed{ID: id, Track: track, Slot: &call.FrameSlot{}}, call.TrackUnsubscribed{ID: id, Track: track},
		call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: id, Level: rng.Float32()}}},
		call.QualityChanged{ID: id, Quality: call.Quality(rng.IntN(5))}, call.DataReceived{ID: id},
		call.PreviewStarted{Device: dev, Slot: &call.FrameSlot{}, Level: func() float32 { return 2 }}, call.PreviewStopped{Device: dev},
		call.DevicesChanged{Devices: []call.Device{dev}}, call.DeviceOpened{Device: dev}, call.DeviceClosed{Device: dev},
		call.DeviceLost{Device: dev}, call.RoomServerStarted{}, call.RoomServerStopped{Err: errors.New("x")}, call.StatsReported{},
		call.CommandFailed{Command: "publish", Source: source, Err: errors.New("x")}, call.CommandFailed{},
		call.Left{Reason: call.LeaveReason(rng.IntN(20)), Stuck: []call.Device{dev}},
	}
	return events[rng.IntN(len(events))]
}
