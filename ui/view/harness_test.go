package view

import (
	"fmt"
	"image/color"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/uitest"
	"foyer/ui/view/settings"
	"foyer/ui/words"
)

// fakeActions notes what the user did.
type fakeActions struct {
	done  []string
	track func(sid call.SID, hidden bool) // told of every ShowTrack; may be nil
}

func (f *fakeActions) note(format string, args ...any) {
	f.done = append(f.done, fmt.Sprintf(format, args...))
}

func (f *fakeActions) SetName(name string)           { f.note("name %s", name) }
func (f *fakeActions) SetLink(link string)           { f.note("link %s", link) }
func (f *fakeActions) Start()                        { f.note("start") }
func (f *fakeActions) Join()                         { f.note("join") }
func (f *fakeActions) OpenRecent(i int)              { f.note("recent %d", i) }
func (f *fakeActions) ForgetRecent(i int)            { f.note("forget %d", i) }
func (f *fakeActions) RestoreRecent()                { f.note("restore") }
func (f *fakeActions) OpenSettings(p model.Page)     { f.note("settings %d", p) }
func (f *fakeActions) TestDevice(s call.Source)      { f.note("test %s", s) }
func (f *fakeActions) TryCamera(on bool)             { f.note("try %v", on) }
func (f *fakeActions) ChooseTalkKey(on bool)         { f.note("choose key %v", on) }
func (f *fakeActions) SetChoice(c settings.Choice)   { f.note("choice %+v", c) }
func (f *fakeActions) CopyReport()                   { f.note("report") }
func (f *fakeActions) OpenFolder()                   { f.note("folder") }
func (f *fakeActions) OpenLicences()                 { f.note("licences") }
func (f *fakeActions) OpenRelease()                  { f.note("release") }
func (f *fakeActions) TestNetwork(link string)       { f.note("network %s", link) }
func (f *fakeActions) RegisterLinks(on bool)         { f.note("links %v", on) }
func (f *fakeActions) Cancel()                       { f.note("cancel") }
func (f *fakeActions) Preview()                      { f.note("preview") }
func (f *fakeActions) ToggleCamera()                 { f.note("camera") }
func (f *fakeActions) ToggleMic()                    { f.note("mic") }
func (f *fakeActions) Pick(s call.Source, id string) { f.note("pick %s %s", s, id) }
func (f *fakeActions) Invite()                       { f.note("invite") }
func (f *fakeActions) Leave()                        { f.note("leave") }
func (f *fakeActions) Act(a words.Action)            { f.note("act %d", a) }
func (f *fakeActions) Dismiss(id int)                { f.note("dismiss %d", id) }
func (f *fakeActions) ShowTrack(t call.SID, w, h int, hidden bool) {
	if f.track != nil {
		f.track(t, hidden)
	}
	f.note("track %s %dx%d hidden=%v", t, w, h, hidden)
}

func (f *fakeActions) LeaveMenu(fyne.Position) { f.note("leave menu") }
func (f *fakeActions) End()                    { f.note("end for everyone") }
func (f *fakeActions) MoreMenu(fyne.Position)  { f.note("more menu") }
func (f *fakeActions) TryNotification()        { f.note("notification") }
func (f *fakeActions) DeviceMenu(s call.Source, at fyne.Position) {
	f.note("devices %s", s)
}

func (f *fakeActions) Shortcuts()                          { f.note("shortcuts") }
func (f *fakeActions) Share()                              { f.note("share") }
func (f *fakeActions) PickScreen(id string)                { f.note("screen %s", id) }
func (f *fakeActions) CancelShare()                        { f.note("no screen") }
func (f *fakeActions) Enlarge(key string)                  { f.note("enlarge %s", key) }
func (f *fakeActions) Pin(key string)                      { f.note("pin %s", key) }
func (f *fakeActions) SetLayout(l model.Layout)            { f.note("layout %s", l) }
func (f *fakeActions) HideSelf(hide bool)                  { f.note("hide %v", hide) }
func (f *fakeActions) TurnPage(by int)                     { f.note("turn %d", by) }
func (f *fakeActions) FullScreen()                         { f.note("full") }
func (f *fakeActions) Small()                              { f.note("small") }
func (f *fakeActions) Awake(rests bool)                    { f.note("awake %v", rests) }
func (f *fakeActions) ToggleHand()                         { f.note("hand") }
func (f *fakeActions) ReactMenu(fyne.Position)             { f.note("react menu") }
func (f *fakeActions) Rules()                              { f.note("rules") }
func (f *fakeActions) Undo(notice int)                     { f.note("undo %d", notice) }
func (f *fakeActions) SetVolume(id call.Identity, p int)   { f.note("volume %s %d", id, p) }
func (f *fakeActions) Lower(id call.Identity)              { f.note("lower %s", id) }
func (f *fakeActions) Select(ids []call.Identity, on bool) { f.note("select %v %v", ids, on) }
func (f *fakeActions) SelectNobody()                       { f.note("select nobody") }
func (f *fakeActions) DoSelected(op call.Operation)        { f.note("selected %s", op) }
func (f *fakeActions) SetLocked(on bool)                   { f.note("locked %v", on) }
func (f *fakeActions) SetLimit(n int)                      { f.note("limit %d", n) }
func (f *fakeActions) SetRefuseNewcomer(on bool)           { f.note("refuse %v", on) }
func (f *fakeActions) SetOffline(s int)                    { f.note("offline %d", s) }
func (f *fakeActions) SetWaiting(on bool)                  { f.note("waiting %v", on) }
func (f *fakeActions) SetKeepHistory(on bool)              { f.note("keep %v", on) }
func (f *fakeActions) MuteAll(on bool)                     { f.note("mute all %v", on) }
func (f *fakeActions) EndRoom()                            { f.note("end") }
func (f *fakeActions) CloseRules()                         { f.note("close rules") }

// stand is a window with the content under test, at a fixed time.
type stand struct {
	t     *testing.T
	root  *Root
	win   fyne.Window
	act   *fakeActions
	book  *words.Book
	state *model.State
	form  Form
	now   time.Time
	blind bool // nothing is drawn
}

// variants is the theme of the one App that all tests share, as Fyne loads every
// font anew for each App and each change of the theme: three quarters of the time
// that these tests took.
type variants struct{ *theme.Theme }

var shared = sync.OnceValue(func() *variants {
	v := &variants{theme.New()}
	test.NewApp().Settings().SetTheme(v)
	return v
})

func newStand(t *testing.T, size fyne.Size, variant fyne.ThemeVariant) *stand {
	t.Helper()
	return newStandIn(t, "en", size, variant)
}

// newStandIn is a stand in the language of that code.
func newStandIn(t *testing.T, code string, size fyne.Size, variant fyne.ThemeVariant) *stand {
	t.Helper()
	shared().Theme = theme.Fixed(variant)
	s := &stand{t: t, act: &fakeActions{}, book: words.Choose(code, nil), state: model.New(), now: time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	s.form = Form{Name: "Ada Lovelace", Asked: true, MicOn: true, CameraOn: true}
	s.root = New(s.book, s.act, func() time.Time { return s.now })
	s.win = test.NewWindow(s.root.Content)
	t.Cleanup(s.win.Close)
	s.win.SetPadded(false)
	s.win.Resize(size)
	return s
}

func (s *stand) apply(events ...call.Event) {
	for _, e := range events {
		s.state.Apply(eventqueue.Stamped{At: s.now, Event: e})
	}
}

// show brings the state on the screen, with the images that have been written
// at the size that the tiles asked for.
func (s *stand) show() {
	s.root.Update(s.state, s.form, s.now)
	if slots := s.slots(); len(slots) > 0 && !s.blind {
		s.win.Canvas().Capture() // the tiles publish their sizes
		for i, slot := range slots {
			writeFrame(slot, i)
		}
	}
	s.now = s.now.Add(40 * time.Millisecond)
	s.root.Painter.Tick()
}

func (s *stand) slots() []*call.FrameSlot {
	var all []*call.FrameSlot
	if p, ok := s.state.Previews[call.SourceCamera]; ok && p.Slot != nil {
		all = append(all, p.Slot)
	}
	for _, t := range s.state.Tiles() {
		if t.Slot != nil && !t.Self {
			all = append(all, t.Slot)
		}
	}
	return all
}

// writeFrame stands for a decoder: a soft image, in the size asked for.
func writeFrame(slot *call.FrameSlot, i int) {
	v := slot.View()
	if v.Width == 0 || v.Height == 0 {
		return
	}
	img := slot.Begin(v.Width, v.Height)
	for y := range v.Height {
		for x := range v.Width {
			fx, fy := float64(x)/float64(v.Width), float64(y)/float64(v.Height)
			r, g, b := 60+90*fx, 70+60*fy, 110+40*(1-fx)
			dx, dy := (fx-0.5)*float64(v.Width)/float64(v.Height), fy-0.95
			if dx*dx+dy*dy < 0.16 || dx*dx+(fy-0.4)*(fy-0.4) < 0.03 { // somebody
				r, g, b = 200-float64(i%4)*30, 170, 140+float64(i%3)*30
			}
			img.SetRGBA(x, y, color.RGBA{uint8(r), uint8(g), uint8(b), 255})
		}
	}
	slot.Commit()
}

// button is the visible one of that name.
func (s *stand) button(name string) *kit.Button {
	s.t.Helper()
	var found *kit.Button
	uitest.Walk(s.root.Content, func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok && b.Name() == name {
			found = b
		}
	})
	if found == nil {
		s.t.Fatalf("there is no button %q", name)
	}
	return found
}

func (s *stand) visible(text string) bool {
	found := false
	uitest.Walk(s.root.Content, func(o fyne.CanvasObject) {
		switch w := o.(type) {
		case *kit.Text:
			found = found || w.Text() == text
		case *canvas.Text: // a button's
			found = found || w.Text == text
		}
	})
	return found
}

var (
	normal = fyne.NewSize(1100, 720)
	small  = fyne.NewSize(720, 480)
	tiny   = MinSize()
	phone  = fyne.NewSize(360, 640)
)

func devices() call.DevicesChanged {
	return call.DevicesChanged{Devices: []call.Device{
		{Source: call.SourceCamera, ID: "video0", Name: "Integrated HD Webcam", Default: true},
		{Source: call.SourceCamera, ID: "video2", Name: "Logitech BRIO"},
		{Source: call.SourceMicrophone, ID: "mic0", Name: "Built-in Audio Analog Stereo", Default: true},
		{Source: call.SourceSpeaker, ID: "spk0", Name: "Built-in Audio Analog Stereo", Default: true},
	}}
}

func previewOn() []call.Event {
	return []call.Event{
		call.PreviewStarted{Device: call.Device{Source: call.SourceCamera, ID: "video0"}, Slot: &call.FrameSlot{}},
		call.PreviewStarted{Device: call.Device{Source: call.SourceMicrophone, ID: "mic0"}, Level: func() float32 { return 0.2 }},
	}
}

func people(n int) (call.Participant, []call.Participant) {
	names := []string{"Grace Hopper", "Linus", "Margaret Hamilton", "Alan", "Barbara Liskov", "Edsger", "Radia Perlman", "Donald", "Frances", "Katherine", "Adele"}
	self := call.Participant{Identity: "ada", SID: "PA_0", Name: "Ada Lovelace"}
	var others []call.Participant
	for i := range n - 1 {
		id := call.Identity(fmt.Sprintf("u%d", i))
		others = append(others, call.Participant{Identity: id, SID: call.SID("PA_" + id), Name: names[i], Tracks: []call.Track{
			{SID: call.SID(fmt.Sprintf("TR_V%d", i)), Source: call.SourceCamera, Kind: call.KindVideo},
			{SID: call.SID(fmt.Sprintf("TR_A%d", i)), Source: call.SourceMicrophone, Kind: call.KindAudio, Muted: i%3 == 1},
		}})
	}
	return self, others
}

// enter joins a room of n people, ourselves included, whose cameras are on,
// except every fourth's.
func (s *stand) enter(n int) {
	self, others := people(n)
	s.state.Begin(model.Attempt{Since: s.now, Camera: true, Mic: true})
	s.apply(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateJoined}, call.Joined{
		Room: "r-1", Title: "Design review", Self: self, Participants: others,
		Link: call.Link{Hosts: []string{"192.168.1.7:7443"}, Room: "r-1", Secret: "s"},
	})
	s.apply(previewOn()...)
	for _, src := range []call.Source{call.SourceCamera, call.SourceMicrophone} {
		s.apply(call.TrackPublished{ID: "ada", Local: true, Track: call.Track{SID: call.SID("L" + src.String()), Source: src}})
	}
	for i, p := range others {
		if i%4 != 3 {
			s.apply(call.TrackSubscribed{ID: p.Identity, Track: p.Tracks[0], Slot: &call.FrameSlot{}})
		}
	}
	s.apply(call.QualityChanged{ID: "ada", Quality: call.QualityExcellent})
	s.now = s.now.Add(12*time.Minute + 4*time.Second)
}

func (f *fakeActions) TogglePanel(p model.Panel)             { f.note("toggle %d", p) }
func (f *fakeActions) OpenPanel(p model.Panel)               { f.note("panel %d", p) }
func (f *fakeActions) SetDraft(text string)                  { f.note("draft %s", text) }
func (f *fakeActions) Say()                                  { f.note("say") }
func (f *fakeActions) ReadChat(end bool)                     { f.note("read %v", end) }
func (f *fakeActions) OpenLink(l model.Link)                 { f.note("link %s", l.URL) }
func (f *fakeActions) Copy(text string)                      { f.note("copy %s", text) }
func (f *fakeActions) Admit(ids []call.Identity)             { f.note("admit %v", ids) }
func (f *fakeActions) TurnAway(ids []call.Identity)          { f.note("turn away %v", ids) }
func (f *fakeActions) ShowInvite()                           { f.note("invite") }
func (f *fakeActions) SetSearch(text string)                 { f.note("search %s", text) }
func (f *fakeActions) MutePerson(id call.Identity, on bool)  { f.note("mute person %s %v", id, on) }
func (f *fakeActions) SetRole(id call.Identity, r call.Role) { f.note("role %s %s", id, r) }
func (f *fakeActions) Remove(id call.Identity)               { f.note("remove %s", id) }
func (f *fakeActions) Ban(id call.Identity)                  { f.note("ban %s", id) }
func (f *fakeActions) Lift(id call.Identity)                 { f.note("lift %s", id) }
