package ui

import (
	"image"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/desk"
	"foyer/ui/dropped"
	"foyer/ui/model"
	"foyer/ui/uitest"
)

// fakeDesktop keeps what it is asked for.
type fakeDesktop struct {
	stay      desk.Stay
	notes     []desk.Note
	withdrawn int
	keys      []desk.TalkKey // that were asked for; the zero TalkKey gives one back
}

func (f *fakeDesktop) Show(s desk.Stay)    { f.stay = s }
func (f *fakeDesktop) Notify(n desk.Note)  { f.notes = append(f.notes, n) }
func (f *fakeDesktop) Withdraw()           { f.withdrawn++ }
func (f *fakeDesktop) Talk(k desk.TalkKey) { f.keys = append(f.keys, k) }

// key is the one that it has given.
func (f *fakeDesktop) key() string {
	if len(f.keys) == 0 {
		return ""
	}
	return string(f.keys[len(f.keys)-1].Name)
}

// last is the newest notification.
func (f *fakeDesktop) last() desk.Note {
	if len(f.notes) == 0 {
		return desk.Note{}
	}
	return f.notes[len(f.notes)-1]
}

// fakeFrame is a window on screens of our choice.
type fakeFrame struct {
	hidden    func(bool)
	at        image.Point
	maximized bool
	raised    int
	minimized int
	areas     []image.Rectangle
}

func (f *fakeFrame) OnHidden(h func(bool))         { f.hidden = h }
func (f *fakeFrame) Position() (image.Point, bool) { return f.at, len(f.areas) > 0 }
func (f *fakeFrame) Move(to image.Point)           { f.at = to }
func (f *fakeFrame) Maximized() bool               { return f.maximized }
func (f *fakeFrame) Maximize()                     { f.maximized = true }
func (f *fakeFrame) Raise()                        { f.raised++ }
func (f *fakeFrame) Above(show func())             { show() }
func (f *fakeFrame) Minimize() {
	f.minimized++
	f.hidden(true)
}
func (f *fakeFrame) Areas() []image.Rectangle { return f.areas }

// chats lets somebody say something in the chat.
func (b *bench) chats(name, text string) {
	b.events(call.ChatReceived{Message: call.ChatMessage{
		ID: name + text, From: call.Identity("u-" + strings.ToLower(name)), Name: name, Text: text, At: b.now,
	}})
}

func graceComes() call.Event {
	return call.ParticipantJoined{Participant: call.Participant{Identity: "u-grace", SID: "PA_g", Name: "Grace"}}
}

// What happens before the user's eyes is told by nobody else; what happens while
// another window is in front is told once, together, and taken back.
func TestNotificationsWhileAway(t *testing.T) {
	b := inRoomBench(t)
	b.events(graceComes())
	b.chats("Grace", "can you see this?")
	if len(b.desk.notes) != 0 {
		t.Errorf("told a user who is there: %+v", b.desk.notes)
	}
	b.ui.outside.setBehind(true)
	b.chats("Grace", "hello?")
	if n := b.desk.last(); n.Title != "Grace" || n.Text != "hello?" || n.Open != "Show Foyer" {
		t.Errorf("of one message: %+v", n)
	}
	b.chats("Grace", "are you there?")
	b.events(call.ParticipantJoined{Participant: call.Participant{Identity: "u-linus", SID: "PA_l", Name: "Linus"}})
	if n := b.desk.last(); n.Title != "2 new messages" || n.Text != "Grace: are you there?\nLinus joined" {
		t.Errorf("of two messages and a join: %+v", n)
	}
	b.ui.outside.setBehind(false)
	if b.desk.withdrawn != 1 {
		t.Errorf("taken back %d times", b.desk.withdrawn)
	}
	b.ui.outside.setBehind(true)
	b.chats("Linus", "new")
	if n := b.desk.last(); n.Title != "Linus" || n.Text != "new" {
		t.Errorf("what was seen is told again: %+v", n)
	}
	b.events(call.Left{Room: "r-1", Reason: call.ReasonRemoved, By: "Grace", Text: "wrong meeting", Stayed: time.Minute, People: 3})
	if n := b.desk.last(); n.Title != "You were removed by Grace" || !strings.Contains(n.Text, "wrong meeting") || !n.Urgent {
		t.Errorf("of a removal: %+v", n)
	}
}

// A microphone that is tested behind a minimized window is closed.
func TestMinimizedDuringATest(t *testing.T) {
	b := inRoomBench(t)
	b.pressSettings()
	b.tap("Record and play")
	b.events(call.TestChanged{Source: call.SourceMicrophone, Stage: call.TestRecording, Length: 3 * time.Second})
	b.engine.take()
	b.frame.hidden(true)
	if got := b.engine.take(); !slices.ContainsFunc(got, func(c engine.Command) bool { return c == (engine.StopTest{}) }) {
		t.Errorf("the commands were %v", got)
	}
}

// A user who shares a screen does not want names and texts on it.
func TestNotificationsCanBePrivateAndOff(t *testing.T) {
	b := inRoomBench(t)
	b.ui.set.Notifications.Private = true
	b.frame.hidden(true)
	b.events(graceComes())
	b.chats("Grace", "the password is 1234")
	b.events(call.Left{Room: "r-1", Reason: call.ReasonBanned, By: "Grace", Text: "out", Stayed: time.Minute, People: 3})
	if len(b.desk.notes) != 3 {
		t.Fatalf("told %d times", len(b.desk.notes))
	}
	for _, n := range b.desk.notes {
		if all := n.Title + n.Text; strings.Contains(all, "Grace") || strings.Contains(all, "1234") || strings.Contains(all, "Design") {
			t.Errorf("a private notification says %+v", n)
		}
	}
	b = inRoomBench(t)
	b.ui.set.Notifications.Off = true
	b.ui.outside.setBehind(true)
	b.chats("Grace", "hello")
	if len(b.desk.notes) != 0 {
		t.Errorf("told although it is switched off: %+v", b.desk.notes)
	}
}

// The settings switch them off and on, at once: what is out is taken back. One can be
// shown, to see it.
func TestNotificationsBySettings(t *testing.T) {
	b := inRoomBench(t)
	b.ui.outside.setBehind(true)
	b.chats("Grace", "hello")
	b.turn(model.PageNotifications)
	b.tap("Nothing")
	if b.desk.withdrawn != 1 || b.memory.set.Notifications != (Notifications{Off: true}) {
		t.Errorf("switched off: %+v, %+v", b.memory.set.Notifications, b.desk)
	}
	before := len(b.desk.notes)
	b.chats("Grace", "are you there?")
	if o, ok := b.find("Show one").(fyne.Disableable); !ok || !o.Disabled() || len(b.desk.notes) != before {
		t.Error("nothing is told, and one can be shown")
	}
	b.tap("Without names and texts")
	b.chats("Grace", "the password is 1234")
	if n := len(b.desk.notes); n != before+1 || strings.Contains(b.desk.notes[n-1].Text, "1234") {
		t.Errorf("told %+v", b.desk.notes)
	}
	b.tap("Everything")
	b.tap("Show one")
	n := b.desk.notes[len(b.desk.notes)-1]
	if b.memory.set.Notifications != (Notifications{}) || n.Text != "Notifications look like this." {
		t.Errorf("remembered %+v, told %+v", b.memory.set.Notifications, n)
	}
	b.ui.outside.setBehind(false)
	if b.desk.withdrawn != 2 {
		t.Error("the trial stays")
	}
}

// Leaving by oneself is no news.
func TestOwnLeaveIsNotTold(t *testing.T) {
	b := inRoomBench(t)
	b.ui.outside.setBehind(true)
	b.events(call.Left{Room: "r-1", Reason: call.ReasonLeft, Stayed: time.Minute, People: 1})
	if len(b.desk.notes) != 0 {
		t.Errorf("told %+v", b.desk.notes)
	}
}

// The title counts what nobody has read: also with the chat open, while the window
// is not in front.
func TestUnreadInTheTitle(t *testing.T) {
	b := inRoomBench(t)
	b.events(graceComes())
	b.ui.presses.OpenPanel(model.PanelChat)
	b.chats("Grace", "one")
	if got := b.ui.win.Title(); got != "Design review – Foyer" {
		t.Errorf("the title of what is read is %q", got)
	}
	b.ui.outside.setBehind(true)
	b.chats("Grace", "two")
	b.chats("Grace", "three")
	if got := b.ui.win.Title(); got != "(2) Design review – Foyer" {
		t.Errorf("the title is %q", got)
	}
	b.ui.outside.setBehind(false)
	if got := b.ui.win.Title(); got != "Design review – Foyer" {
		t.Errorf("back at the window the title is %q", got)
	}
}

// Minimized, nothing is drawn, and nobody sends us video; restored, all is back
// with the next tick.
func TestMinimized(t *testing.T) {
	b := inRoomBench(t)
	slot := &call.FrameSlot{}
	camera := call.Track{SID: "TR_c", Source: call.SourceCamera, Kind: call.KindVideo}
	b.events(graceComes(), call.TrackPublished{ID: "u-grace", Track: camera},
		call.TrackSubscribed{ID: "u-grace", Track: camera, Slot: slot})
	tick := func() {
		b.now = b.now.Add(time.Second)
		b.draw()
		b.draw()
	}
	tick()
	b.engine.done = nil
	b.frame.hidden(true)
	disabled := func(track call.SID, want bool) {
		t.Helper()
		var last *engine.SetTrackView
		for _, c := range b.engine.done {
			if v, ok := c.(engine.SetTrackView); ok && v.Track == track {
				last = &v
			}
		}
		if last == nil || last.Disabled != want {
			t.Errorf("the engine was told %+v of %s", last, track)
		}
		b.engine.done = nil
	}
	disabled("TR_c", true)
	if slot.View() != (call.View{}) {
		t.Error("frames are converted for a window that nobody sees")
	}
	second := call.Track{SID: "TR_l", Source: call.SourceCamera, Kind: call.KindVideo}
	b.events(call.ParticipantJoined{Participant: call.Participant{Identity: "u-linus", SID: "PA_l", Name: "Linus", Tracks: []call.Track{second}}})
	disabled("TR_l", true)
	drawn := uitest.CountDraws(t)
	b.events(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u-grace", Level: 0.4}}},
		call.QualityChanged{ID: "u-grace", Quality: call.QualityPoor})
	b.chats("Grace", "hello?")
	for o, n := range drawn {
		t.Errorf("a %T is drawn %d times although nobody sees it", o, n)
	}
	b.engine.done = nil
	b.frame.hidden(false)
	tick()
	disabled("TR_c", false)
	if slot.View().Width == 0 {
		t.Error("the tile shows no frames")
	}
}

// A preview is open only where it is seen.
func TestMinimizedLobbyClosesThePreview(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true, MicOff: true}, "")
	b.want(engine.StartPreview{Source: call.SourceCamera})
	b.events(call.PreviewStarted{Device: call.Device{Source: call.SourceCamera}, Slot: &call.FrameSlot{}})
	b.frame.hidden(true)
	b.want(engine.StopPreview{Source: call.SourceCamera})
	b.events(call.PreviewStopped{Device: call.Device{Source: call.SourceCamera}})
	b.want()
	b.frame.hidden(false)
	b.want(engine.StartPreview{Source: call.SourceCamera})
}

// The tray shows the stay and what state we are in, and does what is chosen there.
func TestTray(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	if b.desk.stay != (desk.Stay{}) {
		t.Errorf("outside of a room: %+v", b.desk.stay)
	}
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.events(published("m", call.SourceMicrophone))
	if s := b.desk.stay; !s.MicOn || s.Title != "Design review: your microphone is on" || s.Mic != "Mute" {
		t.Errorf("with the microphone on: %+v", s)
	}
	b.engine.take()
	b.ui.Press(desk.ActionMic)
	b.want(engine.Mute{Source: call.SourceMicrophone})
	if s := b.desk.stay; s.MicOn || s.Title != "Design review: you are muted" || s.Mic != "Unmute" {
		t.Errorf("muted: %+v", s)
	}
	b.ui.Press(desk.ActionShow)
	if b.frame.raised != 1 {
		t.Error("the window did not come to the front")
	}
	b.ui.Press(desk.ActionLeave)
	b.want(engine.Leave{})
	b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle},
		call.Left{Room: "r-1", Reason: call.ReasonLeft, Stayed: time.Minute})
	if b.desk.stay != (desk.Stay{}) {
		t.Errorf("after leaving: %+v", b.desk.stay)
	}
	b.ui.Press(desk.ActionMic)
	b.ui.Press(desk.ActionLeave)
	b.want()
	b.ui.Press(desk.ActionQuit)
	if b.closed != 1 {
		t.Error("the window is not closed")
	}
	b.ui.Press(desk.ActionShow)
}

// A user who wakes the computer in the evening is not heard in a call of the morning.
func TestWokeFromALongSleep(t *testing.T) {
	b := inRoomBench(t)
	b.events(published("m", call.SourceMicrophone), published("c", call.SourceCamera))
	b.ui.Woke(59 * time.Second)
	b.want()
	b.ui.Woke(12 * time.Minute)
	b.want(engine.Mute{Source: call.SourceMicrophone}, engine.Mute{Source: call.SourceCamera})
	if !b.says("The computer was asleep for 12 min") {
		t.Error("nobody says why we are muted")
	}
	b.ui.Woke(12 * time.Minute) // all is off already
	b.want()
	b.events(call.Left{Room: "r-1", Reason: call.ReasonLeft, Stayed: time.Minute})
	b.ui.Woke(time.Hour)
	b.want()
}

// The window comes back where it was, if there is a screen.
func TestPlaceIsRemembered(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.frame.areas = []image.Rectangle{image.Rect(0, 0, 1920, 1080)}
	b.frame.at = image.Pt(300, 200)
	b.ui.win.Resize(fyne.NewSize(900, 600))
	for range 3 {
		b.now = b.now.Add(2 * placeEvery)
		b.ui.root.Tick(b.now)
	}
	want := desk.Place{X: 300, Y: 200, Width: 900, Height: 600}
	if got := b.memory.set.Window; got != want {
		t.Errorf("remembered %+v, want %+v", got, want)
	}
	saved := b.memory.saved
	b.now = b.now.Add(2 * placeEvery)
	b.ui.root.Tick(b.now)
	if b.memory.saved != saved {
		t.Error("a window that rests is written down again")
	}
	b.frame.maximized = true
	b.ui.close()
	want.Maximized = true
	if got := b.memory.set.Window; got != want {
		t.Errorf("closed maximized: remembered %+v, want %+v", got, want)
	}
}

func TestDropped(t *testing.T) {
	link := invite("r-9").String()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	const none = "There is no invite link in what you dropped."
	for name, tt := range map[string]struct {
		items []string
		says  string // empty: the link is taken
	}{
		"a link":                   {[]string{link}, ""},
		"a text file":              {[]string{write("a.txt", "Come in: "+link+"\nSee you")}, ""},
		"a shortcut":               {[]string{write("a.url", "[InternetShortcut]\r\nURL="+link+"\r\n")}, ""},
		"the second of two":        {[]string{write("b.bin", "\x00\x01\x02"), write("c.txt", link)}, ""},
		"an image":                 {[]string{write("d.png", "\x89PNG\r\n")}, none},
		"an empty file":            {[]string{write("e.txt", "")}, none},
		"a folder":                 {[]string{dir}, none},
		"a pipe":                   {[]string{fifo}, none},
		"a file that is not there": {[]string{filepath.Join(dir, "none")}, none},
		"a cut link":               {[]string{write("f.txt", link[:len(link)-3])}, "The invite link is too short: its end is missing."},
		"too many files":           {append(make([]string, dropped.Most), write("g.txt", link)), none},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Settings{Name: "Ada"}, "")
			var items []fyne.URI
			for _, i := range tt.items {
				items = append(items, storage.NewFileURI(i))
			}
			b.ui.outside.dropped(fyne.Position{}, items)
			b.ui.outside.drops.Wait()
			switch {
			case tt.says == "" && b.ui.link != link:
				t.Errorf("the field has %q, want %q", b.ui.link, link)
			case tt.says != "" && !b.says(tt.says):
				t.Errorf("it does not say %q", tt.says)
			case tt.says != "" && b.ui.link != "":
				t.Errorf("the field has %q", b.ui.link)
			}
			b.want()
		})
	}
	b := inRoomBench(t)
	b.ui.outside.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI(link)})
	b.ui.outside.drops.Wait()
	b.want()
	b.tap("Leave and join")
	if got := b.engine.take(); len(got) != 1 || !reflect.DeepEqual(got[0].(engine.SwitchRoom).Link.Room, call.RoomID("r-9")) {
		t.Errorf("commands %#v", got)
	}
}
