package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// mouse lies below a screen and notices that the pointer moves: of whatever is not
// a control, Fyne tells it.
type mouse struct {
	widget.BaseWidget
	awake func(rests bool)
}

func newMouse(awake func(rests bool)) *mouse {
	m := &mouse{awake: awake}
	m.ExtendBaseWidget(m)
	return m
}

// MouseIn implements desktop.Hoverable.
func (m *mouse) MouseIn(*desktop.MouseEvent) { m.awake(false) }

// MouseMoved implements desktop.Hoverable.
func (m *mouse) MouseMoved(*desktop.MouseEvent) { m.awake(false) }

// MouseOut implements desktop.Hoverable: the pointer is on a control.
func (m *mouse) MouseOut() { m.awake(true) }

// CreateRenderer implements fyne.Widget.
func (m *mouse) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewWithoutLayout()) // nothing to paint
}
