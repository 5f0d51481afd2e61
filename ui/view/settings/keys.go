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
			last.Add(newKeycap(s.Key).Container)
			continue
		}
		last = kit.Row(6, newKeycap(s.Key).Container)
		list.Add(kit.Row(16, rows.NewAtLeast(keysWidth, last), kit.Grow(kit.NewParagraph(s.Text))))
	}
	return kit.Column(16, list, kit.NewParagraph(book.T("keys.note")).Colored(theme.Muted))
}

// keycap is a key as it looks on a keyboard.
type keycap struct {
	*fyne.Container
	text *kit.Text
}

func newKeycap(name string) *keycap {
	text := kit.NewText(name)
	text.TextSize = 13
	return &keycap{kit.On(kit.NewPanel(theme.Control, 6).WithStroke(theme.Border), kit.Pad(text, 4, 10, 4, 10)), text}
}

func (k *keycap) set(name string) { k.text.Set(name) }

// keysPage is the list, and the key that can be chosen.
type keysPage struct {
	still
	content *fyne.Container
	talk    *talkKey
}

func newKeysPage(book *words.Book, act Actions, keys []Key) *keysPage {
	talk := newTalkKey(book, act)
	return &keysPage{content: scrolled(talk.content, KeyList(book, keys)), talk: talk}
}

func (p *keysPage) object() fyne.CanvasObject                  { return p.content }
func (p *keysPage) update(s *model.State, f Form, _ time.Time) { p.talk.update(s, f) }
