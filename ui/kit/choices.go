package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// Check is a box to tick, with words.
type Check struct {
	widget.BaseWidget
	focusable
	On        bool
	OnEscape  func()
	OnChanged func(on bool) // by the user's hand only; may be nil
	text      *Text
}

// NewCheck returns a box.
func NewCheck(text string, on bool) *Check {
	c := &Check{text: NewParagraph(text), On: on}
	c.of = c
	c.ExtendBaseWidget(c)
	return c
}

// Name returns the box's words.
func (c *Check) Name() string { return c.text.Text() }

// HeightFor implements [Sizer].
func (c *Check) HeightFor(width float32) float32 {
	return max(checkHeight, c.text.HeightFor(width-checkBox-12))
}

// Tapped implements fyne.Tappable.
func (c *Check) Tapped(*fyne.PointEvent) {
	c.Set(!c.On)
	if c.OnChanged != nil {
		c.OnChanged(c.On)
	}
}

// Set ticks the box, or takes the tick away.
func (c *Check) Set(on bool) {
	if c.On != on {
		c.On = on
		c.Refresh()
	}
}

// Cursor implements desktop.Cursorable.
func (c *Check) Cursor() desktop.Cursor { return desktop.PointerCursor }

// TypedKey implements fyne.Focusable.
func (c *Check) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape && c.OnEscape != nil {
		c.OnEscape()
		return
	}
	c.focusable.TypedKey(k)
}

// CreateRenderer implements fyne.Widget.
func (c *Check) CreateRenderer() fyne.WidgetRenderer {
	r := &checkRenderer{
		c: c, box: canvas.NewRectangle(color.Transparent), ring: NewRing(), mark: NewIcon("check", theme.Background, 14),
		text: c.text,
	}
	r.apply()
	return r
}

type checkRenderer struct {
	c         *Check
	box, ring *canvas.Rectangle
	mark      *Icon
	text      *Text
}

const (
	checkBox    = 20
	checkHeight = 28
)

func (r *checkRenderer) Destroy() {}

func (r *checkRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.box, r.ring, r.mark, r.text}
}

func (r *checkRenderer) MinSize() fyne.Size { return fyne.NewSize(120, checkHeight) }

func (r *checkRenderer) Layout(size fyne.Size) {
	at := fyne.NewPos(0, (size.Height-checkBox)/2)
	r.box.Move(at)
	r.box.Resize(fyne.NewSquareSize(checkBox))
	r.mark.Move(at.AddXY(3, 3))
	r.mark.Resize(fyne.NewSquareSize(14))
	r.ring.CornerRadius = 8
	r.ring.Move(at.SubtractXY(4, 4))
	r.ring.Resize(fyne.NewSquareSize(checkBox + 8))
	h := r.text.HeightFor(size.Width - checkBox - 12)
	Place(r.text, checkBox+12, (size.Height-h)/2, size.Width-checkBox-12, h)
}

func (r *checkRenderer) apply() {
	fill := theme.Control
	switch {
	case r.c.On:
		fill = theme.Foreground
	case r.c.hovered:
		fill = theme.Hover
	}
	r.box.FillColor, r.box.CornerRadius = theme.Color(fill), 5
	r.box.StrokeColor, r.box.StrokeWidth = theme.Color(theme.Border), 1
	r.ring.StrokeColor = theme.Color(theme.Focus)
	SetVisible(r.ring, r.c.focused)
	SetVisible(r.mark, r.c.On)
}

func (r *checkRenderer) Refresh() {
	r.apply()
	for _, o := range r.Objects() {
		o.Refresh()
	}
	canvas.Refresh(r.c)
}

// Segments is a row of a few choices, one of which is chosen.
type Segments struct {
	*fyne.Container
	OnChosen func(i int)
	buttons  []*escButton
	texts    []string
	chosen   int
	mark     bool
}

// NewSegments returns a row of choices, the first one chosen. With mark, the
// chosen one has a tick.
func NewSegments(mark bool, escape func(), texts ...string) *Segments {
	s := &Segments{texts: texts, mark: mark, Container: Wrap(4, fyne.TextAlignLeading)}
	for i, text := range texts {
		b := newEscButton(text, Quiet, func() { s.tap(i) }, escape)
		b.Small, b.choice = true, true
		s.buttons = append(s.buttons, b)
		s.Add(b)
	}
	s.Choose(0)
	return s
}

func (s *Segments) tap(i int) {
	s.Choose(i)
	if s.OnChosen != nil {
		s.OnChosen(i)
	}
}

// Chosen is the index of what is chosen.
func (s *Segments) Chosen() int { return s.chosen }

// Choose chooses, without OnChosen. -1 chooses nothing.
func (s *Segments) Choose(i int) {
	s.chosen = i
	for j, b := range s.buttons {
		b.chosen = j == i
		switch {
		case j == i && s.mark:
			b.Set(s.texts[j], "check", Plain)
		case j == i:
			b.Set(s.texts[j], "", Plain)
		default:
			b.Set(s.texts[j], "", Quiet)
		}
	}
	s.Layout.Layout(s.Objects, s.Size())
}

// SetText changes the words of a choice.
func (s *Segments) SetText(i int, text string) {
	if s.texts[i] != text {
		s.texts[i] = text
		s.Choose(s.chosen)
	}
}
