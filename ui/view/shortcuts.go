package view

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/kit/rows"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// Shortcut is a line of the list of keys.
type Shortcut struct{ Key, Text string }

const (
	shortcutsWidth = 560
	keysWidth      = 100 // the keys of a line
)

// ShowShortcuts shows the list of keys. Keys with the same words share a line.
func ShowShortcuts(c fyne.Canvas, book *words.Book, all []Shortcut, cancelled func()) *kit.Sheet {
	list := kit.Column(10)
	var last *fyne.Container
	for i, s := range all {
		if i > 0 && s.Text == all[i-1].Text {
			last.Add(newKeycap(s.Key))
			continue
		}
		last = kit.Row(6, newKeycap(s.Key))
		list.Add(kit.Row(16, rows.NewAtLeast(keysWidth, last), kit.Grow(kit.NewParagraph(s.Text))))
	}
	body := kit.Column(16, list, kit.NewParagraph(book.T("keys.note")).Colored(theme.Muted))
	done := kit.NewButton(book.T("keys.close_sheet"), "", kit.Plain, cancelled)
	sheet := kit.ShowSheet(c, book.T("keys.title"), shortcutsWidth, body, kit.Row(12, kit.Spring(), done), cancelled)
	c.Focus(done)
	return sheet
}

// newKeycap shows a key as it looks on a keyboard.
func newKeycap(name string) fyne.CanvasObject {
	text := kit.NewText(name)
	text.TextSize = 13
	return kit.On(kit.NewPanel(theme.Control, 6).WithStroke(theme.Border), kit.Pad(text, 4, 10, 4, 10))
}
