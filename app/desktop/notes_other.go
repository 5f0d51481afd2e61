//go:build !linux

package desktop

import (
	"context"
	"runtime"

	"fyne.io/fyne/v2"

	"foyer/ui/desk"
)

// fyneNotes are notifications by Fyne, which cannot take them back.
type fyneNotes struct{}

func (fyneNotes) notify(_ context.Context, n desk.Note) {
	if runtime.GOOS == "windows" {
		n.Title, n.Text = harmless(n.Title), harmless(n.Text)
	}
	fyne.CurrentApp().SendNotification(fyne.NewNotification(n.Title, n.Text))
}
func (fyneNotes) withdraw(context.Context) {}
func (fyneNotes) close()                   {}
