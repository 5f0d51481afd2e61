package settings

import (
	"time"

	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/kit/rows"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// Key is a line of the list of keys.
type Key struct{ Key, Text string }

const keysWidth = 100 // the keys of a line

// KeyList is the list of keys. Keys with the same words share a line.
func KeyList(book *words.Book, all []Key) fyne.CanvasObject {
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
	return kit.Column(16, list, kit.NewParagraph(book.T("keys.note")).Colored(theme.Muted))
}

// newKeycap shows a key as it looks on a keyboard.
func newKeycap(name string) fyne.CanvasObject {
	text := kit.NewText(name)
	text.TextSize = 13
	return kit.On(kit.NewPanel(theme.Control, 6).WithStroke(theme.Border), kit.Pad(text, 4, 10, 4, 10))
}

type keysPage struct {
	still
	content *fyne.Container
}

func newKeysPage(book *words.Book, keys []Key) *keysPage {
	return &keysPage{content: scrolled(KeyList(book, keys))}
}

func (p *keysPage) object() fyne.CanvasObject            { return p.content }
func (p *keysPage) update(*model.State, Form, time.Time) {}
