// Package invitation is the sheet with the room's invitation: the link, to be copied, and
// its QR code, to be read by another device.
//
// Everything belongs to Fyne's main goroutine.
package invitation

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/qr"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// Possible reports whether a link can be given on: an address with a token cannot.
func Possible(l call.Link) bool { return !l.Empty() && !l.IsLiveKit() && l.String() != "" }

const (
	width  = 460
	side   = 230 // of the code, at least
	module = 8   // pixels of its image
)

// Sheet is the invitation over the window. The zero value is closed.
type Sheet struct {
	card *kit.Sheet
	link string
	// again shows it with another link.
	again func(call.Link)
}

// Open reports whether the sheet is open.
func (s *Sheet) Open() bool { return s.card != nil }

// Link is the one that is shown.
func (s *Sheet) Link() string { return s.link }

// Show shows the invitation by a link. copied puts it on the clipboard.
func (s *Sheet) Show(c fyne.Canvas, book *words.Book, link call.Link, copied func()) {
	s.Close()
	s.link = link.String()
	s.again = func(link call.Link) { s.Show(c, book, link, copied) }
	body := kit.Column(14, kit.NewParagraph(book.T("invite.detail")).Colored(theme.Muted))
	if code, err := qr.New(s.link); err != nil {
		body.Add(kit.NewParagraph(book.T("invite.too_long")).Colored(theme.Error))
	} else {
		drawn := canvas.NewImageFromImage(code.Image(module))
		drawn.FillMode, drawn.ScaleMode = canvas.ImageFillContain, canvas.ImageScalePixels
		drawn.SetMinSize(fyne.NewSquareSize(side))
		body.Add(access.Label(kit.Middle(side, drawn), access.RoleImage, book.T("access.qr")))
	}
	text := kit.NewParagraph(s.link)
	text.TextSize = 13
	body.Add(kit.On(kit.NewPanel(theme.Control, theme.RadiusControl), kit.Pad(text, 10, 12, 10, 12)))
	var web *kit.Button
	web = kit.NewButton(book.T("invite.browser"), "copy", kit.Plain, func() {
		fyne.CurrentApp().Clipboard().SetContent(link.Web())
		web.Set(book.T("invite.copied"), "check", kit.Plain)
	})
	body.Add(kit.Row(0, web, kit.Spring()))
	body.Add(kit.NewParagraph(browserNote(book, link)).Colored(theme.Muted))
	body.Add(kit.NewParagraph(book.T("invite.secret")).Colored(theme.Muted))
	var again *kit.Button
	again = kit.NewButton(book.T("invite.copy"), "copy", kit.Primary, func() {
		copied()
		again.Set(book.T("invite.copied"), "check", kit.Primary)
	})
	done := kit.NewButton(book.T("invite.done"), "", kit.Plain, s.Close)
	s.card = kit.ShowSheet(
		c, book.T("invite.title"), width, kit.Pad(body, 0, 6, 0, 6), kit.Row(12, again, kit.Spring(), done), s.Close,
	)
	c.Focus(again)
}

// browserNote says what a guest without Foyer finds: first a warning, unless the door has
// a certificate that browsers know. A browser tries one address, which may serve fewer
// people than the link does.
func browserNote(book *words.Book, link call.Link) string {
	note := book.T("invite.browser.detail")
	if link.Pinned() {
		note = book.T("invite.browser.warns")
	}
	if whom := whomItServes(book, link); whom != "" {
		note += "\n" + whom
	}
	return note
}

func whomItServes(book *words.Book, link call.Link) string {
	hosts := reach.ForBrowsers(link.Hosts)
	if len(hosts) == 0 {
		return ""
	}
	kind, _ := reach.Of(hosts[:1])
	switch kind {
	case reach.Computer:
		return book.T("invite.browser.computer", "address", hosts[0])
	case reach.Network:
		return book.T("invite.browser.network", "address", hosts[0])
	case reach.Internet:
		return book.T("invite.browser.internet", "address", hosts[0])
	case reach.Nobody:
	}
	return ""
}

// Settle takes the sheet away when there is no link any more, or another room's. One
// that has other addresses now takes the place of the one before.
func (s *Sheet) Settle(link string) {
	if !s.Open() || s.link == link {
		return
	}
	before, old := call.ParseLink(s.link)
	now, err := call.ParseLink(link)
	if old != nil || err != nil || now.Room != before.Room || now.Secret != before.Secret {
		s.Close()
		return
	}
	s.again(now)
}

// Close takes the sheet away.
func (s *Sheet) Close() {
	if s.card != nil {
		s.card.Close()
		s.card = nil
	}
}
