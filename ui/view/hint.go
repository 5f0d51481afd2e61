package view

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

const hintWidth = 480

// hint is a word about our own microphone, above its button.
type hint struct {
	content *fyne.Container
	book    *words.Book
	icon    *kit.Icon
	title   *kit.Text
	detail  *kit.Text
}

func newHint(book *words.Book) *hint {
	h := &hint{
		book: book, icon: kit.NewIcon("mic-off", theme.Foreground, 20), title: kit.NewText(""),
		detail: kit.NewParagraph("").Colored(theme.Muted),
	}
	h.title.Bold = true
	h.detail.TextSize = 13
	h.content = kit.On(kit.NewPanel(theme.Toast, theme.RadiusCard).WithStroke(theme.Border),
		kit.Pad(kit.Row(12, h.icon, h.title, kit.Grow(h.detail)), 10, 16, 10, 16))
	h.content.Hide()
	return h
}

// update reports whether something else is said now.
func (h *hint) update(s *model.State) bool {
	icon, title, detail := "", "", ""
	switch {
	case s.Talk.Held:
		icon, title, detail = "mic", h.book.T("room.talk_held"), h.book.T("room.talk_held.detail")
	case s.Talk.Hint():
		icon, title, detail = "mic-off", h.book.T("room.talk_muted"), h.book.T("room.talk_muted.detail")
	}
	if h.title.Text() == title {
		return false
	}
	if title != "" {
		h.icon.Set(icon, theme.Foreground)
	}
	h.title.Set(title)
	h.detail.Set(detail)
	kit.SetVisible(h.content, title != "")
	h.content.Refresh()
	return true
}
