package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/ui/theme"
)

// Sheet is a card with a title over the window, for what is read or chosen.
type Sheet struct {
	over *overlay
	open bool
}

// ShowSheet shows a body below a title, at most width wide; what is too tall
// scrolls. footer stays in view below it. A tap beside the card calls cancelled;
// only [Sheet.Close] takes the sheet away.
func ShowSheet(c fyne.Canvas, title string, width float32, body, footer fyne.CanvasObject, cancelled func()) *Sheet {
	s := &Sheet{open: true}
	heading := NewHeading(title)
	heading.Wrap = true
	card := container.New(&sheetLayout{}, heading, container.NewVScroll(body), footer)
	inside := &pad{}
	over := On(NewPanel(theme.Surface, theme.RadiusCard).WithStroke(theme.Border), container.New(inside, card))
	s.over = showOverlay(c, newShield(over), true, func(window fyne.Size) (fyne.Position, fyne.Size) {
		edge := Edge(window.Width)
		*inside = pad{edge, edge, edge, edge}
		w := min(width, window.Width-2*edge)
		h := min(sheetHeight(heading, body, footer, w-2*edge)+2*edge, window.Height-2*edge)
		return fyne.NewPos((window.Width-w)/2, (window.Height-h)/2), fyne.NewSize(w, h)
	})
	s.over.onAsk, s.over.name = cancelled, title
	return s
}

// Close takes the sheet away. A nil or closed sheet stays as it is.
func (s *Sheet) Close() {
	if s != nil && s.open {
		s.open = false
		s.over.close()
	}
}

// Refresh makes room for a body of another height.
func (s *Sheet) Refresh() { s.over.Refresh() }

const sheetGap = 16

func sheetHeight(heading, body, footer fyne.CanvasObject, width float32) float32 {
	return HeightFor(heading, width) + sheetGap + HeightFor(body, width) + sheetGap + HeightFor(footer, width)
}

// sheetLayout: heading, body, footer. The body gets what the others leave.
type sheetLayout struct{}

func (*sheetLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(200, 120) }

func (*sheetLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	heading, body, footer := objects[0], objects[1], objects[2]
	top, bottom := HeightFor(heading, size.Width), HeightFor(footer, size.Width)
	heading.Resize(fyne.NewSize(size.Width, top))
	body.Move(fyne.NewPos(0, top+sheetGap))
	body.Resize(fyne.NewSize(size.Width, max(0, size.Height-top-bottom-2*sheetGap)))
	footer.Move(fyne.NewPos(0, size.Height-bottom))
	footer.Resize(fyne.NewSize(size.Width, bottom))
}
