// Package slider is a control that is dragged along a line to a value.
//
// Everything here belongs to Fyne's main goroutine.
package slider

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/theme"
)

// Measures of a slider.
const (
	height = 32
	thumb  = 16
	track  = 4
	least  = 160 // width
)

// Slider is a whole number between 0 and a most, with a mark at the ordinary one.
// The arrow keys move it by a step, Home and End to its ends, and Space and Enter
// to the mark.
type Slider struct {
	widget.BaseWidget
	OnChanged func(value int)
	OnEscape  func()
	Canvas    fyne.Canvas // that it is on, for the arrows up and down; nil: they do nothing

	name             string
	most, mark, step int
	value            int
	hovered, focused bool
}

// New returns a slider at its mark. name says what it is.
func New(name string, most, mark, step int) *Slider {
	s := &Slider{name: name, most: most, mark: mark, step: step, value: mark}
	s.ExtendBaseWidget(s)
	return s
}

// Name returns what the slider is.
func (s *Slider) Name() string { return s.name }

// Value is where it stands.
func (s *Slider) Value() int { return s.value }

// SetValue moves it, without OnChanged.
func (s *Slider) SetValue(v int) {
	if v = max(0, min(v, s.most)); v != s.value {
		s.value = v
		s.Refresh()
	}
}

// move moves it as the user wants.
func (s *Slider) move(to int) {
	before := s.value
	s.SetValue(to)
	if s.value != before && s.OnChanged != nil {
		s.OnChanged(s.value)
	}
}

// moveTo moves it to a place on the line. Near the mark it is the mark.
func (s *Slider) moveTo(x float32) {
	part := float64((x - thumb/2) / max(1, s.Size().Width-thumb))
	to := int(math.Round(part*float64(s.most)/float64(s.step))) * s.step
	if near := s.step; to >= s.mark-near && to <= s.mark+near {
		to = s.mark
	}
	s.move(to)
}

// Tapped implements fyne.Tappable.
func (s *Slider) Tapped(e *fyne.PointEvent) {
	if s.Canvas != nil {
		s.Canvas.Focus(s)
	}
	if e != nil {
		s.moveTo(e.Position.X)
	}
}

// Dragged implements fyne.Draggable.
func (s *Slider) Dragged(e *fyne.DragEvent) { s.moveTo(e.Position.X) }

// DragEnd implements fyne.Draggable.
func (s *Slider) DragEnd() {}

// Scrolled implements fyne.Scrollable.
func (s *Slider) Scrolled(e *fyne.ScrollEvent) {
	switch {
	case e.Scrolled.DY > 0:
		s.move(s.value + s.step)
	case e.Scrolled.DY < 0:
		s.move(s.value - s.step)
	}
}

// Cursor implements desktop.Cursorable.
func (s *Slider) Cursor() desktop.Cursor { return desktop.PointerCursor }

// MouseIn implements desktop.Hoverable.
func (s *Slider) MouseIn(*desktop.MouseEvent) {
	s.hovered = true
	s.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (s *Slider) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (s *Slider) MouseOut() {
	s.hovered = false
	s.Refresh()
}

// FocusGained implements fyne.Focusable.
func (s *Slider) FocusGained() {
	s.focused = true
	s.Refresh()
}

// FocusLost implements fyne.Focusable.
func (s *Slider) FocusLost() {
	s.focused = false
	s.Refresh()
}

// TypedRune implements fyne.Focusable.
func (s *Slider) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (s *Slider) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyLeft:
		s.move(s.value - s.step)
	case fyne.KeyRight:
		s.move(s.value + s.step)
	case fyne.KeyHome:
		s.move(0)
	case fyne.KeyEnd:
		s.move(s.most)
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		s.move(s.mark)
	case fyne.KeyUp:
		if s.Canvas != nil {
			s.Canvas.FocusPrevious()
		}
	case fyne.KeyDown:
		if s.Canvas != nil {
			s.Canvas.FocusNext()
		}
	case fyne.KeyEscape:
		if s.OnEscape != nil {
			s.OnEscape()
			return
		}
		kit.PassOn(s, k)
	default:
		kit.PassOn(s, k)
	}
}

// AccessibilityLabel implements access.Accessible.
func (s *Slider) AccessibilityLabel() string { return s.name }

// AccessibilityRole implements access.Accessible.
func (s *Slider) AccessibilityRole() access.Role { return access.RoleSlider }

// Describe implements access.Describer.
func (s *Slider) Describe(n *access.Node) {
	n.Value = &access.Value{At: float64(s.value), Most: float64(s.most), Step: float64(s.step)}
	n.Move = func(to float64) { s.move(int(math.Round(to))) }
}

// CreateRenderer implements fyne.Widget.
func (s *Slider) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{
		s: s, line: canvas.NewRectangle(color.Transparent), fill: canvas.NewRectangle(color.Transparent),
		mark: canvas.NewRectangle(color.Transparent), thumb: canvas.NewCircle(color.Transparent), ring: kit.NewRing(),
	}
	r.line.CornerRadius, r.fill.CornerRadius, r.mark.CornerRadius = track/2, track/2, 1
	r.ring.CornerRadius = (thumb + 8) / 2
	r.apply()
	return r
}

type renderer struct {
	s                      *Slider
	line, fill, mark, ring *canvas.Rectangle
	thumb                  *canvas.Circle
}

func (r *renderer) Destroy()           {}
func (r *renderer) MinSize() fyne.Size { return fyne.NewSize(least, height) }

func (r *renderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.line, r.mark, r.fill, r.thumb, r.ring}
}

func (r *renderer) apply() {
	r.line.FillColor = theme.Color(theme.Border)
	r.mark.FillColor = theme.Color(theme.Muted)
	r.fill.FillColor = theme.Color(theme.Foreground)
	r.thumb.FillColor = theme.Color(theme.Foreground)
	if r.s.hovered {
		r.thumb.FillColor = theme.Color(theme.Muted)
	}
	r.ring.StrokeColor = theme.Color(theme.Focus)
	kit.SetVisible(r.ring, r.s.focused)
}

// at is where a value stands.
func (r *renderer) at(value int, width float32) float32 {
	return thumb/2 + (width-thumb)*float32(value)/float32(r.s.most)
}

func (r *renderer) Layout(size fyne.Size) {
	middle, x := size.Height/2, r.at(r.s.value, size.Width)
	kit.Place(r.line, thumb/2, middle-track/2, size.Width-thumb, track)
	kit.Place(r.fill, thumb/2, middle-track/2, x-thumb/2, track)
	kit.Place(r.mark, r.at(r.s.mark, size.Width)-1, middle-7, 2, 14)
	kit.Place(r.thumb, x-thumb/2, middle-thumb/2, thumb, thumb)
	kit.Place(r.ring, x-thumb/2-4, middle-thumb/2-4, thumb+8, thumb+8)
}

func (r *renderer) Refresh() {
	r.apply()
	r.Layout(r.s.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
	canvas.Refresh(r.s)
}
