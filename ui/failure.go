package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

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
	text := widget.NewLabelWithStyle(s.Text, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	text.Wrapping = fyne.TextWrapWord
	next := widget.NewLabelWithStyle(s.Next, fyne.TextAlignCenter, fyne.TextStyle{})
	next.Wrapping = fyne.TextWrapWord
	end := widget.NewButton(book.T("failure.close"), a.Quit)
	end.Importance = widget.HighImportance
	w.SetContent(container.NewPadded(container.NewVBox(
		layout.NewSpacer(), text, next, container.NewCenter(end), layout.NewSpacer(),
	)))
	w.Resize(fyne.NewSize(failureWidth, failureHeight))
	w.CenterOnScreen()
	return w, show(w)
}
