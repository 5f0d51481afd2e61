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

// aboutPage says what the program is, and what it is made of.
type aboutPage struct {
	still
	content *fyne.Container
}

func newAboutPage(book *words.Book, act Actions, program Program) *aboutPage {
	about := part(
		book.T("app.name"), kit.NewParagraph(book.T("settings.about.detail")), hint(program.Version),
		hint(book.T("settings.licence")),
	)
	libraries := part(
		book.T("settings.libraries"), hint(book.T("settings.libraries.detail")),
		kit.Row(0, kit.NewButton(book.T("settings.libraries_open"), "", kit.Plain, act.OpenLicences)),
	)
	if program.Libraries == nil {
		return &aboutPage{content: scrolled(about)}
	}
	var list []string
	for _, l := range program.Libraries() {
		list = append(list, strings.TrimSpace(l.Name+" "+l.Version)+" – "+l.Licence)
	}
	libraries.Add(prose.New(strings.Join(list, "\n")))
	return &aboutPage{content: scrolled(about, libraries)}
}

func (p *aboutPage) object() fyne.CanvasObject { return p.content }

func (p *aboutPage) update(*model.State, Form, time.Time) {}
