package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
	"foyer/ui/view/settings"
)

// over is the small window, nil if it is not there.
func (b *bench) over() fyne.Window {
	for _, w := range b.ui.cfg.App.Driver().AllWindows() {
		if w != b.ui.win && w.Content() != nil {
			return w
		}
	}
	return nil
}

// tapOver presses a button of it.
func (b *bench) tapOver(name string) {
	b.t.Helper()
	uitest.Walk(b.over().Content(), func(o fyne.CanvasObject) {
		if button, ok := o.(*kit.Button); ok && button.Name() == name {
			test.Tap(button)
			name = ""
		}
	})
	if name != "" {
		b.t.Fatalf("the small window has no button %q", name)
	}
}

// minimized is in a room with Grace, whose camera is on, behind the small window.
func minimized(t *testing.T) *bench {
	t.Helper()
	b := inRoomBench(t)
	b.frame.hidden(false)
	camera := call.Track{SID: "TR_c", Source: call.SourceCamera, Kind: call.KindVideo}
	b.events(graceComes(), published("m", call.SourceMicrophone), call.TrackPublished{ID: "u-grace", Track: camera},
		call.TrackSubscribed{ID: "u-grace", Track: camera, Slot: &call.FrameSlot{}})
	b.engine.take()
	b.key(fyne.KeyW)
	if b.frame.minimized != 1 || b.over() == nil {
		t.Fatal("W does not open the small window")
	}
	return b
}

// Muting, going back, and leaving from the small window.
func TestSmallWindow(t *testing.T) {
	b := minimized(t)
	b.tapOver("Mute")
	b.want(mute)
	b.events(call.TrackMuted{ID: "u-ada", Local: true, Track: micTrack})
	b.tapOver("Unmute")
	b.want(unmute)
	b.tapOver("Back to Foyer’s window")
	if b.frame.raised != 1 {
		t.Error("the large window is not brought back")
	}
	b.frame.hidden(false)
	if b.over() != nil {
		t.Error("both windows are there")
	}
	b.frame.hidden(true)
	if b.over() != nil {
		t.Error("it comes unasked")
	}
	b.frame.hidden(false)
	b.key(fyne.KeyW)
	b.tapOver("Leave")
	b.want(engine.Leave{})
	if b.frame.raised != 2 {
		t.Error("the farewell is not brought to the front")
	}
	b.events(call.StateChanged{State: call.StateLeaving})
	if b.over() != nil {
		t.Error("it stays while we leave")
	}
	b.events(call.Left{Reason: call.ReasonLeft, Stayed: 1})
	b.want()
}

// It goes at every way out, and with the window.
func TestSmallWindowGoesWithTheStay(t *testing.T) {
	ends := map[string]func(b *bench){
		"leaving": func(b *bench) { b.events(call.StateChanged{State: call.StateLeaving}) },
		"closing": func(b *bench) { b.ui.close() },
		"back":    func(b *bench) { b.frame.hidden(false) },
		"its X":   func(b *bench) { b.ui.small.Dismiss() },
	}
	for _, r := range call.Reasons() {
		if r == call.ReasonSwitched || r == call.ReasonAppQuit {
			continue // it goes on in the next room; and it ends with the window
		}
		ends[r.String()] = func(b *bench) { b.events(call.Left{Reason: r, Stayed: 1}) }
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			b := minimized(t)
			end(b)
			if b.over() != nil {
				t.Error("it stays")
			}
			if name != "its X" {
				b.frame.hidden(true)
			}
			b.wait(time.Second)
			if b.over() != nil {
				t.Error("it comes back")
			}
			if name == "its X" && !b.ui.state.InRoom() {
				t.Error("its X ends the stay")
			}
		})
	}
}

// Whenever the window is minimized in a room, if the user wants it so.
func TestSmallWindowAlways(t *testing.T) {
	b := inRoomBench(t)
	b.ui.presses.OpenSettings(model.PageAppearance)
	settingUp{b.ui.presses, b.ui.around}.SetChoice(settings.Choice{Small: true})
	b.turn(model.PageNone)
	b.frame.hidden(true)
	if b.over() == nil {
		t.Fatal("it does not come")
	}
	settingUp{b.ui.presses, b.ui.around}.SetChoice(settings.Choice{Small: true, Language: "de"})
	if b.over() == nil {
		t.Error("it goes with the language")
	}
	b.frame.hidden(false)
	b.events(call.Left{Reason: call.ReasonLeft, Stayed: 1})
	b.frame.hidden(true)
	if b.over() != nil {
		t.Error("it is there without a room")
	}
}

// Only the one video that it shows is received, and the large window gets all back.
func TestSmallWindowReceivesOneVideo(t *testing.T) {
	b := minimized(t)
	second := call.Track{SID: "TR_l", Source: call.SourceCamera, Kind: call.KindVideo}
	b.events(call.ParticipantJoined{Participant: call.Participant{Identity: "u-linus", SID: "PA_l", Name: "Linus", Tracks: []call.Track{second}}})
	b.ui.outside.tickSmall(b.now.Add(time.Second))
	last := map[call.SID]bool{}
	read := func() {
		for _, c := range b.engine.done {
			if v, ok := c.(engine.SetTrackView); ok {
				last[v.Track] = !v.Disabled
			}
		}
		b.engine.done = nil
	}
	read()
	if !last["TR_c"] || last["TR_l"] {
		t.Errorf("received: %v", last)
	}
	b.frame.hidden(false)
	b.now = b.now.Add(time.Second)
	b.draw()
	b.draw()
	read()
	if !last["TR_c"] || !last["TR_l"] {
		t.Errorf("received by the large window: %v", last)
	}
}
