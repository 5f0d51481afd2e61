package kit

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// Option is one choice of a [Picker].
type Option struct{ ID, Text string }

// Picker shows the chosen one of several options and opens the list of them.
type Picker struct {
	widget.DisableableWidget
	focusable
	Label    string // what is chosen, for people who do not see the icon
	icon     string
	options  []Option
	selected string
	tips     *Tips
	OnPicked func(id string)

	menu *overlay
}

// NewPicker returns a picker without options.
func NewPicker(icon string, tips *Tips, picked func(id string)) *Picker {
	p := &Picker{icon: icon, tips: tips, OnPicked: picked}
	p.of, p.more = p, []fyne.KeyName{fyne.KeyDown, fyne.KeyUp}
	p.ExtendBaseWidget(p)
	return p
}

// Set changes the options and which of them is chosen, without OnPicked.
func (p *Picker) Set(options []Option, selected string) {
	if p.selected == selected && slices.Equal(p.options, options) {
		return
	}
	p.options, p.selected = append([]Option(nil), options...), selected
	p.Refresh()
}

// Selected is the ID of what is chosen.
func (p *Picker) Selected() string { return p.selected }

// Options returns the choices.
func (p *Picker) Options() []Option { return append([]Option(nil), p.options...) }

func (p *Picker) text() string {
	for _, o := range p.options {
		if o.ID == p.selected {
			return o.Text
		}
	}
	return p.selected
}

// Tapped opens the list.
func (p *Picker) Tapped(*fyne.PointEvent) {
	c := fyne.CurrentApp().Driver().CanvasForObject(p)
	if p.Disabled() || c == nil || len(p.options) == 0 {
		return
	}
	p.tips.leave(p)
	rows := make([]fyne.CanvasObject, len(p.options))
	var chosen *choice
	for i, o := range p.options {
		row := newChoice(p, o)
		rows[i] = row
		if o.ID == p.selected || chosen == nil {
			chosen = row
		}
	}
	list := Column(2, rows...)
	card := On(
		NewPanel(theme.Toast, theme.RadiusControl).WithStroke(theme.Border), Pad(container.NewVScroll(list), 4, 4, 4, 4),
	)
	p.menu = showOverlay(c, newShield(card), false, func(window fyne.Size) (fyne.Position, fyne.Size) {
		return p.placeMenu(window, list.MinSize())
	})
	c.Focus(chosen)
}

// placeMenu puts the list below the picker, or above where there is more room.
func (p *Picker) placeMenu(window, list fyne.Size) (fyne.Position, fyne.Size) {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(p)
	w := min(max(p.Size().Width, list.Width+8), window.Width-16)
	below, above := window.Height-(at.Y+p.Size().Height)-16, at.Y-16
	h := list.Height + 8
	y := at.Y + p.Size().Height + 4
	if h > below && above > below {
		h = min(h, above)
		y = at.Y - h - 4
	}
	x := max(8, min(at.X, window.Width-w-8))
	return fyne.NewPos(x, y), fyne.NewSize(w, min(h, max(below, above)))
}

func (p *Picker) pick(id string) {
	p.menu.close()
	if id == p.selected {
		return
	}
	p.selected = id
	p.Refresh()
	if p.OnPicked != nil {
		p.OnPicked(id)
	}
}

// MouseIn implements desktop.Hoverable.
func (p *Picker) MouseIn(e *desktop.MouseEvent) {
	p.tips.enter(p, p.text())
	p.focusable.MouseIn(e)
}

// MouseOut implements desktop.Hoverable.
func (p *Picker) MouseOut() {
	p.tips.leave(p)
	p.focusable.MouseOut()
}

// CreateRenderer implements fyne.Widget.
func (p *Picker) CreateRenderer() fyne.WidgetRenderer {
	r := &pickerRenderer{
		p: p, fill: canvas.NewRectangle(color.Transparent), ring: NewRing(), text: NewText("").Shrinking(),
		icon: NewIcon(p.icon, theme.Muted, 18), down: NewIcon("chevron-down", theme.Muted, 16),
	}
	r.apply()
	return r
}

type pickerRenderer struct {
	p          *Picker
	fill, ring *canvas.Rectangle
	text       *Text
	icon, down *Icon
}

func (r *pickerRenderer) Destroy() {}

func (r *pickerRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.fill, r.ring, r.icon, r.text, r.down}
}

func (r *pickerRenderer) apply() {
	fill, ink := theme.Control, theme.Foreground
	switch {
	case r.p.Disabled():
		fill, ink = theme.Surface, theme.Muted
	case r.p.hovered:
		fill = theme.Hover
	}
	r.fill.FillColor, r.fill.CornerRadius = theme.Color(fill), theme.RadiusControl
	r.ring.StrokeColor = theme.Color(theme.Focus)
	SetVisible(r.ring, r.p.focused)
	r.text.SetIn(ink)
	r.text.Set(r.p.text())
}

// FullWidth is how wide the picker must be to show its words uncut.
func (p *Picker) FullWidth() float32 {
	return fyne.MeasureText(p.text(), theme.Text(theme.TextSize), fyne.TextStyle{}).Width + pickerLeft + pickerRight + 2
}

const (
	pickerLeft  = 36 // icon
	pickerRight = 30 // chevron
)

func (r *pickerRenderer) MinSize() fyne.Size { return fyne.NewSize(120, buttonHeight) }

func (r *pickerRenderer) Layout(size fyne.Size) {
	r.fill.Resize(size)
	placeRing(r.ring, size)
	r.icon.Move(fyne.NewPos(10, (size.Height-18)/2))
	r.icon.Resize(fyne.NewSquareSize(18))
	r.text.Move(fyne.NewPos(pickerLeft, 0))
	r.text.Resize(fyne.NewSize(size.Width-pickerLeft-pickerRight, size.Height))
	r.down.Move(fyne.NewPos(size.Width-26, (size.Height-16)/2))
	r.down.Resize(fyne.NewSquareSize(16))
}

func (r *pickerRenderer) Refresh() {
	r.apply()
	for _, o := range r.Objects() {
		o.Refresh()
	}
	canvas.Refresh(r.p)
}

// choice is one line of the open list.
type choice struct {
	overlayRow
	p      *Picker
	option Option
}

func newChoice(p *Picker, o Option) *choice {
	c := &choice{p: p, option: o}
	c.of, c.over = c, func() *overlay { return p.menu }
	c.ExtendBaseWidget(c)
	return c
}

// Tapped implements fyne.Tappable.
func (c *choice) Tapped(*fyne.PointEvent) { c.p.pick(c.option.ID) }

// MouseIn implements desktop.Hoverable.
func (c *choice) MouseIn(*desktop.MouseEvent) { c.light(true) }

// MouseOut implements desktop.Hoverable.
func (c *choice) MouseOut() { c.light(false) }

// CreateRenderer implements fyne.Widget.
func (c *choice) CreateRenderer() fyne.WidgetRenderer {
	mark := NewIcon("check", theme.Foreground, 16)
	SetVisible(mark, c.option.ID == c.p.selected)
	return &overlayRowRenderer{
		r: &c.overlayRow, fill: NewPanel(theme.Toast, 6), icon: mark, side: 16,
		text: NewText(c.option.Text), indent: 34, free: 12,
	}
}
