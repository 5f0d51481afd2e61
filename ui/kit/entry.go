package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/kit/ime"
)

// Entry is Fyne's entry, whose Escape and Enter are its owner's. In one of
// several lines, Enter with Shift breaks the line.
type Entry struct {
	widget.Entry
	Label    string // what is asked for; empty: the hint says so
	OnEscape func() // nil: nothing happens
	OnReturn func() // nil: as Fyne has it
	shift    bool
	stray    bool // the next character is of a key that was pressed before
	problem  string
}

// NewEntry returns an entry of one line.
func NewEntry() *Entry {
	e := &Entry{}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip) // Fyne's own choice
	e.ExtendBaseWidget(e)
	return e
}

// NewTextEntry returns an entry of several lines, whose words wrap.
func NewTextEntry() *Entry {
	e := &Entry{}
	e.MultiLine, e.Wrapping = true, fyne.TextWrapWord
	e.ExtendBaseWidget(e)
	return e
}

// KeyDown implements desktop.Keyable.
func (e *Entry) KeyDown(k *fyne.KeyEvent) {
	e.shift = e.shift || isShift(k)
	e.Entry.KeyDown(k)
}

// KeyUp implements desktop.Keyable.
func (e *Entry) KeyUp(k *fyne.KeyEvent) {
	e.shift = e.shift && !isShift(k)
	e.Entry.KeyUp(k)
}

func isShift(k *fyne.KeyEvent) bool {
	return k.Name == desktop.KeyShiftLeft || k.Name == desktop.KeyShiftRight
}

// FocusGained implements fyne.Focusable.
func (e *Entry) FocusGained() {
	e.Entry.FocusGained()
	ime.Follow(e, &e.Entry)
}

// FocusLost implements fyne.Focusable: where the key is released then, nobody
// tells us.
func (e *Entry) FocusLost() {
	e.shift = false
	ime.Leave(e)
	e.Entry.FocusLost()
}

// TypedKey implements fyne.Focusable.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	e.stray = false
	switch {
	case k.Name == fyne.KeyEscape && e.OnEscape != nil:
		e.OnEscape()
	case (k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter) && e.OnReturn != nil && !e.shift:
		e.OnReturn()
	default:
		e.Entry.TypedKey(k)
	}
}

// SkipKey leaves out the character of the key whose press has given the entry the
// focus: Fyne tells of the key first, and then of its character.
func (e *Entry) SkipKey() { e.stray = true }

// TypedRune implements fyne.Focusable.
func (e *Entry) TypedRune(r rune) {
	if e.stray {
		e.stray = false
		return
	}
	e.Entry.TypedRune(r)
}

// ToEnd puts the cursor behind the text.
func (e *Entry) ToEnd() { e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown}) }

// AcceptsTab implements fyne.Tabbable: Tab goes on to the next control.
func (e *Entry) AcceptsTab() bool { return false }

// TypedShortcut implements fyne.Shortcutable: those of the window work while
// somebody types.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	e.Entry.TypedShortcut(s)
	PassShortcut(e, s)
}
