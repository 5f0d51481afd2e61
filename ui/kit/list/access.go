package list

import (
	"fyne.io/fyne/v2"

	"foyer/ui/access"
)

// AccessibilityLabel implements access.Accessible.
func (l *List) AccessibilityLabel() string { return l.Label }

// AccessibilityRole implements access.Accessible.
func (l *List) AccessibilityRole() access.Role { return access.RoleList }

// Parts implements access.Composite: the rows in view.
func (l *List) Parts() []fyne.CanvasObject { return l.layer.Objects }

// ActivePart implements access.Active: the row that the keyboard is on.
func (l *List) ActivePart() fyne.CanvasObject {
	if o := l.shown[l.Chosen()]; o != nil {
		return o
	}
	return nil
}

// PressRow does what Enter does on a row; rows say so of themselves.
func (l *List) PressRow(key string) {
	l.chosen = key
	l.press()
}
