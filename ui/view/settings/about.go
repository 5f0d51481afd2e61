package settings

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/kit/prose"
	"foyer/ui/model"
	"foyer/ui/words"
)

// diagnosticsPage helps to find a fault.
type diagnosticsPage struct {
	still
	content *fyne.Container
	book    *words.Book
	copy    *kit.Button
}

func newDiagnosticsPage(book *words.Book, act Actions, program Program) *diagnosticsPage {
	p := &diagnosticsPage{book: book}
	p.copy = kit.NewButton(book.T("settings.report_copy"), "copy", kit.Plain, act.CopyReport)
	p.content = scrolled(
		part(book.T("settings.report"), kit.NewParagraph(book.T("settings.report.detail")), kit.Row(0, p.copy)),
	)
	if program.Folder != "" {
		open := kit.NewButton(book.T("settings.folder_open"), "", kit.Plain, act.OpenFolder)
		p.content.Objects[0].(*fyne.Container).Add(part(
			book.T("settings.folder"), kit.NewParagraph(book.T("settings.folder.detail")), hint(program.Folder),
			kit.Row(0, open),
		))
	}
	return p
}

func (p *diagnosticsPage) object() fyne.CanvasObject { return p.content }

func (p *diagnosticsPage) update(*model.State, Form, time.Time) {}

// copied confirms that the report is on the clipboard.
func (p *diagnosticsPage) copied() {
	p.copy.Set(p.book.T("settings.report_copied"), "check", kit.Plain)
}

// aboutPage says what the program is, whether there is a newer one, and what it is made of.
type aboutPage struct {
	still
	content *fyne.Container
	book    *words.Book
	choice  Choice
	news    *chooser[bool] // nil: nobody can be asked
	newer   *Newer
}

func newAboutPage(book *words.Book, act Actions, program Program) *aboutPage {
	p := &aboutPage{book: book, newer: NewNewer(book, act.OpenRelease)}
	p.content = scrolled(part(
		book.T("app.name"), kit.NewParagraph(book.T("settings.about.detail")), hint(program.Version),
		hint(book.T("settings.licence")), p.newer.Content,
	))
	all := p.content.Objects[0].(*fyne.Container)
	if program.News {
		_, texts := onOff(book)
		p.news = newChooser([]bool{true, false}, texts, act, func(off bool) {
			p.choice.NoNews = off
			act.SetChoice(p.choice)
		})
		all.Add(part(book.T("settings.news"), p.news.Container, hint(book.T("settings.news.detail"))))
	}
	if program.Libraries == nil {
		return p
	}
	var list []string
	for _, l := range program.Libraries() {
		list = append(list, strings.TrimSpace(l.Name+" "+l.Version)+" – "+l.Licence)
	}
	all.Add(part(
		book.T("settings.libraries"), hint(book.T("settings.libraries.detail")),
		kit.Row(0, kit.NewButton(book.T("settings.libraries_open"), "", kit.Plain, act.OpenLicences)),
		prose.New(strings.Join(list, "\n")),
	))
	return p
}

func (p *aboutPage) object() fyne.CanvasObject { return p.content }

func (p *aboutPage) update(s *model.State, f Form, _ time.Time) {
	p.choice = f.Choice
	if p.news != nil {
		p.news.set(f.NoNews)
	}
	p.newer.Set(s.Release)
}

// Newer is the line about a newer release: its version, and the place where people get
// it. There is nothing where there is none.
type Newer struct {
	Content *fyne.Container
	book    *words.Book
	says    *kit.Text
	where   *kit.Button
}

// NewNewer returns a line that is not there yet.
func NewNewer(book *words.Book, open func()) *Newer {
	n := &Newer{book: book, says: kit.NewParagraph(""), where: kit.NewButton("", "", kit.Plain, open)}
	n.says.TextSize = 13
	n.where.Small = true
	n.Content = kit.Column(6, n.says, kit.Row(0, n.where))
	n.Content.Hide()
	return n
}

// Set shows a release.
func (n *Newer) Set(r model.Release) {
	if r != (model.Release{}) {
		n.says.Set(n.book.T("news.newer", "version", r.Version))
		host, _, _ := strings.Cut(strings.TrimPrefix(r.Page, "https://"), "/")
		n.where.Set(n.book.T("news.get", "host", host), "", kit.Plain)
	}
	kit.SetVisible(n.Content, r != (model.Release{}))
}
