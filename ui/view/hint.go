package view

import (
	"foyer/ui/model"
	"foyer/ui/words"
)

const hintWidth = 480

// hint is a word about our own microphone, above its button.
type hint struct {
	*banner
	book *words.Book
}

func newHint(book *words.Book) *hint { return &hint{newBanner(nil), book} }

// update reports whether something else is said now.
func (h *hint) update(s *model.State) bool {
	icon, title, detail := "", "", ""
	switch {
	case s.Talk.Held:
		icon, title, detail = "mic", h.book.T("room.talk_held"), h.book.T("room.talk_held.detail")
	case s.Talk.Hint():
		icon, title, detail = "mic-off", h.book.T("room.talk_muted"), h.book.T("room.talk_muted.detail")
	}
	return h.set(icon, title, detail, false)
}
