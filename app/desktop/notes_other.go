//go:build !linux

package desktop

import (
	"context"

	"fyne.io/fyne/v2"

	"foyer/ui/desk"
)

// fyneNotes are notifications by Fyne, which cannot take them back.
type fyneNotes struct{}

func (fyneNotes) notify(_ context.Context, n desk.Note) {
	fyne.CurrentApp().SendNotification(fyne.NewNotification(n.Title, n.Text))
}
func (fyneNotes) withdraw(context.Context) {}
func (fyneNotes) close()                   {}
