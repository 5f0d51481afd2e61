package view

import (
	"testing"
	"time"

	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/model"
)

func roomScreens() []screen {
	rooms := []struct {
		name, looks string
		people      int
		prepare     func(*stand)
	}{
		{"1", "dark", 1, func(*stand) {}},
		{"2", "dark tiny 1600", 2, func(*stand) {}},
		{"4", "light", 4, func(s *stand) {
			s.apply(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u0", Level: 0.4}}}, call.QualityChanged{ID: "u1", Quality: call.QualityPoor})
		}},
		{"9", "dark", 9, func(*stand) {}},
		{"12", "small", 12, func(*stand) {}},
		{"notices", "dark", 3, func(s *stand) {
			s.apply(call.ParticipantJoined{Participant: call.Participant{Identity: "new", SID: "PA_n", Name: "Radia Perlman"}},
				call.ParticipantLeft{Participant: call.Participant{Identity: "u1"}, Reason: call.ReasonConnectionLost},
				call.CommandFailed{Command: "publish", Source: call.SourceCamera, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Logitech BRIO", Err: call.ErrDeviceBusy}})
		}},
		{"reconnecting", "dark", 2, func(s *stand) {
			s.apply(call.StateChanged{State: call.StateReconnecting}, call.QualityChanged{ID: "ada", Quality: call.QualityLost})
		}},
		{"lost", "", 4, func(s *stand) {
			_, others := people(4)
			lost := others[0]
			lost.Lost = true
			s.apply(call.ParticipantUpdated{Participant: lost})
			s.apply(call.DeviceLost{Device: call.Device{Source: call.SourceCamera, Name: "Logitech BRIO"}, Err: &call.DeviceError{Source: call.SourceCamera, Device: "Logitech BRIO", Err: call.ErrDeviceLost}})
		}},
		{"muted", "", 2, func(s *stand) {
			s.apply(call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lmicrophone", Source: call.SourceMicrophone}},
				call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lcamera", Source: call.SourceCamera}})
		}},
		{"host", "tiny", 3, func(s *stand) {
			s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
		}},
		{"knocking", "", 2, func(s *stand) {
			s.state.Switching.BeginSwitch(model.Attempt{Since: s.now.Add(-time.Hour), Room: "r-2", Title: "The quarterly review of everything"})
		}},
		{"between", "", 2, func(s *stand) {
			s.state.Switching.BeginSwitch(model.Attempt{Since: s.now.Add(-time.Hour), Room: "r-2", Title: "Standup"})
			s.apply(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle},
				call.Left{Reason: call.ReasonSwitched, Stayed: time.Minute}, call.StateChanged{State: call.StateJoining})
		}},
		{"sharing", "small", 3, func(s *stand) {
			s.apply(call.TrackPublished{ID: "ada", Local: true, Track: call.Track{SID: "LS", Source: call.SourceScreen, Kind: call.KindVideo}})
		}},
		{"screen-filled", "", 3, func(s *stand) {
			s.apply(call.TrackSubscribed{ID: "u0", Track: call.Track{SID: "TR_S", Source: call.SourceScreen, Kind: call.KindVideo}, Slot: &call.FrameSlot{}})
			s.state.Screens.Enlarge("")
		}},
		{"screen", "dark", 3, func(s *stand) {
			s.apply(call.TrackSubscribed{ID: "u0", Track: call.Track{SID: "TR_S", Source: call.SourceScreen, Kind: call.KindVideo}, Slot: &call.FrameSlot{}})
		}},
		{"screen-strip", "800", 6, func(s *stand) {
			s.apply(call.TrackSubscribed{ID: "u0", Track: call.Track{SID: "TR_S", Source: call.SourceScreen, Kind: call.KindVideo}, Slot: &call.FrameSlot{}},
				call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u1", Level: 0.4}}})
		}},
		{"screen-grid", "", 4, func(s *stand) {
			s.apply(call.TrackSubscribed{ID: "u0", Track: call.Track{SID: "TR_S", Source: call.SourceScreen, Kind: call.KindVideo}, Slot: &call.FrameSlot{}})
			s.state.Screens.SetLayout(model.LayoutGrid)
		}},
		{"speaker", "800", 6, func(s *stand) {
			s.state.Screens.SetLayout(model.LayoutSpeaker)
			s.apply(call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u2", Level: 0.4}}}, call.QualityChanged{ID: "u1", Quality: call.QualityLost})
			s.state.Screens.Settle(s.now.Add(2 * time.Second))
		}},
		{"speaker-2", "", 2, func(s *stand) { s.state.Screens.SetLayout(model.LayoutSpeaker) }},
		{"pinned", "1600", 4, func(s *stand) {
			s.state.Screens.Pin("camera u1")
			s.apply(call.QualityChanged{ID: "ada", Quality: call.QualityPoor})
		}},
		{"hidden", "", 4, func(s *stand) { s.state.Stage.Hidden = true }},
		{"page-2", "800", 12, func(s *stand) { s.state.Screens.Turn(1) }},
		{"full", "", 4, func(s *stand) { s.state.Stage.FullScreen = true }},
		{"full-bare", "1600", 4, func(s *stand) { s.state.Stage.FullScreen, s.state.Stage.Bare = true, true }},
		{"full-hidden", "", 4, func(s *stand) {
			s.state.Stage.FullScreen, s.state.Stage.Bare, s.state.Stage.Hidden = true, true, true
		}},
		{"full-screen", "", 4, func(s *stand) {
			s.apply(call.TrackSubscribed{ID: "u0", Track: call.Track{SID: "TR_S", Source: call.SourceScreen, Kind: call.KindVideo}, Slot: &call.FrameSlot{}})
			s.state.Screens.Enlarge("")
			s.state.Stage.FullScreen = true
		}},
		{"talking-muted", "small", 3, func(s *stand) {
			s.apply(call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lmicrophone", Source: call.SourceMicrophone}})
			s.state.Talk.Hear(0.7, s.now.Add(-time.Second))
			s.state.Talk.Hear(0.7, s.now.Add(-800*time.Millisecond))
			s.state.Talk.Hear(0.7, s.now.Add(-600*time.Millisecond))
			s.state.Talk.Hear(0.7, s.now.Add(-400*time.Millisecond))
		}},
		{"talking", "", 3, func(s *stand) { s.state.Talk.Held = true }},
		{"alone-notices", "small", 1, func(s *stand) {
			for _, src := range []call.Source{call.SourceCamera, call.SourceMicrophone, call.SourceSpeaker} {
				s.apply(call.CommandFailed{Command: "publish", Source: src, Err: &call.DeviceError{Source: src, Err: call.ErrDeviceMissing}})
			}
		}},
		{"alone-hosting", "dark", 1, func(s *stand) { s.state.Room.Hosting = true }},
		{"alone-public", "", 1, func(s *stand) {
			s.state.Room.Hosting = true
			s.state.Room.Link.Hosts = []string{"meet.example.org:7843", "192.168.1.7:7843"}
		}},
		{"came-in", "", 2, func(s *stand) {
			s.state.Room.Hosting = true
			s.apply(call.ParticipantJoined{Participant: call.Participant{Identity: "grace", SID: "PA_g", Name: "Grace Hopper", Outside: true}})
		}},
		{"reconnecting-notices", "", 12, func(s *stand) {
			s.apply(call.StateChanged{State: call.StateReconnecting})
			for i := range 10 {
				id := call.Identity(rune('a' + i))
				s.apply(call.ParticipantJoined{Participant: call.Participant{Identity: id, SID: call.SID("PA_" + id), Name: string(id)}})
			}
		}},
		{"waiters", "", 3, func(s *stand) {
			s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
			s.outside(980, "Radia Perlman")
		}},
		{"copied", "", 2, func(s *stand) { s.state.Notify(model.Notice{At: s.now, Kind: model.NoticeCopied}) }},
		{"leaving", "", 2, func(s *stand) { s.apply(call.StateChanged{State: call.StateLeaving}) }},
	}
	screens := make([]screen, 0, len(rooms))
	for _, r := range rooms {
		screens = append(screens, screen{r.name, r.looks, func(s *stand) {
			s.enter(r.people)
			r.prepare(s)
		}})
	}
	return screens
}

func TestRoom(t *testing.T) { golden(t, "room", roomScreens()) }

func TestTooltipAndFocus(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.show()
	mic := s.button("Mute (M)")
	mic.MouseIn(nil)
	s.root.Tick(s.now)
	s.root.Tick(s.now.Add(300 * time.Millisecond))
	if s.visible("Mute (M)") {
		t.Error("the tooltip comes at once")
	}
	s.root.Tick(s.now.Add(600 * time.Millisecond))
	if !s.visible("Mute (M)") {
		t.Error("there is no tooltip")
	}
	s.win.Canvas().Focus(s.button("Stop camera (V)"))
	s.golden("tooltip-focus")
	mic.MouseOut()
	if s.visible("Mute (M)") {
		t.Error("the tooltip stays")
	}
}

// After a stay no tile holds a frame.
func TestRoomIsClearedAfterwards(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(4)
	s.show()
	slots := s.slots()
	s.apply(call.Left{Reason: call.ReasonLeft, Stayed: time.Second})
	s.show()
	for _, slot := range slots {
		if slot.View() != (call.View{}) {
			t.Error("a frame is still converted after the stay")
		}
	}
	if n := len(s.root.room.stage.tiles); n != 0 {
		t.Errorf("%d tiles are left", n)
	}
}
