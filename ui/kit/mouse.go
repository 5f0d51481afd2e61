package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Mouse lies below a screen and notices that the pointer moves: of whatever is not
// a control, Fyne tells it.
type Mouse struct {
	widget.BaseWidget
	awake func(rests bool)
}

// NewMouse calls awake when the pointer moves; rests is set when it has gone to a
// control.
func NewMouse(awake func(rests bool)) *Mouse {
	m := &Mouse{awake: awake}
	m.ExtendBaseWidget(m)
	return m
}

// MouseIn implements desktop.Hoverable.
func (m *Mouse) MouseIn(*desktop.MouseEvent) { m.awake(false) }

// MouseMoved implements desktop.Hoverable.
func (m *Mouse) MouseMoved(*desktop.MouseEvent) { m.awake(false) }

// MouseOut implements desktop.Hoverable: the pointer is on a control.
func (m *Mouse) MouseOut() { m.awake(true) }

// CreateRenderer implements fyne.Widget.
func (m *Mouse) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewWithoutLayout()) // nothing to paint
}
