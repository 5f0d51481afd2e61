package ui

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/desk"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/video"
)

// holds presses a key to speak with while we are muted.
func (b *bench) holds(press func()) {
	b.t.Helper()
	b.muted()
	b.now = b.now.Add(time.Second)
	press()
	b.want(unmute)
	b.events(call.TrackUnmuted{ID: "u-ada", Local: true, Track: micTrack})
	if !b.says("You can be heard") {
		b.t.Error("nothing says that we are heard")
	}
}

// talkEnd is a way to end it.
type talkEnd struct {
	end      func(b *bench)
	want     []engine.Command // nil: the microphone is off already
	inWindow bool             // it is no end for the key of every window
}

func talkEnds() map[string]talkEnd {
	return map[string]talkEnd{
		"the key is released": {func(b *bench) { talking{b.ui}.keyUp(space) }, []engine.Command{mute}, true},
		"another window":      {func(b *bench) { b.ui.speech.Release() }, []engine.Command{mute}, true},
		"a field":             {func(b *bench) { b.key(fyne.KeyC) }, []engine.Command{mute}, true},
		"the list of keys":    {func(b *bench) { b.ui.presses.Shortcuts() }, []engine.Command{mute}, true},
		"a menu":              {func(b *bench) { b.ui.presses.Share() }, []engine.Command{mute}, true},
		"another room": {func(b *bench) {
			b.ui.switchTo(invite("r-2"))
			b.wait(time.Second) // until we are let in, we are heard in ours
			b.want(engine.SwitchRoom{Link: invite("r-2")})
			b.events(call.StateChanged{State: call.StateLeaving})
		}, []engine.Command{mute}, false},
		"another room, at once": {func(b *bench) {
			b.ui.switchTo(invite("r-2"))
			b.want(engine.SwitchRoom{Link: invite("r-2")})
			b.events(call.StateChanged{State: call.StateLeaving}, call.StateChanged{State: call.StateIdle},
				call.Left{Room: "r-1", Reason: call.ReasonSwitched, Stayed: 1})
		}, []engine.Command{mute}, false},
		"another room, let in at once": {func(b *bench) {
			b.ui.switchTo(invite("r-2"))
			b.want(engine.SwitchRoom{Link: invite("r-2")})
			b.events(call.Left{Room: "r-1", Reason: call.ReasonSwitched, Stayed: 1}, call.StateChanged{State: call.StateJoining},
				call.StateChanged{State: call.StateJoined}, call.Joined{Room: "r-2", Self: ada, Link: invite("r-2")})
		}, []engine.Command{engine.Unpublish{Source: call.SourceMicrophone}}, false},
		"the button": {func(b *bench) { b.tap("Mute") }, []engine.Command{mute}, false},
		"leaving":    {func(b *bench) { b.events(call.StateChanged{State: call.StateLeaving}) }, nil, false},
		"a removal":  {func(b *bench) { b.events(call.Left{Reason: call.ReasonRemoved, Stayed: 1}) }, nil, false},
		"the host":   {func(b *bench) { b.events(call.TrackMuted{ID: "u-ada", Local: true, ByHost: true, Track: micTrack}) }, nil, false},
		"the host's rule": {func(b *bench) {
			b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
		}, nil, false},
		"a device lost": {func(b *bench) { b.events(call.TrackMuted{ID: "u-ada", Local: true, Track: micTrack}) }, nil, false},
	}
}

// While the key is held we are heard, and in no other case after it.
func TestPushToTalk(t *testing.T) {
	for name, tt := range talkEnds() {
		t.Run(name, func(t *testing.T) {
			b := inRoomBench(t)
			b.holds(func() { talking{b.ui}.keyDown(space) })
			tt.end(b)
			b.wait(time.Second)
			b.want(tt.want...)
			if b.ui.state.Talk.Held || b.says("You can be heard") {
				t.Error("it goes on")
			}
			talking{b.ui}.keyUp(space)
			b.want()
		})
	}
}

// The key that was not seen to be released: the keyboard repeats it no more.
func TestPushToTalkIsNotStuck(t *testing.T) {
	for _, key := range []*fyne.KeyEvent{space, keyF9} {
		t.Run(string(key.Name), func(t *testing.T) {
			b := withKey(t, desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleSystem})
			b.muted()
			talking{b.ui}.keyDown(key)
			b.ui.win.Canvas().OnTypedKey()(key) // Fyne types what is pressed
			b.want(unmute)
			b.events(call.TrackUnmuted{ID: "u-ada", Local: true, Track: micTrack})
			b.wait(time.Minute) // a keyboard that repeats nothing
			b.want()
			b.ui.win.Canvas().OnTypedKey()(key)
			b.wait(1400 * time.Millisecond)
			b.ui.win.Canvas().OnTypedKey()(key)
			b.wait(1400 * time.Millisecond)
			b.want()
			b.wait(300 * time.Millisecond)
			b.want(mute)
			talking{b.ui}.keyUp(key)
			b.want()
		})
	}
}

// The desktop gives us the key everywhere while it is held in Foyer's window, which
// gets no release then; nor does it when another key is chosen meanwhile.
func TestTheKeyIsGivenWhileItIsHeld(t *testing.T) {
	asking := func(t *testing.T) *bench {
		b := withKey(t, desk.Reach{Stage: model.ReachAsking})
		b.holds(func() { talking{b.ui}.keyDown(keyF9) })
		return b
	}
	t.Run("pressed by the grab", func(t *testing.T) {
		b := asking(t)
		reached := everywhere
		reached.Key = "F9"
		b.ui.Reached(reached)
		b.want(mute)
		b.events(call.TrackMuted{ID: "u-ada", Local: true, Track: micTrack})
		b.ui.Talk(true) // the keyboard repeats it
		b.want(unmute)
		b.ui.Talk(false)
		b.want(mute)
	})
	t.Run("refused", func(t *testing.T) {
		b := asking(t)
		b.ui.Reached(desk.Reach{Key: "F9", Stage: desk.ReachHere, Obstacle: desk.ObstacleSystem})
		b.want()
		talking{b.ui}.keyUp(keyF9)
		b.want(mute)
	})
	t.Run("another key", func(t *testing.T) {
		b := asking(t)
		b.ui.set.TalkKey = "F8"
		b.ui.refresh()
		talking{b.ui}.keyUp(keyF9)
		b.want(mute)
	})
	t.Run("Space", func(t *testing.T) {
		b := withKey(t, desk.Reach{Stage: model.ReachAsking})
		b.holds(func() { talking{b.ui}.keyDown(space) })
		b.ui.Reached(desk.Reach{Key: "F9", Stage: desk.ReachEverywhere})
		b.want() // the window gets its release
		talking{b.ui}.keyUp(space)
		b.want(mute)
	})
}

// What is told of the key goes when it is not true any more, and is told once.
func TestTheNoticeOfTheKey(t *testing.T) {
	lost := desk.Reach{Key: "F9", Stage: desk.ReachHere, Obstacle: desk.ObstacleLost}
	told := func(b *bench) (n int) {
		for _, notice := range b.ui.state.Notices {
			if notice.Kind == model.NoticeTalkKey {
				n++
			}
		}
		return n
	}
	b := withKey(t, lost)
	b.ui.Reached(lost)
	if got := told(b); got != 1 {
		t.Errorf("told %d times", got)
	}
	b.ui.Reached(desk.Reach{Key: "F9", Stage: desk.ReachEverywhere})
	if told(b) != 0 {
		t.Error("the key works, and the notice stays")
	}
	b.ui.Reached(lost)
	b.ui.set.TalkKey = "F8"
	b.ui.refresh()
	if told(b) != 0 {
		t.Error("another key is chosen, and the notice stays")
	}
}

// Where the key does nothing.
func TestPushToTalkIsOurs(t *testing.T) {
	for name, prepare := range map[string]func(b *bench){
		"on": func(b *bench) { b.events(published("m", call.SourceMicrophone)) },
		"muted by the host": func(b *bench) {
			b.muted()
			b.events(call.TrackMuted{ID: "u-ada", Local: true, ByHost: true, Track: micTrack})
		},
		"kept muted": func(b *bench) {
			b.muted()
			b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
		},
		"a question": func(b *bench) {
			b.muted()
			b.ui.askToSwitch(invite("r-2").String())
		},
		"a field": func(b *bench) {
			b.muted()
			b.key(fyne.KeyC)
		},
		"the farewell": func(b *bench) {
			b.muted()
			b.events(call.Left{Reason: call.ReasonRemoved, Stayed: 1})
		},
		"refused": func(b *bench) {
			b.muted()
			b.engine.refuse["unmute"] = errors.New("no")
		},
		"closed": func(b *bench) {
			b.muted()
			b.ui.close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := inRoomBench(t)
			prepare(b)
			b.engine.take()
			talking{b.ui}.keyDown(space)
			b.ui.speech.Release()
			talking{b.ui}.keyUp(space)
			b.want()
			if b.ui.state.Talk.Held {
				t.Error("it is held")
			}
		})
	}
	b := inRoomBench(t)
	crowd(b, 1)
	b.muted()
	c := b.ui.win.Canvas()
	for range 20 {
		if _, tile := c.Focused().(*video.StageTile); tile {
			break
		}
		c.FocusNext()
	}
	talking{b.ui}.keyDown(space)
	b.want(unmute)
}

// You are told if you talk while muted, unless the host has muted you.
func TestTalkingWhileMuted(t *testing.T) {
	for _, byHost := range []bool{false, true} {
		b := inRoomBench(t)
		loud := call.PreviewStarted{Device: call.Device{Source: call.SourceMicrophone}, Level: func() float32 { return 0.6 }}
		b.events(loud, published("m", call.SourceMicrophone))
		b.wait(2 * time.Second)
		if b.says("You are muted") {
			t.Error("we are heard")
		}
		b.events(call.TrackMuted{ID: "u-ada", Local: true, ByHost: byHost, Track: micTrack})
		b.wait(time.Second)
		if got := b.says("You are muted"); got == byHost {
			t.Errorf("muted by the host %v: the hint is shown: %v", byHost, got)
		}
		b.key(fyne.KeyM)
		if b.says("You are muted") {
			t.Error("the hint stays")
		}
	}
}

var keyF9 = &fyne.KeyEvent{Name: fyne.KeyF9}

// withKey is in a room, with a key that works in every window.
func withKey(t *testing.T, reach desk.Reach) *bench {
	t.Helper()
	b := newBench(t, Settings{Name: "Ada", TalkKey: "F9"}, invite("r-1").String())
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.engine.take()
	if b.desk.key() != "F9" {
		t.Fatalf("the desktop was asked for %v", b.desk.keys)
	}
	reach.Key = "F9"
	b.ui.Reached(reach)
	return b
}

var everywhere = desk.Reach{Stage: desk.ReachEverywhere}

// The key of every window speaks wherever the keyboard is, and stops at every way
// out of being heard.
func TestPushToTalkInEveryWindow(t *testing.T) {
	goesOn := map[string]func(b *bench){
		"another window":   func(b *bench) { b.ui.outside.setBehind(true) },
		"minimized":        func(b *bench) { b.ui.outside.setHidden(true) },
		"a field":          func(b *bench) { b.key(fyne.KeyC) },
		"the list of keys": func(b *bench) { b.ui.presses.Shortcuts() },
		"the settings":     func(b *bench) { b.ui.presses.OpenSettings(model.PageKeys) },
		"Space as well": func(b *bench) {
			talking{b.ui}.keyDown(space)
			talking{b.ui}.keyUp(space)
		},
		"a reconnect": func(b *bench) { b.events(call.StateChanged{State: call.StateReconnecting}) },
	}
	for name, happens := range goesOn {
		t.Run(name, func(t *testing.T) {
			b := withKey(t, everywhere)
			b.holds(func() { b.ui.Talk(true) })
			b.engine.take()
			happens(b)
			b.wait(10 * time.Second)
			for _, c := range b.engine.take() {
				if c == engine.Command(mute) {
					t.Error("the microphone is off while the key is held")
				}
			}
			b.ui.Talk(false)
			b.want(mute)
		})
	}
	for name, tt := range talkEnds() {
		if goesOn[name] != nil || tt.inWindow {
			continue
		}
		t.Run("ends by "+name, func(t *testing.T) {
			b := withKey(t, everywhere)
			b.holds(func() { b.ui.Talk(true) })
			tt.end(b)
			b.wait(time.Second)
			b.want(tt.want...)
			if b.ui.state.Talk.Held {
				t.Error("it goes on")
			}
			b.ui.Talk(false)
			b.want()
		})
	}
	t.Run("ends by its release", func(t *testing.T) {
		b := withKey(t, everywhere)
		b.holds(func() { b.ui.Talk(true) })
		b.ui.Talk(false)
		b.ui.Talk(false)
		b.want(mute)
	})
	t.Run("where it was pressed in a field", func(t *testing.T) {
		b := withKey(t, everywhere)
		b.key(fyne.KeyC)
		b.holds(func() { b.ui.Talk(true) })
	})
}

// A window that hangs keeps no microphone open.
func TestPushToTalkWhileTheWindowHangs(t *testing.T) {
	var hangs atomic.Bool
	var left []func()
	b := newBenchWith(t, Settings{Name: "Ada", TalkKey: "F9"}, func(c *Config) {
		c.Dispatch = func(f func()) {
			if hangs.Load() {
				left = append(left, f)
				return
			}
			f()
		}
	})
	b.ui.presses.SetLink(invite("r-1").String())
	b.ui.presses.Join()
	b.join(invite("r-1"), ada)
	b.ui.Reached(desk.Reach{Key: "F9", Stage: desk.ReachEverywhere})
	b.engine.take()
	b.holds(func() { b.ui.Talk(true) })
	hangs.Store(true)
	b.ui.Talk(false)
	b.want(mute)
	b.events(call.TrackMuted{ID: "u-ada", Local: true, Track: micTrack})
	for _, f := range left {
		f()
	}
	b.want() // it is off, and stays so
	if b.ui.state.Talk.Held {
		t.Error("it is held")
	}
}

// The desktop has to give the key only while it can be used.
func TestTheKeyIsGivenBack(t *testing.T) {
	for name, end := range map[string]func(b *bench){
		"left":    func(b *bench) { b.events(call.Left{Reason: call.ReasonLeft, Stayed: 1}) },
		"removed": func(b *bench) { b.events(call.Left{Reason: call.ReasonRemoved, Stayed: 1}) },
		"banned":  func(b *bench) { b.events(call.Left{Reason: call.ReasonBanned, Stayed: 1}) },
		"leaving": func(b *bench) { b.events(call.StateChanged{State: call.StateLeaving}) },
		"no key": func(b *bench) {
			b.turn(model.PageKeys)
			b.tap("No key")
		},
		"another one is chosen": func(b *bench) {
			b.turn(model.PageKeys)
			b.tap("Choose a key")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := withKey(t, everywhere)
			b.holds(func() { b.ui.Talk(true) })
			b.engine.take()
			end(b)
			if b.desk.key() != "" {
				t.Errorf("the desktop was asked for %v", b.desk.keys)
			}
			b.ui.Talk(false) // as the desktop does when it gives the key back
			if b.ui.state.Talk.Held {
				t.Error("it is held")
			}
		})
	}
	b := withKey(t, everywhere)
	b.ui.close()
	if b.desk.key() != "" {
		t.Error("a closed window keeps the key")
	}
	b = newBench(t, Settings{Name: "Ada", TalkKey: "F9"}, "")
	if len(b.desk.keys) != 0 {
		t.Error("the lobby takes the key")
	}
	b.turn(model.PageKeys)
	if b.desk.key() != "F9" || !b.says("answer it there") {
		t.Error("nobody sees whether the key works before a room")
	}
	b.ui.Talk(true)
	b.want()
	b.turn(model.PageNone)
	if b.desk.key() != "" {
		t.Error("the lobby keeps the key")
	}
}

// Where the key works, and what to do where it does not.
func TestWhereTheKeyWorks(t *testing.T) {
	for _, o := range model.Obstacles() {
		b := withKey(t, desk.Reach{Stage: desk.ReachHere, Obstacle: o})
		want := b.ui.book.TalkKeyHere("F9", string(o))
		if len(want) < 20 || !b.says(want) {
			t.Errorf("%s: nobody is told in the room: %q", o, want)
		}
		b.turn(model.PageKeys)
		if !b.says(want) {
			t.Errorf("%s: the settings do not say it", o)
		}
		b.turn(model.PageNone)
		key := keyF9
		if o == desk.ObstacleTaken { // our window does not get it either, and it is said what speaks
			key = space
			if !strings.Contains(want, "does not work") || !strings.Contains(want, "Space") {
				t.Errorf("it is not said that the key does not work: %q", want)
			}
		}
		b.holds(func() { talking{b.ui}.keyDown(key) }) // in our window
		talking{b.ui}.keyUp(key)
		b.want(mute)
	}
	b := withKey(t, desk.Reach{Stage: desk.ReachEverywhere, Called: "Meta+K"})
	b.turn(model.PageKeys)
	if !b.says("Meta+K") {
		t.Error("the key that the desktop has given is not shown")
	}
	b.ui.Reached(desk.Reach{Key: "F8", Stage: desk.ReachHere, Obstacle: desk.ObstacleTaken})
	if b.ui.state.Talk.Reach.Stage != desk.ReachEverywhere {
		t.Error("what is said of another key is taken for this one")
	}
	talking{b.ui}.keyDown(keyF9)
	b.want()
}

// The key is chosen by pressing it, and what cannot be one is said.
func TestChoosingTheKey(t *testing.T) {
	b := inRoomBench(t)
	b.turn(model.PageKeys)
	focus := func(name string) {
		b.ui.win.Canvas().Focus(b.find(name).(*kit.Button))
	}
	focus("Choose a key")
	b.key(fyne.KeyReturn)
	for _, k := range []fyne.KeyName{fyne.KeyA, fyne.KeyF11, fyne.KeyTab} {
		b.key(k)
		if !b.ui.state.Setup.Choosing || b.memory.set.TalkKey != "" {
			t.Errorf("%s can be chosen", k)
		}
	}
	if !b.says("is needed for something else") {
		t.Error("nothing says why a key cannot be chosen")
	}
	b.key(fyne.KeyF9)
	if b.memory.set.TalkKey != "F9" || b.desk.key() != "F9" {
		t.Errorf("chosen: %q, asked for %v", b.memory.set.TalkKey, b.desk.keys)
	}
	focus("Choose a key")
	b.key(fyne.KeyReturn)
	if b.desk.key() != "" {
		t.Error("the key itself cannot be pressed: the desktop has it")
	}
	b.key(fyne.KeyEscape)
	if b.memory.set.TalkKey != "F9" || b.desk.key() != "F9" || !b.ui.state.Setup.Open() {
		t.Error("Escape does not keep things as they are")
	}
	b.turn(model.PageNone)
	b.ui.presses.Shortcuts()
	if !b.says("F9") {
		t.Error("the list of keys does not have it")
	}
}
