package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"foyer/engine/call"
	"foyer/ui/model"
	"foyer/ui/talk"
	"foyer/ui/view"
	"foyer/ui/view/settings"
)

// shortcut is a key of the window. The table of them binds the keys and fills the
// list that "?" shows, so that the list cannot be wrong.
type shortcut struct {
	key  fyne.KeyName
	char rune // instead of key: what is typed, wherever it lies on the keyboard
	ctrl bool
	name string // of the key, in the list
	says string // key of the sentence
	at   func(model.Screen) bool
	do   func(actions)
}

func anywhere(model.Screen) bool         { return true }
func staying(s model.Screen) bool        { return s == model.ScreenRoom }
func beforeFarewell(s model.Screen) bool { return s != model.ScreenFarewell }
func turn(by int) func(actions)          { return func(a actions) { a.TurnPage(by) } }
func toggle(p model.Panel) func(actions) { return func(a actions) { a.pressPanel(p) } }
func heldKey(actions)                    {} // what it does, its press and its release do
func enlarge(a actions)                  { a.Enlarge("") }

// shortcuts lists all keys of the window.
func shortcuts() []shortcut {
	return []shortcut{
		{key: fyne.KeyM, name: "M", says: "keys.mic", at: beforeFarewell, do: actions.ToggleMic},
		{key: fyne.KeyV, name: "V", says: "keys.camera", at: beforeFarewell, do: actions.ToggleCamera},
		{key: fyne.KeyD, name: "D", says: "keys.devices_mic", at: staying, do: pressDevices(call.SourceMicrophone)},
		{key: fyne.KeyK, name: "K", says: "keys.devices_camera", at: staying, do: pressDevices(call.SourceCamera)},
		{key: fyne.KeyS, name: "S", says: "keys.share", at: staying, do: actions.Share},
		{key: talk.Space, name: "Space", says: "keys.talk", at: staying, do: heldKey},
		{key: fyne.KeyL, name: "L", says: "keys.layout", at: staying, do: actions.otherLayout},
		{key: fyne.KeyE, name: "E", says: "keys.enlarge", at: staying, do: enlarge},
		{key: fyne.KeyF11, name: "F11", says: "keys.full", at: staying, do: actions.FullScreen},
		{key: fyne.KeyW, name: "W", says: "keys.small", at: staying, do: makeSmall},
		{key: fyne.KeyO, name: "O", says: "keys.self", at: staying, do: actions.toggleSelf},
		{key: fyne.KeyC, name: "C", says: "keys.chat", at: staying, do: toggle(model.PanelChat)},
		{key: fyne.KeyP, name: "P", says: "keys.people", at: staying, do: toggle(model.PanelPeople)},
		{key: fyne.KeyH, name: "H", says: "keys.hand", at: staying, do: actions.ToggleHand},
		{key: fyne.KeyR, name: "R", says: "keys.react", at: staying, do: pressReact},
		{key: fyne.KeyPageDown, name: "PgDn", says: "keys.page_next", at: staying, do: turn(1)},
		{key: fyne.KeyRight, name: "→", says: "keys.page_next", at: staying, do: turn(1)},
		{key: fyne.KeyPageUp, name: "PgUp", says: "keys.page_previous", at: staying, do: turn(-1)},
		{key: fyne.KeyLeft, name: "←", says: "keys.page_previous", at: staying, do: turn(-1)},
		{key: fyne.KeyI, ctrl: true, name: "Ctrl+I", says: "keys.invite", at: staying, do: actions.Invite},
		{key: fyne.KeyQ, name: "Q", says: "keys.qr", at: staying, do: showInvite},
		{key: fyne.KeyV, ctrl: true, name: "Ctrl+V", says: "keys.paste", at: staying, do: actions.Paste},
		{key: fyne.KeyR, ctrl: true, name: "Ctrl+R", says: "keys.rules", at: staying, do: actions.Rules},
		{key: fyne.KeyZ, ctrl: true, name: "Ctrl+Z", says: "keys.undo", at: staying, do: undoLast},
		{key: fyne.KeyL, ctrl: true, name: "Ctrl+L", says: "keys.leave", at: staying, do: actions.Leave},
		{key: fyne.KeyComma, ctrl: true, name: "Ctrl+,", says: "keys.settings", at: beforeFarewell, do: actions.pressSetup},
		{key: fyne.KeyEscape, name: "Esc", says: "keys.close", at: anywhere, do: actions.escape},
		{char: '?', name: "?", says: "keys.help", at: anywhere, do: actions.Shortcuts},
		{key: fyne.KeyF1, name: "F1", says: "keys.help", at: anywhere, do: actions.Shortcuts},
	}
}

// bindKeys sets the window's keys. Those without a modifier work wherever no
// field has the focus.
func (u *UI) bindKeys() {
	c := u.win.Canvas()
	keys, chars := map[fyne.KeyName]func(){}, map[rune]func(){}
	for _, s := range shortcuts() {
		press := func() {
			if s.at(u.state.Screen) {
				s.do(actions{u})
			}
		}
		switch {
		case s.char != 0:
			chars[s.char] = press
		case !s.ctrl:
			keys[s.key] = press
		case s.key == fyne.KeyV:
			c.AddShortcut(&fyne.ShortcutPaste{}, func(fyne.Shortcut) { press() }) // Fyne takes the keys for it
		case s.key == fyne.KeyZ:
			c.AddShortcut(&fyne.ShortcutUndo{}, func(fyne.Shortcut) { press() }) // as well
		default:
			c.AddShortcut(
				&desktop.CustomShortcut{KeyName: s.key, Modifier: fyne.KeyModifierShortcutDefault},
				func(fyne.Shortcut) { press() },
			)
		}
	}
	c.SetOnTypedKey(func(k *fyne.KeyEvent) {
		actions{u}.Awake(false)
		u.speech.Repeat(k.Name)
		if (talking{u}).choose(k.Name) {
			return
		}
		if press := keys[k.Name]; press != nil {
			press()
		}
	})
	c.SetOnTypedRune(func(r rune) {
		if press := chars[r]; press != nil {
			press()
		}
	})
	talking{u}.bind()
}

// Shortcuts shows the list of the keys, or takes it away.
func (a actions) Shortcuts() {
	if a.sheets.shortcuts != nil {
		a.closeShortcuts()
		return
	}
	if a.state.Share != nil {
		a.CancelShare()
	}
	ruling(a).CloseRules()
	menus(a).close()
	a.sheets.shortcuts = view.ShowShortcuts(a.win.Canvas(), a.book, a.setup.keyList(), a.closeShortcuts)
}

// keyList is what the list of the keys has.
func (u *setup) keyList() []settings.Key {
	var rows []settings.Key
	for _, s := range shortcuts() {
		rows = append(rows, settings.Key{Key: u.book.Key(s.name), Text: u.book.T(s.says)})
		if s.key == talk.Space && u.set.TalkKey != "" {
			rows = append(rows, settings.Key{Key: u.book.Key(u.set.TalkKey), Text: u.book.T(s.says)})
		}
	}
	return rows
}

func (u *UI) closeShortcuts() {
	u.sheets.shortcuts.Close()
	u.sheets.shortcuts = nil
}

// escape closes what is open, the last one first.
func (a actions) escape() {
	switch {
	case a.question != nil:
		a.cancelQuestion()
	case a.sheets.shortcuts != nil:
		a.closeShortcuts()
	case a.state.Share != nil:
		a.CancelShare()
	case a.sheets.invite.Open():
		a.sheets.invite.Close()
	case a.sheets.rules != nil:
		ruling(a).CloseRules()
	case a.state.Setup.Open():
		a.OpenSettings(model.PageNone)
	case a.state.Panel != model.PanelNone:
		a.OpenPanel(model.PanelNone)
	case a.state.Stage.FullScreen:
		a.FullScreen()
	case a.state.Screens.Filled():
		enlarge(a)
	}
}

// Paste goes to the room whose invite link is on the clipboard.
func (a actions) Paste() {
	if a.state.InRoom() && a.state.Engine != call.StateLeaving {
		a.askToSwitch(a.cfg.Clipboard.Content())
	}
}
