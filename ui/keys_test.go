package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/ui/model"
)

// pressed gives the window a key of the table, as Fyne does.
func (b *bench) pressed(s shortcut) {
	c := b.ui.win.Canvas()
	switch {
	case s.char != 0:
		c.OnTypedRune()(s.char)
	case s.ctrl && s.key == fyne.KeyV:
		c.(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutPaste{Clipboard: b.clip})
	case s.ctrl && s.key == fyne.KeyZ:
		c.(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutUndo{})
	case s.ctrl:
		c.(fyne.Shortcutable).TypedShortcut(&desktop.CustomShortcut{KeyName: s.key, Modifier: fyne.KeyModifierShortcutDefault})
	default:
		talking{b.ui}.keyDown(&fyne.KeyEvent{Name: s.key}) // the test driver has no such hook
		c.OnTypedKey()(&fyne.KeyEvent{Name: s.key})
	}
}

// Each key of the table does what it says, and the list shows the whole table.
func TestEveryShortcut(t *testing.T) {
	grace := call.Participant{Identity: "u-grace", SID: "PA_g", Name: "Grace", Tracks: []call.Track{{SID: "S", Source: call.SourceScreen, Kind: call.KindVideo}}}
	shared := call.TrackSubscribed{ID: "u-grace", Track: grace.Tracks[0], Slot: &call.FrameSlot{}}
	works := map[string]func(b *bench) (prove func() bool){
		"keys.mic": func(b *bench) func() bool {
			b.events(published("m", call.SourceMicrophone))
			return func() bool { return sent(b, engine.Mute{Source: call.SourceMicrophone}) }
		},
		"keys.camera": func(b *bench) func() bool {
			return func() bool { return sent(b, engine.Publish{Source: call.SourceCamera}) }
		},
		"keys.devices_mic": func(b *bench) func() bool {
			return func() bool { return b.find("No sound") != nil }
		},
		"keys.devices_camera": func(b *bench) func() bool {
			return func() bool { return b.find("Test devices…") != nil && b.find("No sound") == nil }
		},
		"keys.share": func(b *bench) func() bool { return func() bool { return b.says("Share a screen") } },
		"keys.enlarge": func(b *bench) func() bool {
			b.events(call.ParticipantJoined{Participant: grace}, shared)
			return func() bool { return b.ui.state.Screens.Filled() }
		},
		"keys.talk": func(b *bench) func() bool {
			b.muted()
			return func() bool { return sent(b, engine.Unmute{Source: call.SourceMicrophone}) }
		},
		"keys.layout": func(b *bench) func() bool {
			crowd(b, 2)
			return func() bool { return b.ui.state.Screens.Arrange().Layout() == model.LayoutSpeaker }
		},
		"keys.full":  func(b *bench) func() bool { return b.ui.win.FullScreen },
		"keys.small": func(b *bench) func() bool { return func() bool { return b.over() != nil } },
		"keys.self": func(b *bench) func() bool {
			return func() bool { return b.ui.state.Stage.Hidden }
		},
		"keys.chat": func(b *bench) func() bool {
			return func() bool { return b.ui.state.Panel == model.PanelChat }
		},
		"keys.people": func(b *bench) func() bool {
			return func() bool { return b.ui.state.Panel == model.PanelPeople }
		},
		"keys.hand":  func(b *bench) func() bool { return func() bool { return sent(b, engine.RaiseHand{Up: true}) } },
		"keys.react": func(b *bench) func() bool { return func() bool { return b.find("Applause") != nil } },
		"keys.rules": func(b *bench) func() bool {
			b.events(call.RulesChanged{Standing: call.Standing{Role: call.RoleCoHost}})
			return func() bool { return b.find("Lock the room") != nil }
		},
		"keys.undo": func(b *bench) func() bool {
			b.events(call.Moderated{Op: call.OpMute, Results: []call.PersonResult{{ID: "u-grace", Result: call.ResultDone}}})
			return func() bool {
				return slices.ContainsFunc(b.engine.take(), func(c engine.Command) bool { return c.Word() == "unmute_participant" })
			}
		},
		"keys.page_next": func(b *bench) func() bool {
			crowd(b, 12)
			return func() bool { return b.says("2 of 2") }
		},
		"keys.page_previous": func(b *bench) func() bool {
			crowd(b, 12)
			b.ui.presses.TurnPage(1)
			return func() bool { return b.says("1 of 2") }
		},
		"keys.invite": func(b *bench) func() bool {
			return func() bool { return b.clip.Content() == invite("r-1").String() }
		},
		"keys.qr": func(b *bench) func() bool {
			return func() bool { return b.says("Invite people") && b.find("Copy the link") != nil }
		},
		"keys.paste": func(b *bench) func() bool {
			b.clip.SetContent(invite("r-2").String())
			return func() bool { return b.says("Leave, and join “Design review”?") }
		},
		"keys.leave": func(b *bench) func() bool { return func() bool { return sent(b, engine.Leave{}) } },
		"keys.close": func(b *bench) func() bool {
			b.events(call.ParticipantJoined{Participant: grace}, shared)
			b.ui.presses.Enlarge("")
			return func() bool { return !b.ui.state.Screens.Filled() }
		},
		"keys.settings": func(b *bench) func() bool {
			return func() bool { return b.says("In use:") || b.says("Plays two notes.") }
		},
		"keys.help": func(b *bench) func() bool { return func() bool { return b.says("Keyboard shortcuts") } },
	}
	for _, s := range shortcuts() {
		t.Run(s.name, func(t *testing.T) {
			prepare := works[s.says]
			if prepare == nil {
				t.Fatalf("nothing proves that %q is true", s.says)
			}
			b := inRoomBench(t, leftScreen)
			prove := prepare(b)
			if prove() {
				t.Fatal("it is so before the key is pressed")
			}
			b.pressed(s)
			if !prove() {
				t.Errorf("%s does not do what it says: %s", s.name, b.ui.book.T(s.says))
			}
			b.ui.closeShortcuts()
			b.ui.presses.Shortcuts()
			if !b.says(b.ui.book.T(s.says)) || !b.says(s.name) {
				t.Error("the list does not show it")
			}
		})
	}
}

// sent reports whether a command was given since the last look.
func sent(b *bench, c engine.Command) bool {
	for _, done := range b.engine.take() {
		if done == c {
			return true
		}
	}
	return false
}

func crowd(b *bench, n int) {
	for i := range n {
		id := call.Identity(rune('a' + i))
		b.events(call.ParticipantJoined{Participant: call.Participant{Identity: id, SID: call.SID("PA_" + id), Name: string(id)}})
	}
}

// Keys of a room do nothing elsewhere, and none does anything on the farewell but
// those that say so.
func TestShortcutsElsewhere(t *testing.T) {
	for _, s := range shortcuts() {
		b := newBench(t, Settings{Name: "Ada", MicOff: true}, invite("r-1").String())
		if inRoomOnly := !s.at(0); inRoomOnly {
			b.clip.SetContent(invite("r-2").String())
			b.pressed(s)
			b.want()
		}
		b.tap("Join")
		b.join(invite("r-1"), ada)
		b.events(call.Left{Reason: call.ReasonLeft, Stayed: 1})
		b.engine.take()
		b.pressed(s)
		b.want()
	}
}

// Escape closes the list, and so does "?" again.
func TestTheListCloses(t *testing.T) {
	b := inRoomBench(t)
	for name, end := range map[string]func(){
		"Escape": func() { b.key(fyne.KeyEscape) },
		"?":      func() { b.ui.win.Canvas().Focused().TypedRune('?') },
		"button": func() { b.tap("Close") },
		"S":      func() { b.key(fyne.KeyS); b.key(fyne.KeyEscape) },
	} {
		b.tap("Keyboard shortcuts")
		if !b.says("Mute or unmute") {
			t.Fatalf("%s: the list is not shown", name)
		}
		end()
		if b.says("Mute or unmute") || len(b.ui.win.Canvas().Overlays().List()) != 0 {
			t.Errorf("%s leaves the list open", name)
		}
	}
}
