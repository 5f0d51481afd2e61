package ui

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
)

// heldBy is what the engine would have open after the previews that were asked
// for and taken back.
func heldBy(commands []engine.Command) (open int) {
	held := map[call.Source]bool{}
	for _, c := range commands {
		switch c := c.(type) {
		case engine.StartPreview:
			held[c.Source] = true
		case engine.StopPreview:
			delete(held, c.Source)
		}
	}
	return len(held)
}

// Nothing is opened before the window has been drawn: without a window there is
// no preview that anybody could see.
func TestNoDeviceBeforeTheWindowIsDrawn(t *testing.T) {
	b := newBenchUndrawn(t, Settings{Name: "Ada", Asked: true, CameraOn: true}, "")
	b.want()
	for range 10 {
		b.now = b.now.Add(time.Second)
		b.ui.root.Tick(b.now)
		b.events(call.DevicesChanged{})
	}
	b.want()
	b.draw()
	b.want(engine.StartPreview{Source: call.SourceCamera}, engine.StartPreview{Source: call.SourceMicrophone})
}

// Every screen, with every state of the devices: where no preview is shown,
// none is open, however it came to be open.
func TestNoPreviewBehindAScreenWithoutOne(t *testing.T) {
	screens := []model.Screen{model.ScreenLobby, model.ScreenRoom, model.ScreenFarewell}
	devices := map[string][]call.Source{
		"none": nil, "camera": {call.SourceCamera}, "microphone": {call.SourceMicrophone}, "both": {call.SourceCamera, call.SourceMicrophone},
	}
	for name, sources := range devices {
		for _, opening := range []bool{false, true} {
			for _, screen := range screens {
				t.Run(fmt.Sprintf("%s, %s, opening %v", screen, name, opening), func(t *testing.T) {
					b := newBench(t, Settings{Name: "Ada", Asked: true}, "")
					b.ui.set.MicOff = true
					for _, s := range sources {
						b.ui.set.SetOn(s, true)
					}
					b.ui.refresh()
					for _, s := range sources {
						if !opening {
							b.events(call.PreviewStarted{Device: call.Device{Source: s}, Slot: &call.FrameSlot{}})
						}
					}
					all := b.engine.take()
					b.ui.state.Screen, b.ui.state.Left = screen, &call.Left{Reason: call.ReasonJoinFailed}
					b.ui.refresh()
					all = append(all, b.engine.take()...)
					want := 0
					if screen.ShowsPreview() { // a room, in which nothing of ours is on, shows none either
						want = len(sources)
					}
					if got := heldBy(all); got != want {
						t.Errorf("%d previews are open, want %d: %#v", got, want, all)
					}
				})
			}
		}
	}
}

// A failed join leads to a farewell; the way back to the lobby opens the preview
// again, and a camera that failed is not tried forever.
func TestTheLobbyOpensItsPreviewAgain(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada", Asked: true, CameraOn: true, MicOff: true}, invite("r-1").String())
	b.want(engine.StartPreview{Source: call.SourceCamera})
	camera := call.Device{Source: call.SourceCamera}
	b.events(call.PreviewStarted{Device: camera, Slot: &call.FrameSlot{}})
	b.tap("Join")
	b.engine.take()
	b.events(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateLeaving}, call.PreviewStopped{Device: camera},
		call.StateChanged{State: call.StateIdle}, call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrUnreachable})
	b.want()
	if b.ui.state.Screen != model.ScreenFarewell {
		t.Fatalf("the %s is shown", b.ui.state.Screen)
	}
	if b.says("All devices are free") || !b.says("No device was open") {
		t.Error("the receipt is made up")
	}
	b.tap("Back to the lobby")
	b.want(engine.StartPreview{Source: call.SourceCamera})
	b.events(call.CommandFailed{Command: "preview", Source: call.SourceCamera, Err: call.ErrDeviceBusy})
	for range 5 {
		b.events(call.DevicesChanged{})
	}
	b.want()
}

// A receipt names what the system says is open.
func TestTheReceiptNamesWhatIsOpen(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	cam := call.Device{Source: call.SourceCamera, Name: "HD"}
	b.events(call.Left{Reason: call.ReasonInternal, Stayed: time.Second, People: 1, Open: []call.Device{cam}})
	if !b.says("The camera “HD” is still open.") || b.says("Your devices are free") || b.says("No device was open") {
		t.Error("an open camera is not told")
	}
}

// The second half of a double click is not for what has come under the pointer.
func TestADoubleClickDoesNotReachTheNextPage(t *testing.T) {
	tapTwice := func(b *bench, name string, between func(), second string) {
		b.t.Helper()
		b.tap(name)
		between()
		b.now = b.now.Add(150 * time.Millisecond)
		o := b.find(second)
		if o == nil {
			b.t.Fatalf("there is no button %q", second)
		}
		b.engine.take()
		test.Tap(o)
	}
	left := call.Left{Room: "r-1", Reason: call.ReasonLeft, Stayed: time.Minute, People: 1}
	t.Run("leave", func(t *testing.T) {
		b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
		b.tap("Join")
		b.join(invite("r-1"), ada)
		tapTwice(b, "Leave", func() { b.events(call.StateChanged{State: call.StateIdle}, left) }, "Rejoin")
		b.want()
		b.tap("Rejoin") // a moment later it is meant
		if len(b.engine.take()) != 1 {
			t.Error("the button is dead")
		}
	})
	t.Run("back to the lobby", func(t *testing.T) {
		b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
		b.tap("Join")
		b.events(left)
		tapTwice(b, "Back to the lobby", func() {}, "Start a room")
		b.want()
	})
	t.Run("cancel", func(t *testing.T) {
		b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
		b.tap("Join")
		b.events(call.StateChanged{State: call.StateJoining})
		b.now = b.now.Add(3 * time.Second)
		b.ui.root.Tick(b.now)
		tapTwice(b, "Cancel", func() {
			b.events(call.StateChanged{State: call.StateIdle}, call.Left{Reason: call.ReasonLeft, Preview: true})
		}, "Join")
		b.want()
	})
	t.Run("rejoin", func(t *testing.T) {
		b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
		b.tap("Join")
		b.events(left)
		tapTwice(b, "Rejoin", func() { b.join(invite("r-1"), ada) }, "Leave")
		b.want()
	})
}

// One question at a time, about the stay that it names, and no is what the
// keyboard answers.
func TestJ11_OneQuestionThatEndsWithItsStay(t *testing.T) {
	inRoom := func(t *testing.T) *bench {
		b := newBench(t, Settings{Name: "Ada"}, invite("r-1").String())
		b.tap("Join")
		b.join(invite("r-1"), ada)
		b.engine.take()
		return b
	}
	questions := func(b *bench) int { return len(b.ui.win.Canvas().Overlays().List()) }
	t.Run("the newest link replaces", func(t *testing.T) {
		b := inRoom(t)
		for i := range 3 {
			b.ui.OpenLink(t.Context(), invite(fmt.Sprintf("r-%d", i+2)).String())
		}
		if n := questions(b); n != 1 {
			t.Fatalf("%d questions are open", n)
		}
		b.tap("Leave and join")
		if got := b.engine.take(); len(got) != 1 || got[0].(engine.SwitchRoom).Link.Room != "r-4" {
			t.Errorf("commands %#v", got)
		}
		if n := questions(b); n != 0 {
			t.Errorf("%d questions are left", n)
		}
	})
	t.Run("the keyboard says no", func(t *testing.T) {
		for _, key := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn, fyne.KeyEscape} {
			b := inRoom(t)
			b.ui.OpenLink(t.Context(), invite("r-2").String())
			b.ui.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: key})
			b.want()
			if n := questions(b); n != 0 {
				t.Errorf("%s: %d questions are left", key, n)
			}
		}
	})
	for name, end := range map[string]func(*bench){
		"removed": func(b *bench) {
			b.events(call.StateChanged{State: call.StateLeaving})
		},
		"over": func(b *bench) {
			b.events(call.StateChanged{State: call.StateIdle}, call.Left{Room: "r-1", Reason: call.ReasonRemoved, Stayed: time.Minute})
		},
		"in another room": func(b *bench) {
			b.events(call.Left{Room: "r-1", Reason: call.ReasonSwitched, Stayed: time.Minute})
			b.now = b.now.Add(time.Second)
			b.join(invite("r-9"), ada)
		},
		"closed": func(b *bench) { b.ui.close() },
	} {
		t.Run(name, func(t *testing.T) {
			b := inRoom(t)
			b.ui.OpenLink(t.Context(), invite("r-2").String())
			end(b)
			if n := questions(b); n != 0 && name != "closed" {
				t.Errorf("%d questions are left", n)
			}
			b.events(call.DevicesChanged{})
		})
	}
}

// While we reconnect nothing is said of a network that is not there.
func TestReconnectingSaysNothingOfTheNetwork(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.tap("Start a room")
	bob := call.Participant{Identity: "bob", SID: "PA_b", Name: "Bob"}
	link := invite("r-1")
	b.events(call.StateChanged{State: call.StateJoining}, call.StateChanged{State: call.StateJoined},
		call.Joined{Room: link.Room, Title: "T", Self: ada, Participants: []call.Participant{bob}, Link: link, Hosting: true},
		call.QualityChanged{ID: ada.Identity, Quality: call.QualityExcellent},
		call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "bob", Level: 1}}})
	if !b.says("Network good") {
		t.Fatal("the network is not told")
	}
	b.events(call.StateChanged{State: call.StateReconnecting})
	for _, tile := range b.ui.state.Tiles() {
		if tile.Speaking {
			t.Errorf("%s speaks without a connection", tile.Name)
		}
	}
	if b.says("Network good") || !b.says("Reconnecting…") {
		t.Error("the header has not heard of it")
	}
	crashed := fmt.Errorf("%w: once", call.ErrRoomServerCrashed)
	b.events(call.RoomServerStopped{Err: crashed, Restarting: true})
	if !b.says("The room server on this computer stopped") || b.says("Your connection is interrupted") {
		t.Error("nothing says that it is the own server")
	}
	b.events(call.RoomServerStarted{Link: link})
	if b.says("The room server on this computer stopped") {
		t.Error("it is there again, and the banner has not heard of it")
	}
	b.events(call.RoomServerStopped{Err: crashed}, call.StateChanged{State: call.StateIdle},
		call.Left{Room: link.Room, Reason: call.ReasonServerStopped, Stayed: time.Minute, People: 2, Err: crashed})
	if !b.says("kept stopping") || b.says("Check your network") || len(b.ui.state.Notices) != 0 {
		t.Error("the end has no true words")
	}
}
