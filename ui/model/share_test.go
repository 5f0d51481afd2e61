package model

import (
	"errors"
	"testing"

	"foyer/engine/call"
)

func screenDevice(id string) call.Device {
	return call.Device{Source: call.SourceScreen, ID: id, Name: id}
}

func screenTrack(sid string) call.Track {
	return call.Track{SID: call.SID(sid), Source: call.SourceScreen, Kind: call.KindVideo}
}

// frameIn writes a frame of one colour, as a screen does.
func frameIn(slot *call.FrameSlot, light uint8) {
	v := slot.View()
	img := slot.Begin(v.Width, v.Height)
	for i := range img.Pix {
		img.Pix[i] = light
	}
	slot.Commit()
}

// Each screen is looked at once, one after the other, and what its frame was
// taken from can be closed at once.
func TestScreensAreLookedAtInTurn(t *testing.T) {
	s := joined()
	apply(s, call.DevicesChanged{Devices: []call.Device{screenDevice("left"), {Source: call.SourceCamera, ID: "cam"}, screenDevice("right"), screenDevice("black")}})
	if _, ok := s.Screens.NextScreen(); ok {
		t.Error("a screen is looked at before anybody chooses")
	}
	if s.Screens.OpenShare() || len(s.Share.Screens) != 3 {
		t.Fatalf("the screens are not known: %+v", s.Share)
	}
	for i, want := range []string{"left", "right", "black"} {
		id, ok := s.Screens.NextScreen()
		if !ok || id != want {
			t.Fatalf("turn %d: %q, %v", i, id, ok)
		}
		s.AskPreview(call.SourceScreen)
		if _, ok := s.Screens.NextScreen(); ok {
			t.Error("two at once")
		}
		slot := &call.FrameSlot{}
		apply(s, call.PreviewStarted{Device: screenDevice(want), Slot: slot})
		if s.Screens.TakeImage() {
			t.Error("a frame before there is a frame")
		}
		frameIn(slot, []uint8{90, 120, 0}[i])
		if !s.Screens.TakeImage() {
			t.Error("the frame is not taken")
		}
		frameIn(slot, 7) // the slot's buffers go round
		slot.Clear()
		apply(s, call.PreviewStopped{Device: screenDevice(want)})
		if c := s.Share.Screens[i]; c.Image == nil || c.Image.Pix[0] != []uint8{90, 120, 0}[i] || c.Black != (want == "black") {
			t.Errorf("%s: %+v", want, c)
		}
	}
	if id, ok := s.Screens.NextScreen(); ok {
		t.Errorf("%s is looked at again", id)
	}
	apply(s, call.DevicesChanged{Devices: []call.Device{screenDevice("right"), screenDevice("new")}})
	if len(s.Share.Screens) != 2 || s.Share.Screens[0].Image == nil {
		t.Errorf("a new list forgets frames: %+v", s.Share.Screens)
	}
	if id, _ := s.Screens.NextScreen(); id != "new" {
		t.Errorf("next is %q", id)
	}
}

// What goes wrong while a screen is chosen is told in its place, once, and never
// tried for ever.
func TestShareTroubleIsToldInPlace(t *testing.T) {
	s := joined()
	if !s.Screens.OpenShare() || !s.Share.Looking {
		t.Error("no screens are known, and none are looked for")
	}
	apply(s, call.CommandFailed{Command: "devices", Err: call.ErrDeviceFailed})
	if s.Share.Looking || !errors.Is(s.Share.Err, call.ErrDeviceFailed) {
		t.Errorf("%+v", s.Share)
	}
	apply(s, call.DevicesChanged{Devices: []call.Device{screenDevice("left"), screenDevice("right")}})
	apply(s, call.CommandFailed{Command: "preview", Source: call.SourceScreen, Err: call.ErrDeviceBusy})
	if id, _ := s.Screens.NextScreen(); id != "right" || !errors.Is(s.Share.Screens[0].Err, call.ErrDeviceBusy) {
		t.Errorf("next %q, %+v", id, s.Share)
	}
	apply(s, call.DeviceLost{Device: screenDevice("right"), Err: call.ErrDeviceLost})
	if id, ok := s.Screens.NextScreen(); ok {
		t.Errorf("%q is looked at again and again", id)
	}
	s.Screens.PickScreen("left")
	if !s.Screens.Sharing() {
		t.Error("the sharing does not begin")
	}
	apply(s, call.CommandFailed{Command: "publish", Source: call.SourceScreen, Err: call.ErrDeviceFailed})
	if s.Share == nil || s.Share.Picked != "" || !errors.Is(s.Share.Err, call.ErrDeviceFailed) || s.Screens.Sharing() {
		t.Errorf("%+v", s.Share)
	}
	if len(s.Notices) != 0 {
		t.Errorf("told twice: %+v", s.Notices)
	}
	s.Screens.CloseShare()
	apply(s, call.CommandFailed{Command: "publish", Source: call.SourceScreen, Err: call.ErrDeviceFailed})
	if len(s.Notices) != 1 {
		t.Error("with the choice closed it is told nowhere")
	}
}

// The choice ends when the screen is shared, and with the stay.
func TestTheChoiceEnds(t *testing.T) {
	for name, end := range map[string]call.Event{
		"shared":  call.TrackPublished{Local: true, Track: screenTrack("L")},
		"leaving": call.StateChanged{State: call.StateLeaving},
		"left":    call.Left{Reason: call.ReasonRemoved},
	} {
		s := joined()
		apply(s, call.DevicesChanged{Devices: []call.Device{screenDevice("left")}})
		s.Screens.OpenShare()
		s.Screens.PickScreen("left")
		apply(s, end)
		if s.Share != nil {
			t.Errorf("%s: the choice stays", name)
		}
	}
}

// What we share is a still for us; what others share gets the main place.
func TestPlaces(t *testing.T) {
	slot := &call.FrameSlot{}
	ann, bob := person("ann", "PA_1", screenTrack("S1")), person("bob", "PA_2", screenTrack("S2"))
	s := joined(ann, bob)
	if a := s.Screens.Arrange(); a.Main != nil || len(a.Beside) != 2 {
		t.Errorf("without a frame: %+v", a)
	}
	apply(s, call.TrackPublished{Local: true, Track: screenTrack("L")}, call.PreviewStarted{Device: screenDevice("left"), Slot: slot})
	if got := names(s); got != "me me:screen ann- bob-" {
		t.Errorf("tiles %s", got)
	}
	for _, tile := range s.Tiles() {
		if tile.Self && tile.Source == call.SourceScreen && tile.Slot != nil {
			t.Error("a mirror of mirrors")
		}
	}
	apply(s, call.TrackSubscribed{ID: "ann", Track: screenTrack("S1"), Slot: slot}, call.TrackSubscribed{ID: "bob", Track: screenTrack("S2"), Slot: slot})
	place := func(main string, filled bool, beside int) {
		t.Helper()
		a := s.Screens.Arrange()
		if a.Main == nil || string(a.Main.ID) != main || a.Filled != filled || len(a.Beside) != beside {
			t.Errorf("main %+v, filled %v, %d beside", a.Main, a.Filled, len(a.Beside))
		}
	}
	place("ann", false, 3)
	s.Screens.Enlarge("")
	place("ann", true, 0)
	s.Screens.Enlarge("")
	place("ann", false, 3)
	s.Screens.Enlarge("screen bob")
	place("bob", false, 3)
	s.Screens.Enlarge("screen bob")
	place("bob", true, 0)
	apply(s, call.TrackUnpublished{ID: "bob", Track: screenTrack("S2")})
	place("ann", false, 2)
	apply(s, call.TrackUnpublished{ID: "ann", Track: screenTrack("S1")})
	if a := s.Screens.Arrange(); a.Main != nil || a.Filled {
		t.Error("a screen that is gone has the main place")
	}
	s.Screens.Enlarge("")
	apply(s, call.TrackUnpublished{Local: true, Track: screenTrack("L")})
	if s.Screens.Sharing() || len(s.Tiles()) != 3 {
		t.Errorf("tiles %s", names(s))
	}
}
