package settings

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/words"
)

// talkKey is where the key is chosen that lets the user speak in every window.
type talkKey struct {
	content *fyne.Container
	book    *words.Book
	choice  Choice
	waits   bool
	cap     *keycap
	choose  *kit.Button
	none    *kit.Button
	hint    *kit.Text
}

func newTalkKey(book *words.Book, act Actions) *talkKey {
	p := &talkKey{book: book, cap: newKeycap(""), hint: hint("")}
	p.choose = kit.NewButton("", "keyboard", kit.Plain, func() { act.ChooseTalkKey(!p.waits) })
	p.none = kit.NewButton(book.T("talk.none"), "", kit.Quiet, func() {
		p.choice.TalkKey = ""
		act.SetChoice(p.choice)
	})
	p.content = part(book.T("talk.title"), kit.Row(12, p.cap.Container, p.choose, p.none), p.hint)
	return p
}

func (p *talkKey) update(s *model.State, f Form) {
	p.choice, p.waits = f.Choice, s.Setup.Choosing
	text := p.book.T("talk.choose")
	if p.waits {
		text = p.book.T("talk.cancel")
	}
	p.choose.Set(text, "keyboard", lit(p.waits))
	p.cap.set(p.book.Key(f.TalkKey))
	kit.SetVisible(p.cap.Container, f.TalkKey != "")
	kit.SetVisible(p.none, f.TalkKey != "" && !p.waits)
	p.hint.Set(p.says(s, f.TalkKey))
}

// says is what has to be known of the key.
func (p *talkKey) says(s *model.State, chosen string) string {
	r := s.Talk.Reach
	switch {
	case s.Setup.Unfit != "":
		return p.book.T("talk.unfit", "key", p.book.Key(s.Setup.Unfit))
	case s.Setup.Choosing:
		return p.book.T("talk.press")
	case chosen == "":
		return p.book.T("talk.detail")
	case r.Stage == model.ReachHere:
		return p.book.TalkKeyHere(r.Key, string(r.Obstacle))
	case r.Stage == model.ReachEverywhere && r.Called != "":
		return p.book.T("talk.everywhere_called", "key", r.Called)
	case r.Stage == model.ReachEverywhere:
		return p.book.T("talk.everywhere")
	default:
		return p.book.T("talk.asking")
	}
}

func lit(on bool) kit.Style {
	if on {
		return kit.Lit
	}
	return kit.Plain
}
