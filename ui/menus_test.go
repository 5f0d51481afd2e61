package ui

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
)

// A key opens the devices of the microphone in a room; what is chosen there is used at
// once and remembered. The list follows what is plugged in, and ends with the stay.
func TestDeviceMenuByKey(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	b.events(call.DevicesChanged{Devices: []call.Device{cam1, mic1, spk1}})
	b.engine.take()
	b.press(fyne.KeyD)
	listed := false
	for _, c := range b.engine.done {
		_, lists := c.(engine.RefreshDevices)
		listed = listed || lists
	}
	if !listed {
		t.Error("the devices are not listed anew")
	}
	if b.find("Headset") != nil {
		t.Error("a microphone is offered that is not there")
	}
	b.events(call.DevicesChanged{Devices: []call.Device{cam1, mic1, mic2, spk1}})
	if b.find("Headset") == nil || len(b.ui.win.Canvas().Overlays().List()) != 1 {
		t.Fatal("a microphone that was plugged in is not offered")
	}
	b.engine.take()
	b.press(fyne.KeyDown) // from the default one
	b.press(fyne.KeyDown)
	b.press(fyne.KeyReturn)
	b.want(engine.SelectDevice{Source: call.SourceMicrophone, Device: "mic2"})
	if b.memory.set.Microphone != "mic2" || len(b.ui.win.Canvas().Overlays().List()) != 0 {
		t.Errorf("remembered %q", b.memory.set.Microphone)
	}
	b.press(fyne.KeyK)
	if b.find("Webcam") == nil || b.find("Headset") != nil {
		t.Error("the cameras are not offered")
	}
	test.Tap(b.find("Test devices…"))
	if b.ui.state.Setup.Page != model.PageDevices || b.find("Webcam") != nil {
		t.Error("the last line does not lead to the settings")
	}
	b.press(fyne.KeyEscape)
	b.press(fyne.KeyD)
	b.events(call.StateChanged{State: call.StateLeaving})
	if len(b.ui.win.Canvas().Overlays().List()) != 0 {
		t.Error("the menu outlives the stay")
	}
	b.press(fyne.KeyD)
	if len(b.ui.win.Canvas().Overlays().List()) != 0 {
		t.Error("the menu opens while we leave")
	}
}

// In a small window the menu of the rest has what the bar has no room for, and it works
// from there: the room menu, ending the room.
func TestTheMenuOfTheRest(t *testing.T) {
	b := inRoom(t, call.RoleHost)
	b.ui.win.Resize(fyne.NewSize(330, 480))
	b.events()
	for _, line := range []string{"Share screen", "Raise hand", "React", "Choose a camera"} {
		b.tap("More")
		if o := b.find(line); o == nil {
			t.Fatalf("the menu has no %q", line)
		} else {
			b.engine.take()
			test.Tap(o)
		}
		switch {
		case line == "Share screen" && b.ui.state.Share == nil:
			t.Error("no screen can be shared")
		case line == "Raise hand":
			b.want(engine.RaiseHand{Up: true})
		case (line == "React" || line == "Choose a camera") && !b.ui.sheets.menu.Open():
			t.Errorf("%q opens nothing", line)
		}
		for len(b.ui.win.Canvas().Overlays().List()) > 0 {
			b.press(fyne.KeyEscape)
		}
	}
	b.tap("More")
	test.Tap(b.find("End for everyone"))
	if b.ui.question == nil {
		t.Error("ending for everyone asks nothing")
	}
}

// Two devices of one name have numbers, and a line leads to the device that it stands
// for now.
func TestDeviceMenuOfNamesakes(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	one := call.Device{ID: "one", Name: "Headset", Source: call.SourceMicrophone}
	two := call.Device{ID: "two", Name: "Headset", Source: call.SourceMicrophone}
	b.events(call.DevicesChanged{Devices: []call.Device{one, two, spk1}})
	b.press(fyne.KeyD)
	if b.find("Headset") == nil || b.find("Headset (2)") == nil {
		t.Fatal("two devices of one name look alike")
	}
	b.events(call.DevicesChanged{Devices: []call.Device{two, one, spk1}})
	b.engine.take()
	test.Tap(b.find("Headset (2)"))
	b.want(engine.SelectDevice{Source: call.SourceMicrophone, Device: "one"})
}
