package view

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

var update = flag.Bool("update", false, "write the golden pictures anew; look at every one before committing it")

// fakeActions notes what the user did.
type fakeActions struct{ done []string }

func (f *fakeActions) note(format string, args ...any) {
	f.done = append(f.done, fmt.Sprintf(format, args...))
}

func (f *fakeActions) SetName(name string)           { f.note("name %s", name) }
func (f *fakeActions) SetLink(link string)           { f.note("link %s", link) }
func (f *fakeActions) Start()                        { f.note("start") }
func (f *fakeActions) Join()                         { f.note("join") }
func (f *fakeActions) OpenRecent(i int)              { f.note("recent %d", i) }
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
	f.note("track %s %dx%d hidden=%v", t, w, h, hidden)
}

// stand is a window with the content under test, at a fixed time.
type stand struct {
	t     *testing.T
	root  *Root
	win   fyne.Window
	act   *fakeActions
	state *model.State
	form  Form
	now   time.Time
}

// variants is the theme of the one App that all tests share, as Fyne loads every
// font anew for each App and each change of the theme: three quarters of the time
// that these tests took.
type variants struct{ fyne.Theme }

var shared = sync.OnceValue(func() *variants {
	v := &variants{theme.New()}
	test.NewApp().Settings().SetTheme(v)
	return v
})

func newStand(t *testing.T, size fyne.Size, variant fyne.ThemeVariant) *stand {
	t.Helper()
	shared().Theme = theme.Fixed(variant)
	s := &stand{t: t, act: &fakeActions{}, state: model.New(), now: time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)}
	s.form = Form{Name: "Ada Lovelace", Asked: true, MicOn: true, CameraOn: true}
	s.root = New(words.English(), s.act, func() time.Time { return s.now })
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
	if slots := s.slots(); len(slots) > 0 {
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

func (s *stand) golden(name string) {
	s.t.Helper()
	s.compare(name, s.win.Canvas().Capture())
}

// compare compares pixels as they are in memory, which is what makes hundreds of
// images affordable under the race detector.
func (s *stand) compare(name string, img image.Image) {
	s.t.Helper()
	path, got := filepath.Join("testdata", name+".png"), img.(*image.NRGBA)
	if *update {
		s.write(path, got)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	decoded, err := png.Decode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	if pixels(decoded, got) {
		return
	}
	failed := filepath.Join("testdata", "failed", name+".png")
	s.write(failed, got)
	s.t.Errorf("the screen differs from %s: see %s", path, failed)
}

// pixels reports whether both are the same. An image without any transparent pixel
// comes from its file as RGBA, which is the same in memory then.
func pixels(golden image.Image, got *image.NRGBA) bool {
	switch g := golden.(type) {
	case *image.RGBA:
		return g.Rect == got.Rect && bytes.Equal(g.Pix, got.Pix)
	case *image.NRGBA:
		return g.Rect == got.Rect && bytes.Equal(g.Pix, got.Pix)
	default:
		return false
	}
}

func (s *stand) write(path string, img image.Image) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		s.t.Fatal(err)
	}
}

var (
	normal = fyne.NewSize(1100, 720)
	small  = MinSize()
)

// look is how a screen is drawn, and what the names of its images end with.
type look struct {
	name    string
	size    fyne.Size
	variant fyne.ThemeVariant
}

func looks() []look {
	all := []look{{"", normal, fynetheme.VariantDark}, {"-light", normal, fynetheme.VariantLight}, {"-small", small, fynetheme.VariantDark}}
	if underRace {
		return all[:1]
	}
	return all
}

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

func TestLobby(t *testing.T) {
	link := call.Link{Hosts: []string{"192.168.1.7:7443"}, Room: "r-1", Title: "Design review", Secret: "s"}
	tests := []struct {
		name    string
		prepare func(*stand)
	}{
		{"first", func(s *stand) { s.form = Form{MicOn: true} }},
		{"preview", func(s *stand) {
			s.apply(previewOn()...)
			s.form.Recent = []Recent{{"Design review", s.now}, {"Ada’s room", s.now.AddDate(0, 0, -1)}, {"Monday meeting of the whole team in the big room", s.now.AddDate(0, 0, -20)}}
		}},
		{"off", func(s *stand) { s.form.CameraOn, s.form.MicOn = false, false }},
		{"opening", func(s *stand) { s.state.AskPreview(call.SourceCamera) }},
		{"busy", func(s *stand) {
			s.apply(call.CommandFailed{Command: "preview", Source: call.SourceCamera, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Integrated HD Webcam", Err: call.ErrDeviceBusy}})
			s.apply(call.CommandFailed{Command: "preview", Source: call.SourceMicrophone, Err: &call.DeviceError{Source: call.SourceMicrophone, Err: call.ErrNoSoundServer}})
		}},
		{"errors", func(s *stand) {
			s.form.Name, s.form.Link = "", "foyer://192.168.1.7:7443/r-1?v=1&s=abc"
			s.state.NameErr, s.state.LinkErr = call.CheckName(""), call.ErrLinkCut
		}},
		{"percent", func(s *stand) {
			link.Room = "50%"
			s.form.Link = link.String()
		}},
		{"starting", func(s *stand) {
			s.apply(previewOn()...)
			s.state.Begin(model.Attempt{Since: s.now.Add(-400 * time.Millisecond), Start: true})
		}},
		{"joining-long", func(s *stand) {
			s.apply(previewOn()...)
			s.state.Begin(model.Attempt{Since: s.now.Add(-2100 * time.Millisecond), Title: "Design review"})
		}},
	}
	for _, tt := range tests {
		for _, look := range looks() {
			t.Run(tt.name+look.name, func(t *testing.T) {
				s := newStand(t, look.size, look.variant)
				s.apply(devices())
				tt.prepare(s)
				s.show()
				s.golden("lobby-" + tt.name + look.name)
			})
		}
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

func TestRoom(t *testing.T) {
	tests := []struct {
		name    string
		people  int
		prepare func(*stand)
	}{
		{"1", 1, func(*stand) {}},
		{"2", 2, func(*stand) {}},
		{"4", 4, func(s *stand) {
			s.apply(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u0", Level: 0.4}}}, call.QualityChanged{ID: "u1", Quality: call.QualityPoor})
		}},
		{"9", 9, func(*stand) {}},
		{"12", 12, func(*stand) {}},
		{"notices", 3, func(s *stand) {
			s.apply(call.ParticipantJoined{Participant: call.Participant{Identity: "new", SID: "PA_n", Name: "Radia Perlman"}},
				call.ParticipantLeft{Participant: call.Participant{Identity: "u1"}, Reason: call.ReasonConnectionLost},
				call.CommandFailed{Command: "publish", Source: call.SourceCamera, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Logitech BRIO", Err: call.ErrDeviceBusy}})
		}},
		{"reconnecting", 2, func(s *stand) {
			s.apply(call.StateChanged{State: call.StateReconnecting}, call.QualityChanged{ID: "ada", Quality: call.QualityLost})
		}},
		{"lost", 4, func(s *stand) {
			_, others := people(4)
			lost := others[0]
			lost.Lost = true
			s.apply(call.ParticipantUpdated{Participant: lost})
			s.apply(call.DeviceLost{Device: call.Device{Source: call.SourceCamera, Name: "Logitech BRIO"}, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Logitech BRIO", Err: call.ErrDeviceLost}})
		}},
		{"muted", 2, func(s *stand) {
			s.apply(call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lmicrophone", Source: call.SourceMicrophone}},
				call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lcamera", Source: call.SourceCamera}})
		}},
		{"screen", 3, func(s *stand) {
			s.apply(call.TrackSubscribed{ID: "u0", Track: call.Track{SID: "TR_S", Source: call.SourceScreen, Kind: call.KindVideo}, Slot: &call.FrameSlot{}})
		}},
		{"copied", 2, func(s *stand) { s.state.Notify(model.Notice{At: s.now, Kind: model.NoticeCopied}) }},
		{"leaving", 2, func(s *stand) { s.apply(call.StateChanged{State: call.StateLeaving}) }},
	}
	for _, tt := range tests {
		for _, look := range looks() {
			t.Run(tt.name+look.name, func(t *testing.T) {
				s := newStand(t, look.size, look.variant)
				s.enter(tt.people)
				tt.prepare(s)
				s.show()
				s.golden("room-" + tt.name + look.name)
			})
		}
	}
}

// Every reason of contract section 6 has an image.
func TestFarewell(t *testing.T) {
	released := []call.Release{{Source: call.SourceCamera, Took: 12300 * time.Microsecond}, {Source: call.SourceMicrophone, Took: 4 * time.Millisecond}, {Source: call.SourceSpeaker, Took: 700 * time.Microsecond}}
	now := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	left := map[string]call.Left{}
	for _, r := range call.Reasons() {
		if r == call.ReasonSwitched || r == call.ReasonAppQuit {
			continue // no farewell: the user goes on, or the window is gone
		}
		left[r.String()] = call.Left{Reason: r, Released: released}
	}
	change := func(name string, f func(*call.Left)) {
		l := left[name]
		f(&l)
		left[name] = l
	}
	change("removed", func(l *call.Left) { l.By, l.Text = "Grace Hopper", "wrong meeting, sorry" })
	change("banned", func(l *call.Left) { l.Until, l.Text = now.Add(10*time.Minute), "please stop that" })
	change("dismissed", func(l *call.Left) { l.By = "Grace Hopper" })
	change("left", func(l *call.Left) { l.Hosting = true })
	change("join_failed", func(l *call.Left) { l.Err, l.Stayed = call.ErrUnreachable, 0 })
	for n := range 17 {
		r := call.ReasonFromDisconnect(int32(n))
		if _, other := r.Other(); other {
			left[fmt.Sprintf("other-%d", n)] = call.Left{Reason: r, Released: released}
		}
	}
	left["other-99"] = call.Left{Reason: call.ReasonOther(99), Released: released}
	left["stuck"] = call.Left{Reason: call.ReasonLeft, Released: released[1:], Stuck: []call.Device{{Source: call.SourceCamera, Name: "Integrated HD Webcam"}}}
	left["open"] = call.Left{Reason: call.ReasonLeft, Released: released[1:], Open: []call.Device{{Source: call.SourceCamera, Name: "Integrated HD Webcam"}}}
	left["own-server"] = call.Left{Reason: call.ReasonServerStopped, Released: released, Err: call.ErrHostCrashed}
	left["wrong-server"] = call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrWrongServer}
	left["banned-at-the-door"] = call.Left{Reason: call.ReasonJoinFailed, Err: &call.BannedError{Until: now.AddDate(0, 0, 3), Text: "no adverts here"}}
	for name, l := range left {
		if l.Reason != call.ReasonJoinFailed {
			l.Stayed, l.People = 12*time.Minute, 3
		}
		l.Room, l.Title = "r-1", "Design review"
		t.Run(name, func(t *testing.T) {
			s := newStand(t, normal, fynetheme.VariantDark)
			s.apply(l)
			if s.state.Screen != model.ScreenFarewell {
				t.Fatalf("%s shows the %s", name, s.state.Screen)
			}
			s.show()
			s.golden("farewell-" + name)
		})
	}
	for name, variant := range map[string]fyne.ThemeVariant{"light": fynetheme.VariantLight, "small": fynetheme.VariantDark} {
		t.Run(name, func(t *testing.T) {
			size := normal
			if name == "small" {
				size = small
			}
			s := newStand(t, size, variant)
			l := left["stuck"]
			l.Reason, l.By, l.Text, l.Hosting, l.Stayed, l.People, l.Title = call.ReasonInternal, "", "", true, time.Hour, 1, "Design review"
			s.apply(l)
			s.show()
			s.golden("farewell-stuck-" + name)
		})
	}
}
