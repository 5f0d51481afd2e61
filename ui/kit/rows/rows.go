// Package rows lays objects side by side.
package rows

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// NewWrapped puts objects of one size side by side, in as many rows as they need, and
// centres each row.
func NewWrapped(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&wrapped{gap}, objects...)
}

type wrapped struct{ gap float32 }

// perRow is how many objects of a width lie side by side.
func (l *wrapped) perRow(objects []fyne.CanvasObject, width float32) int {
	return max(1, min(len(objects), int((width+l.gap)/(objects[0].MinSize().Width+l.gap))))
}

// HeightFor implements kit.Flow.
func (l *wrapped) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	if len(objects) == 0 {
		return 0
	}
	per := l.perRow(objects, width)
	rows := float32((len(objects) + per - 1) / per)
	return rows*(objects[0].MinSize().Height+l.gap) - l.gap
}

// MinSize implements fyne.Layout.
func (l *wrapped) MinSize(objects []fyne.CanvasObject) fyne.Size {
	if len(objects) == 0 {
		return fyne.Size{}
	}
	return objects[0].MinSize()
}

// Layout implements fyne.Layout.
func (l *wrapped) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	if len(objects) == 0 {
		return
	}
	per, m := l.perRow(objects, size.Width), objects[0].MinSize()
	for i, o := range objects {
		row, col := i/per, i%per
		inRow := float32(min(per, len(objects)-row*per))
		left := max(0, (size.Width-inRow*m.Width-(inRow-1)*l.gap)/2)
		o.Move(fyne.NewPos(left+float32(col)*(m.Width+l.gap), float32(row)*(m.Height+l.gap)))
		o.Resize(fyne.NewSize(min(m.Width, size.Width), m.Height))
	}
}

// NewAtLeast keeps a place of that width for an object, which lies at its left.
func NewAtLeast(width float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&atLeast{width}, o)
}

type atLeast struct{ width float32 }

// MinSize implements fyne.Layout.
func (l *atLeast) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	return fyne.NewSize(max(m.Width, l.width), m.Height)
}

// Layout implements fyne.Layout.
func (l *atLeast) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	m := objects[0].MinSize()
	objects[0].Resize(fyne.NewSize(m.Width, size.Height))
}
