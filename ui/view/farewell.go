package view

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// farewell is the screen after a stay: what happened, who, until when, what
// now, and the receipt of the devices.
type farewell struct {
	content *fyne.Container
	book    *words.Book
	act     Actions
	scroll  *container.Scroll
	body    *fyne.Container
	report  *kit.Button
	shown   *call.Left
}

func newFarewell(book *words.Book, act Actions) *farewell {
	f := &farewell{book: book, act: act, body: kit.Column(12)}
	f.scroll = container.NewVScroll(container.New(&farewellLayout{}, f.body))
	f.content = container.New(&rootLayout{}, f.scroll)
	return f
}

// farewellLayout centres the text in the window, and lets it scroll where the
// window is too low for it.
type farewellLayout struct{ width float32 }

const (
	farewellWidth = 560
	farewellPad   = 32
)

// farewellEdge is beside what a window of that width says.
func farewellEdge(width float32) float32 { return min(farewellPad, kit.Edge(width)+8) }

func (l *farewellLayout) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	return kit.HeightFor(objects[0], min(width-2*farewellEdge(width), farewellWidth)) + 2*farewellPad
}

func (l *farewellLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, l.HeightFor(objects, max(l.width, MinSize().Width)))
}

func (l *farewellLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	w := min(size.Width-2*farewellEdge(size.Width), farewellWidth)
	h := kit.HeightFor(objects[0], w)
	objects[0].Move(fyne.NewPos((size.Width-w)/2, max((size.Height-h)/2-16, farewellPad)))
	objects[0].Resize(fyne.NewSize(w, h))
}

func (f *farewell) update(left *call.Left, now time.Time) {
	if f.shown == left {
		return
	}
	f.shown, f.report = left, nil
	l := *left
	text := f.book.Left(l, now)
	title := kit.NewTitle(text.Title).Centered()
	title.Wrap = true
	f.body.Objects = []fyne.CanvasObject{kit.Pad(kit.Centred(newMark(48)), 0, 0, 4, 0), title}
	if text.Quote != "" {
		quote := kit.NewParagraph(text.Quote).Centered()
		quote.TextSize = theme.TextHeading
		f.body.Add(quote)
	}
	if text.Detail != "" {
		f.body.Add(kit.NewParagraph(text.Detail).Colored(theme.Muted).Centered())
	}
	f.body.Add(kit.Pad(f.receipt(l), 12, 0, 4, 0))
	if stay := f.book.Stay(l); stay != "" {
		f.body.Add(kit.NewParagraph(stay).Colored(theme.Muted).Centered())
	}
	if l.Hosting && l.Reason != call.ReasonDismissed {
		f.body.Add(kit.NewParagraph(f.book.T("farewell.hosting")).Colored(theme.Muted).Centered())
	}
	f.body.Add(kit.Pad(f.buttons(text.Next, l), 16, 0, 0, 0))
	f.content.Refresh()
	f.scroll.ScrollToTop()
}

// receipt says which devices are free, measured, and which are not.
func (f *farewell) receipt(l call.Left) fyne.CanvasObject {
	lines := kit.Column(8)
	said, width := f.book.Receipt(l), float32(0)
	free := func(text string) {
		p := kit.NewParagraph(text)
		lines.Add(line("check", theme.Success, p))
		width = max(width, 18+12+p.MinWidth()+1+20+24)
	}
	for _, text := range said.Free {
		free(text)
	}
	for _, text := range said.Open {
		lines.Add(line("warning", theme.Error, kit.NewParagraph(text).Colored(theme.Error)))
	}
	if said.None != "" {
		free(said.None)
	}
	if len(said.Open) > 0 {
		width = 0
	}
	return kit.Middle(width, kit.On(kit.NewPanel(theme.Surface, theme.RadiusCard), kit.Pad(lines, 16, 24, 16, 20)))
}

func line(icon string, ink fyne.ThemeColorName, text *kit.Text) fyne.CanvasObject {
	return kit.Row(12, kit.NewIcon(icon, ink, 18), kit.Grow(text))
}

func (f *farewell) buttons(next []words.Action, l call.Left) fyne.CanvasObject {
	row := kit.Wrap(12, fyne.TextAlignCenter)
	for i, a := range next {
		style := kit.Plain
		if i == 0 {
			style = kit.Primary
		}
		b := kit.NewButton(f.book.Action(a, l), "", style, func() { f.act.Act(a) })
		if a == words.ActionReport {
			f.report = b
		}
		row.Add(b)
	}
	return row
}

func (f *farewell) reportCopied() {
	if f.report != nil {
		f.report.Set(f.book.T("farewell.report_copied"), "check", kit.Plain)
		f.content.Refresh()
	}
}
