package panel

import (
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// maxShownURL limits what of an address is shown before it is opened: the host
// stands above it, whole.
const maxShownURL = 300

// LinkQuestion asks whether to open a link, and shows where it leads.
func LinkQuestion(book *words.Book, l model.Link) kit.Question {
	text := book.T("chat.link.web", "host", l.Host())
	if l.URL.Scheme == "mailto" {
		text = book.T("chat.link.mail", "host", l.Host())
	}
	address := l.URL.String()
	if len(address) > maxShownURL {
		address = address[:maxShownURL] + "…"
	}
	where := kit.NewParagraph(address)
	where.TextSize = 13
	body := kit.Column(12, kit.On(kit.NewPanel(theme.Control, theme.RadiusControl), kit.Pad(where, 10, 12, 10, 12)))
	if l.Foreign() {
		body.Add(kit.NewParagraph(book.T("chat.link.foreign")).Colored(theme.Error))
	}
	return kit.Question{
		Title: book.T("chat.link.title"), Text: text, Body: body,
		Yes: book.T("chat.link.yes"), No: book.T("chat.link.no"),
	}
}
