package ui

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/words"
)

// The language changes at once, in a stay, and the stay notices nothing.
func TestLanguageInARoom(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	slot := &call.FrameSlot{}
	b.events(call.TrackPublished{ID: ada.Identity, Local: true, Track: call.Track{SID: "LC", Source: call.SourceCamera, Kind: call.KindVideo}},
		call.PreviewStarted{Device: call.Device{Source: call.SourceCamera}, Slot: &call.FrameSlot{}},
		call.TrackSubscribed{ID: grace.Identity, Track: call.Track{SID: "TR_V", Source: call.SourceCamera, Kind: call.KindVideo}, Slot: slot})
	b.press(fyne.KeyC)
	b.hears("1", "Can you read this?")
	b.write("not sent yet")
	b.draw()
	b.ui.win.Canvas().Capture()
	before := slot.View()
	if before == (call.View{}) {
		t.Fatal("the video is not shown")
	}
	b.engine.take()
	stay := b.ui.state.Room.JoinedAt

	actions{b.ui}.SetLanguage("de")
	b.want() // no device, no room, no track was touched
	if b.find("Verlassen") == nil || b.find("Leave") != nil {
		t.Error("the window does not speak German")
	}
	if b.memory.set.Language != "de" || !b.ui.state.Room.JoinedAt.Equal(stay) || b.ui.state.Panel != model.PanelChat {
		t.Errorf("language %q, room %v, panel %v", b.memory.set.Language, b.ui.state.Room, b.ui.state.Panel)
	}
	if !b.reads("Can you read this?") || b.ui.state.Chat.Draft != "not sent yet" {
		t.Error("the chat is lost")
	}
	entry, ok := b.ui.win.Canvas().Focused().(*kit.Entry)
	if !ok || entry.Text != "not sent yet" {
		t.Errorf("the keyboard is on %T", b.ui.win.Canvas().Focused())
	}
	b.ui.win.Canvas().Capture()
	if got := slot.View(); got != before {
		t.Errorf("the video is shown as %v, and was as %v", got, before)
	}
	b.write(" and more")
	b.press(fyne.KeyReturn)
	b.want(engine.SendChat{Text: "not sent yet and more"})

	// Its keys work, too, and what comes is said in the new language.
	b.press(fyne.KeyEscape)
	b.press(fyne.KeyM)
	b.want(engine.Publish{Source: call.SourceMicrophone})
	b.events(call.ParticipantJoined{Participant: call.Participant{Identity: "u-alan", SID: "PA_al", Name: "Alan"}})
	if !b.says("Alan ist beigetreten") {
		t.Error("news are not in German")
	}
	b.tap("Verlassen")
	b.want(engine.Leave{})
	b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle}, call.Left{Reason: call.ReasonLeft, People: 2, Room: "r-1"})
	if !b.says("Du hast den Raum verlassen") {
		t.Error("the farewell is not German")
	}
	actions{b.ui}.SetLanguage("")
	if !b.says("You left the room") {
		t.Error("the farewell is not English again")
	}
}

// What lies over the window goes on, too: the list of keys, the choice of a screen.
func TestLanguageUnderASheet(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	actions{b.ui}.Shortcuts()
	actions{b.ui}.SetLanguage("de")
	if !b.says("Tastenkürzel") || b.says("Keyboard shortcuts") || !b.says("Strg+I") {
		t.Error("the list of keys is not German")
	}
	if n := len(b.ui.win.Canvas().Overlays().List()); n != 1 {
		t.Errorf("%d sheets", n)
	}
	b.press(fyne.KeyEscape)
	if b.says("Tastenkürzel") {
		t.Error("the list stays")
	}
	actions{b.ui}.Rules()
	actions{b.ui}.SetLanguage("zh")
	if !b.says("房间菜单") || b.says("Raummenü") || len(b.ui.win.Canvas().Overlays().List()) != 1 {
		t.Error("the room menu is not Chinese")
	}
	actions{b.ui}.Rules()
	actions{b.ui}.SetLanguage("de")
	actions{b.ui}.Share()
	actions{b.ui}.LeaveMenu(fyne.NewPos(100, 100))
	actions{b.ui}.SetLanguage("zh")
	if !b.says("请选择一个屏幕") || b.says("Wähle einen Bildschirm") || b.find("Für alle beenden") != nil {
		t.Error("the choice of a screen is not Chinese")
	}
	if b.ui.state.Share == nil || len(b.ui.win.Canvas().Overlays().List()) != 1 {
		t.Errorf("the choice is %v, with %d sheets", b.ui.state.Share, len(b.ui.win.Canvas().Overlays().List()))
	}
}

// In the lobby what was typed stays, and the preview runs on.
func TestLanguageInTheLobby(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true}, "")
	slot := &call.FrameSlot{}
	b.events(call.PreviewStarted{Device: call.Device{Source: call.SourceCamera}, Slot: slot})
	actions{b.ui}.SetLink("foyer://half")
	b.engine.take()
	b.ui.win.Canvas().Capture()
	before := slot.View()
	actions{b.ui}.SetLanguage("zh")
	b.want()
	b.ui.win.Canvas().Capture()
	if slot.View() != before || before == (call.View{}) {
		t.Errorf("the preview is shown as %v, and was as %v", slot.View(), before)
	}
	if b.find("创建房间") == nil || b.find("Start a room") != nil || b.ui.link != "foyer://half" || b.ui.set.Name != "Ada" {
		t.Errorf("link %q, name %q", b.ui.link, b.ui.set.Name)
	}
	if got := lang.L("Cut"); got != "剪切" {
		t.Errorf("the menu of a field says %q", got)
	}
	saved := b.memory.saved
	actions{b.ui}.SetLanguage("zh") // it is that already
	if b.memory.saved != saved {
		t.Error("nothing was saved for nothing")
	}
}

// The language of the start is the chosen one, else the system's, else English; a code
// of a newer version is kept.
func TestLanguageOfTheStart(t *testing.T) {
	for _, tt := range []struct {
		chosen  string
		locales []string
		start   string
	}{{"", nil, "Start a room"}, {"", []string{"de-DE"}, "Raum starten"}, {"zh", []string{"de-DE"}, "创建房间"}, {"en", []string{"de-DE"}, "Start a room"}, {"xx", []string{"fr", "zh-CN"}, "创建房间"}} {
		b := newBenchWith(t, Settings{Language: tt.chosen}, func(c *Config) { c.Locales = tt.locales })
		if b.find(tt.start) == nil {
			t.Errorf("%+v: the window does not say it", tt)
		}
		if b.ui.set.Language != tt.chosen {
			t.Errorf("%+v: %q is chosen now", tt, b.ui.set.Language)
		}
	}
}

// Without a font for it the window speaks English, and says why, once.
func TestLanguageWithoutFont(t *testing.T) {
	latin := func(c *Config) {
		c.Glyphs = func(text string) bool { return !strings.ContainsRune(text, '中') }
	}
	b := newBenchWith(t, Settings{Language: "zh"}, latin)
	const why = "No font on this computer has the characters of Chinese (simplified)"
	if b.find("Start a room") == nil || !b.says(why) || b.ui.set.Language != "zh" {
		t.Error("the window does not say why it speaks English")
	}
	b.tap("Dismiss")
	actions{b.ui}.SetLanguage("de")
	if b.find("Raum starten") == nil || b.says(why) {
		t.Error("German needs no other font")
	}
	actions{b.ui}.SetLanguage("zh")
	if b.find("Start a room") == nil || !b.says(why) {
		t.Error("a choice that nothing can draw is not explained")
	}
	b.tap("Dismiss")
	b.turn(model.PageAppearance)
	if !b.says(why) {
		t.Error("it is not said beside the choice")
	}
	actions{b.ui}.SetLanguage("de")
	if b.says(why) {
		t.Error("German has a font, and the choice still says that it has none")
	}
	if !strings.HasPrefix(words.NoFont("zh"), why) {
		t.Errorf("got %q", words.NoFont("zh"))
	}
}

// A minimized window stays as quiet as it was, and what the desktop shows of the stay
// changes at once.
func TestLanguageWhileMinimized(t *testing.T) {
	b := inRoomBench(t)
	slot := &call.FrameSlot{}
	camera := call.Track{SID: "TR_c", Source: call.SourceCamera, Kind: call.KindVideo}
	b.events(graceComes(), call.TrackPublished{ID: "u-grace", Track: camera},
		call.TrackSubscribed{ID: "u-grace", Track: camera, Slot: slot})
	b.frame.hidden(true)
	b.engine.take()
	actions{b.ui}.SetLanguage("de")
	b.want()
	b.draw()
	if slot.View() != (call.View{}) {
		t.Error("frames are converted for a window that nobody sees")
	}
	if s := b.desk.stay; s.Leave != b.ui.book.T("desk.leave") || s.Leave == words.English().T("desk.leave") {
		t.Errorf("the tray says %+v", s)
	}
	b.frame.hidden(false)
	b.now = b.now.Add(time.Second)
	b.draw()
	b.ui.win.Canvas().Capture()
	if slot.View().Width == 0 || b.find("Verlassen") == nil {
		t.Error("the window does not come back")
	}
}
