package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// Style is how prominent a button is.
type Style int

// Styles.
const (
	Plain   Style = iota
	Primary       // the one main action of a screen
	Danger        // leave
	Quiet         // no background until the pointer is on it
	Off           // a call button whose device is off: light on dark turned round
	Lit           // a button whose panel is open
)

const (
	buttonHeight = 40
	buttonPad    = 16
	ringGap      = 2
)

// Button is an action with a text, an icon or both. It can be reached by Tab
// and pressed by Space or Enter.
type Button struct {
	widget.DisableableWidget
	focusable
	text     string
	icon     string
	style    Style
	tip      string
	tips     *Tips
	OnTapped func()
	Small    bool    // 32 instead of 40 high
	Width    float32 // at least that wide; without a text just that

	pressed bool
}

// NewButton returns a button; icon may be empty.
func NewButton(text, icon string, style Style, tapped func()) *Button {
	b := &Button{text: text, icon: icon, style: style, OnTapped: tapped}
	b.of = b
	b.ExtendBaseWidget(b)
	return b
}

// NewIconButton returns a button that shows only an icon; its name is the
// tooltip.
func NewIconButton(name, icon string, style Style, tips *Tips, tapped func()) *Button {
	b := NewButton("", icon, style, tapped)
	b.WithTip(tips, name)
	return b
}

// WithTip gives the button a tooltip, and returns it.
func (b *Button) WithTip(tips *Tips, text string) *Button {
	b.tips, b.tip = tips, text
	return b
}

// Name returns the button's text, else its tooltip.
func (b *Button) Name() string {
	if b.text != "" {
		return b.text
	}
	return b.tip
}

// Set changes text, icon and style.
func (b *Button) Set(text, icon string, style Style) {
	if b.text == text && b.icon == icon && b.style == style {
		return
	}
	b.text, b.icon, b.style = text, icon, style
	b.Refresh()
}

// SetTip changes the tooltip.
func (b *Button) SetTip(text string) { b.tip = text }

// SetEnabled enables or disables the button.
func (b *Button) SetEnabled(on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) {
	if !b.Disabled() && b.OnTapped != nil {
		b.tips.leave(b)
		b.OnTapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (b *Button) MouseIn(e *desktop.MouseEvent) {
	b.tips.enter(b, b.tip)
	b.focusable.MouseIn(e)
}

// MouseOut implements desktop.Hoverable.
func (b *Button) MouseOut() {
	b.pressed = false
	b.tips.leave(b)
	b.focusable.MouseOut()
}

// MouseDown implements desktop.Mouseable.
func (b *Button) MouseDown(*desktop.MouseEvent) {
	b.pressed = true
	b.Refresh()
}

// MouseUp implements desktop.Mouseable.
func (b *Button) MouseUp(*desktop.MouseEvent) {
	b.pressed = false
	b.Refresh()
}

// Cursor implements desktop.Cursorable.
func (b *Button) Cursor() desktop.Cursor {
	if b.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

func (b *Button) height() float32 {
	if b.Small {
		return buttonHeight - 8
	}
	return buttonHeight
}

// colors are the background's and the content's.
func (b *Button) colors() (fill, ink fyne.ThemeColorName) {
	lit := b.hovered && !b.Disabled()
	switch {
	case b.Disabled():
		fill, ink = theme.Surface, theme.Muted
	case b.style == Primary && lit:
		fill, ink = theme.AccentHi, theme.OnAccent
	case b.style == Primary:
		fill, ink = theme.Accent, theme.OnAccent
	case b.style == Danger && lit:
		fill, ink = theme.DangerHi, theme.OnDanger
	case b.style == Danger:
		fill, ink = theme.Danger, theme.OnDanger
	case b.style == Off:
		fill, ink = theme.Foreground, theme.Background
	case b.pressed, b.style == Lit:
		fill, ink = theme.Pressed, theme.Foreground
	case lit:
		fill, ink = theme.Hover, theme.Foreground
	case b.style == Quiet:
		fill, ink = "", theme.Foreground
	default:
		fill, ink = theme.Control, theme.Foreground
	}
	if b.Disabled() && b.style == Quiet {
		fill = ""
	}
	return fill, ink
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	r := &buttonRenderer{
		b: b, fill: canvas.NewRectangle(color.Transparent), ring: NewRing(), label: canvas.NewText("", color.White),
	}
	r.objs = []fyne.CanvasObject{r.fill, r.ring, r.label}
	r.apply()
	return r
}

// NewRing makes the ring around whatever has the focus. It is hidden.
func NewRing() *canvas.Rectangle {
	ring := canvas.NewRectangle(color.Transparent)
	ring.StrokeWidth = 2
	ring.Hide()
	return ring
}

// placeRing draws the focus ring a little outside of an object of that size.
func placeRing(ring *canvas.Rectangle, size fyne.Size) {
	out := float32(ringGap) + ring.StrokeWidth
	ring.CornerRadius = theme.RadiusControl + out
	ring.Move(fyne.NewPos(-out, -out))
	ring.Resize(size.AddWidthHeight(2*out, 2*out))
}

type buttonRenderer struct {
	b     *Button
	fill  *canvas.Rectangle
	ring  *canvas.Rectangle
	label *canvas.Text
	icon  *Icon
	objs  []fyne.CanvasObject
}

func (r *buttonRenderer) Destroy()                     {}
func (r *buttonRenderer) Objects() []fyne.CanvasObject { return r.objs }

func (r *buttonRenderer) apply() {
	b := r.b
	fill, ink := b.colors()
	r.fill.FillColor = color.Transparent
	if fill != "" {
		r.fill.FillColor = theme.Color(fill)
	}
	r.fill.CornerRadius = theme.RadiusControl
	r.ring.StrokeColor = theme.Color(theme.Focus)
	SetVisible(r.ring, b.focused && !b.Disabled())
	r.label.Text, r.label.Color, r.label.TextSize = LeftToRight(b.text), theme.Color(ink), theme.Text(theme.TextSize)
	r.label.TextStyle.Bold = b.style == Primary || b.style == Danger
	SetVisible(r.label, b.text != "")
	switch {
	case b.icon == "" && r.icon != nil:
		r.icon.Hide()
	case b.icon != "" && r.icon == nil:
		r.icon = NewIcon(b.icon, ink, theme.IconSize)
		r.objs = append(r.objs, r.icon)
	case b.icon != "":
		r.icon.Set(b.icon, ink)
		r.icon.Show()
	}
}

func (r *buttonRenderer) content() fyne.Size {
	size := fyne.Size{}
	if r.b.text != "" {
		size = r.label.MinSize()
	}
	if r.b.icon != "" {
		if size.Width > 0 {
			size.Width += 8
		}
		size.Width += theme.IconSize
		size.Height = max(size.Height, theme.IconSize)
	}
	return size
}

func (r *buttonRenderer) MinSize() fyne.Size {
	h := r.b.height()
	switch {
	case r.b.text != "":
		return fyne.NewSize(max(r.content().Width+2*buttonPad, r.b.Width), h)
	case r.b.Width > 0:
		return fyne.NewSize(r.b.Width, h)
	default:
		return fyne.NewSize(h, h)
	}
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	r.fill.Resize(size)
	placeRing(r.ring, size)
	c := r.content()
	x := (size.Width - c.Width) / 2
	if r.b.icon != "" {
		r.icon.Move(fyne.NewPos(x, (size.Height-theme.IconSize)/2))
		r.icon.Resize(fyne.NewSquareSize(theme.IconSize))
		x += theme.IconSize + 8
	}
	m := r.label.MinSize()
	r.label.Move(fyne.NewPos(x, (size.Height-m.Height)/2))
	r.label.Resize(m)
}

func (r *buttonRenderer) Refresh() {
	r.apply()
	r.Layout(r.b.Size())
	r.fill.Refresh()
	r.label.Refresh()
	canvas.Refresh(r.b)
}
