package preview_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/enginetest"
	"foyer/ui/model"
	"foyer/ui/preview"
	"foyer/ui/saved"
)

const (
	camera = call.SourceCamera
	mic    = call.SourceMicrophone
)

// bench is what somebody sits at: an engine with devices and a server that are the
// test's, and what a window knows. It works inside a synctest bubble.
type bench struct {
	t        *testing.T
	state    *model.State
	set      saved.Settings
	hidden   bool
	previews *preview.Previews
	refused  []error

	engine  *engine.Engine
	ledger  *enginetest.Ledger
	devices *enginetest.Devices
	dialer  *enginetest.Dialer
}

func (b *bench) State() *model.State            { return b.state }
func (b *bench) Settings() *saved.Settings      { return &b.set }
func (b *bench) Seen() bool                     { return !b.hidden }
func (b *bench) Command(c engine.Command) error { return b.engine.Do(c) }

func (b *bench) Refuse(c engine.Command, about call.Source, err error) {
	b.refused = append(b.refused, err)
	b.state.Refuse(c.Word(), about, err, time.Now())
}

// sit begins in the lobby. It ends with everything closed, whatever the test did.
func sit(t *testing.T, set saved.Settings) *bench {
	t.Helper()
	ledger := &enginetest.Ledger{}
	b := &bench{
		t: t, state: model.New(), set: set, ledger: ledger,
		devices: &enginetest.Devices{Ledger: ledger}, dialer: &enginetest.Dialer{Ledger: ledger},
	}
	b.previews = preview.New(b)
	b.engine = engine.New(engine.Config{Devices: b.devices, Media: &enginetest.Media{Ledger: ledger}, Dialer: b.dialer})
	ran := make(chan error, 1)
	go func() { ran <- b.engine.Run(context.Background()) }()
	t.Cleanup(func() {
		if err := errors.Join(b.engine.Close(context.Background()), <-ran); err != nil {
			t.Error(err)
		}
		if n := ledger.OpenNow("device"); n > 0 {
			t.Errorf("%d devices are open after the end", n)
		}
		for _, w := range ledger.Wrong() {
			t.Error(w)
		}
	})
	return b
}

// settle does what the window does at each event, until nothing happens any more.
func (b *bench) settle() {
	for {
		b.previews.Settle()
		synctest.Wait()
		events, _ := b.engine.Events().Take()
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			b.state.Apply(e)
		}
	}
}

// busy lets a source's devices be somebody else's, or not any more.
func (b *bench) busy(source call.Source, busy bool) {
	b.devices.OnOpen = func(req call.DeviceRequest) (s enginetest.Step) {
		if busy && req.Source == source {
			s.Err = call.ErrDeviceBusy
		}
		return s
	}
}

// drop takes the camera away.
func (b *bench) drop() {
	b.t.Helper()
	if !b.devices.Lose(camera) {
		b.t.Error("no camera is open")
	}
	b.settle()
}

// try looks at the camera in the settings, although it is off.
func (b *bench) try() {
	b.state.Setup.Show(model.PageDevices)
	b.state.Setup.Try = true
}

// wait asks to join a room whose host has to let us in. The result lets us in.
func (b *bench) wait() (letIn func()) {
	b.t.Helper()
	asked, opened := 0, make(chan struct{})
	b.dialer.OnDial = func(call.JoinRequest) enginetest.Step {
		if asked++; asked == 1 {
			return enginetest.Step{Err: call.ErrWaiting}
		}
		return enginetest.Step{Block: opened}
	}
	b.join()
	<-time.After(2 * time.Second) // until the door is asked again
	b.settle()
	if b.state.Engine != call.StateWaiting {
		b.t.Fatalf("we are %s", b.state.Engine)
	}
	return func() {
		close(opened)
		b.settle()
	}
}

// join asks to join a room.
func (b *bench) join() {
	b.t.Helper()
	link := call.Link{Hosts: []string{"127.0.0.1:7443"}, Room: "room", Title: "A room", Secret: "s"}
	choice := engine.Choice{Camera: call.DeviceNone, Microphone: call.DeviceNone, Previewed: true}
	if b.set.CameraOn {
		choice.Camera = b.set.Camera
	}
	if !b.set.MicOff {
		choice.Microphone = b.set.Microphone
	}
	if err := b.engine.Do(engine.Join{Link: link, Name: "Ada", Identity: "ada", Devices: choice}); err != nil {
		b.t.Fatal(err)
	}
	b.state.Begin(model.Attempt{Link: link, Room: link.Room, Title: link.Title, Camera: b.set.CameraOn, Mic: !b.set.MicOff})
	b.settle()
}

func (b *bench) leave() {
	if err := b.engine.Do(engine.Leave{}); err != nil {
		b.t.Error(err)
	}
	b.settle()
}

// open lists the cameras and microphones that are open.
func (b *bench) open() (open []call.Source) {
	for _, e := range b.ledger.Entries() {
		if e.Kind == "device" && e.Source != call.SourceSpeaker && !e.Opened.IsZero() && e.Closed.IsZero() {
			open = append(open, e.Source)
		}
	}
	slices.Sort(open)
	return open
}

// wantOpen compares what the devices say, and what the window says of it before a stay.
func (b *bench) wantOpen(want ...call.Source) {
	b.t.Helper()
	if got := b.open(); !slices.Equal(got, want) {
		b.t.Errorf("%v are open, want %v", got, want)
	}
	if b.state.InRoom() {
		return
	}
	if len(b.state.Previews) != len(want) || len(b.state.Opening) > 0 {
		b.t.Errorf("previews %v, opening %v; want %v", b.state.Previews, b.state.Opening, want)
	}
}

// gets reports whether the room gets a source of ours.
func (b *bench) gets(source call.Source) bool {
	s := b.dialer.Last()
	return s.Track(source) != nil && !s.Muted(source)
}

var (
	shown = saved.Settings{Asked: true, CameraOn: true}
	both  = []call.Source{camera, mic}
)

// Previews are open where the screen shows them, and as the user has chosen: what is
// open is asked of the devices.
func TestWhatIsOpen(t *testing.T) {
	for name, c := range map[string]struct {
		set     saved.Settings
		undrawn bool
		busy    call.Source // whose devices do not open at first
		act     func(*bench)
		want    []call.Source
		trouble error // of the camera
		opens   int   // devices, in all
	}{
		"nothing is allowed": {set: saved.Settings{CameraOn: true}},
		"opened":             {set: shown, want: both, opens: 2},
		"allowed":            {act: func(b *bench) { b.previews.Allow() }, want: both, opens: 2},
		"not drawn yet":      {set: shown, undrawn: true},
		"minimized, and back": {set: shown, act: func(b *bench) {
			b.hidden = true
			b.settle()
			b.wantOpen()
			b.hidden = false
		}, want: both, opens: 4},
		"another page, and back": {set: shown, act: func(b *bench) {
			b.state.Setup.Show(model.PageVideo)
			b.settle()
			b.wantOpen()
			b.state.Setup.Show(model.PageDevices)
		}, want: both, opens: 4},
		"camera off":     {set: shown, act: func(b *bench) { b.previews.Toggle(camera) }, want: []call.Source{mic}, opens: 2},
		"microphone off": {set: shown, act: func(b *bench) { b.previews.Toggle(mic) }, want: []call.Source{camera}, opens: 2},
		"off and on": {set: shown, act: func(b *bench) {
			b.previews.Toggle(camera)
			b.settle()
			b.previews.Toggle(camera)
		}, want: both, opens: 3},
		"asleep": {set: shown, act: func(b *bench) {
			if !b.previews.Sleep() {
				b.t.Error("nothing was on")
			}
		}, opens: 2},
		"no device": {set: shown, act: func(b *bench) { b.previews.Pick(camera, call.DeviceNone) }, want: []call.Source{mic}, opens: 2},
		"no device, and one": {set: shown, act: func(b *bench) {
			b.previews.Pick(camera, call.DeviceNone)
			b.settle()
			b.previews.Pick(camera, "b")
		}, want: both, opens: 3},
		"another device":    {set: shown, act: func(b *bench) { b.previews.Pick(camera, "b") }, want: both, opens: 3},
		"off and looked at": {set: saved.Settings{Asked: true, MicOff: true}, act: (*bench).try, want: []call.Source{camera}, opens: 1},

		"busy": {set: shown, busy: camera, want: []call.Source{mic}, trouble: call.ErrDeviceBusy, opens: 1},
		"busy, and asked again": {set: shown, busy: camera, act: func(b *bench) { b.previews.Allow() },
			want: []call.Source{mic}, trouble: call.ErrDeviceBusy, opens: 1},
		"busy, and free again": {set: shown, busy: camera, act: func(b *bench) {
			b.busy(camera, false)
			b.settle()
			b.wantOpen(mic) // nobody asked
			b.previews.Allow()
		}, want: both, opens: 2},
		"busy, and another is chosen": {set: shown, busy: camera, act: func(b *bench) {
			b.busy(camera, false)
			b.previews.Pick(camera, "b")
		}, want: both, opens: 2},
		"dropped": {set: shown, act: (*bench).drop, want: []call.Source{mic}, trouble: call.ErrDeviceLost, opens: 2},
		"dropped, and there again": {set: shown, act: func(b *bench) {
			b.drop()
			b.previews.Allow()
		}, want: both, opens: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := sit(t, c.set)
				b.hidden = c.undrawn
				b.busy(c.busy, true)
				b.settle()
				if c.act != nil {
					c.act(b)
					b.settle()
				}
				b.wantOpen(c.want...)
				if err := b.state.Trouble[camera]; !errors.Is(err, c.trouble) {
					t.Errorf("trouble %v, want %v", err, c.trouble)
				}
				if n := b.ledger.Opens("device"); n != c.opens {
					t.Errorf("opened %d devices, want %d", n, c.opens)
				}
				if len(b.refused) > 0 {
					t.Errorf("refused: %v", b.refused)
				}
			})
		})
	}
}

// What is chosen while a join waits is what the room gets, and nothing but previews is
// open until then.
func TestTheChoiceWhileAJoinWaits(t *testing.T) {
	off := saved.Settings{Asked: true, MicOff: true}
	for name, c := range map[string]struct {
		set     saved.Settings
		act     func(*bench)
		waiting []call.Source // open, while we wait
		in      []call.Source // open, in the room, and what it gets
	}{
		"as before":           {shown, func(*bench) {}, both, both},
		"camera off":          {shown, func(b *bench) { b.previews.Toggle(camera) }, []call.Source{mic}, []call.Source{mic}},
		"both off":            {shown, func(b *bench) { b.previews.Toggle(camera); b.previews.Toggle(mic) }, nil, nil},
		"both on":             {off, func(b *bench) { b.previews.Toggle(camera); b.previews.Toggle(mic) }, both, both},
		"off and on":          {shown, func(b *bench) { b.previews.Toggle(camera); b.previews.Toggle(camera) }, both, both},
		"no device":           {shown, func(b *bench) { b.previews.Pick(mic, call.DeviceNone) }, []call.Source{camera}, []call.Source{camera}},
		"another device":      {shown, func(b *bench) { b.previews.Pick(camera, "b") }, both, both},
		"asleep":              {shown, func(b *bench) { b.previews.Sleep() }, nil, nil},
		"minimized":           {shown, func(b *bench) { b.hidden = true }, nil, both},
		"off and looked at":   {off, (*bench).try, []call.Source{camera}, nil},
		"dropped":             {shown, (*bench).drop, []call.Source{mic}, []call.Source{mic}},
		"dropped, tried anew": {shown, func(b *bench) { b.drop(); b.previews.Allow() }, both, both},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := sit(t, c.set)
				b.settle()
				letIn := b.wait()
				c.act(b)
				b.settle()
				b.wantOpen(c.waiting...)
				letIn()
				if !b.state.InRoom() {
					t.Fatalf("we are %s", b.state.Engine)
				}
				b.wantOpen(c.in...)
				for _, source := range both {
					if on := slices.Contains(c.in, source); b.state.Local[source].On() != on || b.gets(source) != on {
						t.Errorf("the room gets the %s: %v; the window says %+v", source, b.gets(source), b.state.Local[source])
					}
				}
				if len(b.refused) > 0 {
					t.Errorf("refused: %v", b.refused)
				}
			})
		})
	}
}

// In a room the devices are the engine's; a camera that is off is looked at in the
// settings, for as long as they are open.
func TestInARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sit(t, saved.Settings{Asked: true})
		b.settle()
		b.join()
		b.wantOpen(mic)
		b.try()
		b.settle()
		b.wantOpen(both...)
		b.state.Setup.Show(model.PageNone)
		b.settle()
		b.wantOpen(mic)

		b.try()
		b.settle()
		b.previews.Toggle(camera)
		b.state.Setup.Show(model.PageNone)
		b.settle()
		b.wantOpen(both...) // the room sees it now
		if !b.gets(camera) {
			t.Error("the room does not see the camera")
		}
		b.hidden = true
		b.settle()
		b.wantOpen(both...)
		b.previews.Toggle(camera)
		b.settle()
		b.wantOpen(mic)

		b.hidden = false
		b.leave()
		b.wantOpen() // a farewell shows no preview
		b.state.ToLobby()
		b.settle()
		b.wantOpen(mic) // what is chosen in a room is not what the next stay begins with
	})
}

// Whatever is pressed when the engine has ended opens nothing, and says so.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := sit(t, shown)
		b.settle()
		if err := b.engine.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.previews.Toggle(camera)
		b.previews.Pick(mic, "b")
		b.previews.Allow()
		b.settle()
		if got := b.open(); len(got) > 0 || len(b.refused) == 0 {
			t.Errorf("%v are open, refused: %v", got, b.refused)
		}
		for _, err := range b.refused {
			if !errors.Is(err, call.ErrClosed) {
				t.Errorf("refused: %v", err)
			}
		}
	})
}
