package opening

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// Size of the window that says why the program cannot start.
const (
	failureWidth  = 480
	failureHeight = 220
)

// ShowFailure opens a small window with a sentence and one button, for a program
// that cannot start. The App quits when it is closed. The error is
// call.ErrNoDisplay.
func ShowFailure(a fyne.App, book *words.Book, s words.Sentence) (fyne.Window, error) {
	a.Settings().SetTheme(theme.New())
	a.SetIcon(theme.AppIcon())
	w := a.NewWindow(book.T("app.name"))
	w.SetMaster()
	text := kit.NewParagraph(s.Text).Centered()
	text.Bold = true
	next := kit.NewParagraph(s.Next).Centered()
	end := kit.NewButton(book.T("failure.close"), "", kit.Primary, a.Quit)
	body := kit.Column(12, text, next, kit.Pad(kit.Centred(end), 8, 0, 0, 0))
	content := kit.Pad(kit.Middle(failureWidth, body), 24, 24, 24, 24)
	w.SetPadded(false)
	w.SetContent(content)
	w.Resize(fyne.NewSize(failureWidth, max(failureHeight, kit.HeightFor(content, failureWidth))))
	w.CenterOnScreen()
	return w, Show(w)
}
