package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
)

var (
	leftScreen  = call.Device{Source: call.SourceScreen, ID: "x11-screen-0", Name: "Screen", Default: true}
	rightScreen = call.Device{Source: call.SourceScreen, ID: "x11-screen-1", Name: "Screen 2"}
)

// inRoom is a window in a room, with what was asked of the engine forgotten.
func inRoomBench(t *testing.T, devices ...call.Device) *bench {
	t.Helper()
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.events(call.DevicesChanged{Devices: devices})
	b.engine.take()
	return b
}

func (b *bench) key(k fyne.KeyName) {
	b.now = b.now.Add(time.Second)
	if f := b.ui.win.Canvas().Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: k})
		return
	}
	b.ui.win.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: k})
}

// grabbed lets a screen show its first frame, and the window see it.
func (b *bench) grabbed(d call.Device) {
	slot := &call.FrameSlot{}
	b.events(call.PreviewStarted{Device: d, Slot: slot})
	b.now = b.now.Add(time.Second)
	b.ui.root.Tick(b.now)
	v := slot.View()
	img := slot.Begin(v.Width, v.Height)
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	slot.Commit()
	b.ui.root.Tick(b.now)
	b.events(call.PreviewStopped{Device: d})
}

func published(sid string, src call.Source) call.TrackPublished {
	return call.TrackPublished{ID: "u-ada", Local: true, Track: call.Track{SID: call.SID(sid), Source: src}}
}

// No screen is looked at before the choice is open, each only until its frame is
// there, and none stays open after it.
func TestShareByTheChoice(t *testing.T) {
	b := inRoomBench(t, leftScreen, rightScreen)
	b.ui.root.Tick(b.now)
	b.want()
	b.tap("Share screen")
	b.want(engine.StartPreview{Source: call.SourceScreen, Device: leftScreen.ID})
	b.grabbed(leftScreen)
	b.want(engine.StopPreview{Source: call.SourceScreen}, engine.StartPreview{Source: call.SourceScreen, Device: rightScreen.ID})
	b.grabbed(rightScreen)
	b.want(engine.StopPreview{Source: call.SourceScreen})
	b.now = b.now.Add(time.Second)
	b.ui.root.Tick(b.now)
	b.want()

	if _, first := b.ui.win.Canvas().Focused().(*kit.ImageButton); !first {
		t.Errorf("the keyboard is on %T", b.ui.win.Canvas().Focused())
	}
	b.tap("Screen 2")
	b.want(engine.Publish{Source: call.SourceScreen, Device: rightScreen.ID})
	if !b.says("Starting…") {
		t.Error("nothing says that the sharing begins")
	}
	b.tap("Screen 2") // a second click is not a second screen
	b.want()
	b.events(call.PreviewStarted{Device: rightScreen, Slot: &call.FrameSlot{}}, published("S", call.SourceScreen))
	if b.says("Share a screen") || !b.says("You are sharing your screen") {
		t.Error("the choice stays, or nothing says that the screen is shared")
	}
	b.want()
	b.tap("Stop sharing")
	b.want(engine.Unpublish{Source: call.SourceScreen})
	if b.says("You are sharing your screen") {
		t.Error("still said to be shared")
	}
	b.events(call.TrackUnpublished{ID: "u-ada", Local: true, Track: call.Track{SID: "S", Source: call.SourceScreen}}, call.PreviewStopped{Device: rightScreen})
	b.want()
}

// Every way out of the choice closes the screen that is looked at.
func TestShareIsCancelled(t *testing.T) {
	for name, cancel := range map[string]func(*bench){
		"button": func(b *bench) { b.tap("Cancel") },
		"Escape": func(b *bench) { b.key(fyne.KeyEscape) },
		"S":      func(b *bench) { b.key(fyne.KeyS) },
		"beside": func(b *bench) {
			b.now = b.now.Add(time.Second)
			b.ui.win.Canvas().Overlays().Top().(fyne.Tappable).Tapped(&fyne.PointEvent{})
		},
		"?": func(b *bench) { b.ui.win.Canvas().OnTypedRune()('?') },
	} {
		t.Run(name, func(t *testing.T) {
			b := inRoomBench(t, leftScreen)
			b.key(fyne.KeyS)
			b.want(engine.StartPreview{Source: call.SourceScreen, Device: leftScreen.ID})
			cancel(b)
			b.want(engine.StopPreview{Source: call.SourceScreen})
			if b.says("Share a screen") {
				t.Error("the choice stays")
			}
			b.events(call.PreviewStarted{Device: leftScreen, Slot: &call.FrameSlot{}}) // it was on its way
			b.ui.root.Tick(b.now.Add(time.Second))
			b.want()
		})
	}
}

// The stay may end while a screen is chosen: the engine closes it.
func TestTheStayEndsWhileAScreenIsChosen(t *testing.T) {
	for name, events := range map[string][]call.Event{
		"removed":  {call.StateChanged{State: call.StateLeaving}, call.PreviewStopped{Device: leftScreen}, call.StateChanged{State: call.StateIdle}, call.Left{Reason: call.ReasonRemoved, Stayed: time.Second}},
		"switched": {call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle}, call.Left{Reason: call.ReasonSwitched, Stayed: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			b := inRoomBench(t, leftScreen)
			b.tap("Share screen")
			b.engine.take()
			b.events(call.PreviewStarted{Device: leftScreen, Slot: &call.FrameSlot{}})
			b.events(events...)
			b.want()
			if n := len(b.ui.win.Canvas().Overlays().List()); n != 0 || b.says("Share a screen") {
				t.Errorf("%d cards lie over the window", n)
			}
		})
	}
}

// A double click on the button opens the choice; its second half closes nothing.
func TestDoubleClickOnShare(t *testing.T) {
	b := inRoomBench(t, leftScreen)
	b.tap("Share screen")
	b.now = b.now.Add(doubleClick / 2)
	b.ui.win.Canvas().Overlays().Top().(fyne.Tappable).Tapped(&fyne.PointEvent{})
	if !b.says("Share a screen") {
		t.Error("the second half of the click has closed the choice")
	}
}

func TestNoScreenToShare(t *testing.T) {
	b := inRoomBench(t)
	b.tap("Share screen")
	if !b.says("Looking for your screens…") {
		t.Error("nothing says that screens are looked for")
	}
	asked := false
	for _, c := range b.engine.done {
		_, refresh := c.(engine.RefreshDevices)
		asked = asked || refresh
	}
	if !asked {
		t.Error("nobody looks for screens")
	}
	b.events(call.DevicesChanged{})
	if !b.says("Foyer found no screen that it can share.") {
		t.Error("the reason is not told")
	}
	b.tap("Cancel")
	b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleListener}})
	b.tap("Share screen")
	if b.says("Share a screen") || !b.says("Your screen could not be shared") {
		t.Error("a listener is shown a choice, or is not told why there is none")
	}
}

// A share that the engine refuses at once is told in the choice.
func TestRefusedShare(t *testing.T) {
	b := inRoomBench(t, leftScreen)
	b.engine.refuse["publish"] = &call.DeviceError{Source: call.SourceScreen, Device: "Screen", Err: call.ErrDeviceStuck}
	b.tap("Share screen")
	b.tap("Screen")
	if !b.says("Share a screen") || !b.says("is not responding") || b.says("You are sharing your screen") {
		t.Error("it is not told in place")
	}
}
