// Package kit holds the controls that Foyer's screens are made of: buttons,
// fields, pickers, texts that wrap, menus, dialogs and tooltips, in Foyer's
// theme and usable with only a keyboard.
//
// Everything here belongs to Fyne's main goroutine.
package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// Icon is a drawing of our own set in a colour of the theme.
type Icon struct {
	widget.BaseWidget
	name string
	in   fyne.ThemeColorName
	size float32
}

// NewIcon returns an icon of size x size.
func NewIcon(name string, in fyne.ThemeColorName, size float32) *Icon {
	i := &Icon{name: name, in: in, size: size}
	i.ExtendBaseWidget(i)
	return i
}

// Set changes the drawing and its colour; without a change it costs nothing.
func (i *Icon) Set(name string, in fyne.ThemeColorName) {
	if i.name == name && i.in == in {
		return
	}
	i.name, i.in = name, in
	i.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (i *Icon) CreateRenderer() fyne.WidgetRenderer {
	img := canvas.NewImageFromResource(theme.Tinted(i.name, i.in))
	img.FillMode = canvas.ImageFillContain
	return &iconRenderer{i: i, img: img}
}

type iconRenderer struct {
	i   *Icon
	img *canvas.Image
}

func (r *iconRenderer) Destroy()                     {}
func (r *iconRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.img} }
func (r *iconRenderer) MinSize() fyne.Size           { return fyne.NewSquareSize(r.i.size) }
func (r *iconRenderer) Layout(size fyne.Size)        { r.img.Resize(size) }

func (r *iconRenderer) Refresh() {
	if res := theme.Tinted(r.i.name, r.i.in); res.Name() != r.img.Resource.Name() {
		r.img.Resource = res
		r.img.Refresh()
	}
}

// Panel is a rounded surface in colours of the theme, to lay things on.
type Panel struct {
	widget.BaseWidget
	fill, stroke fyne.ThemeColorName // no edge when stroke is empty
	radius       float32
}

// NewPanel returns a surface.
func NewPanel(fill fyne.ThemeColorName, radius float32) *Panel {
	p := &Panel{fill: fill, radius: radius}
	p.ExtendBaseWidget(p)
	return p
}

// WithStroke gives the panel an edge, and returns it.
func (p *Panel) WithStroke(in fyne.ThemeColorName) *Panel {
	p.stroke = in
	return p
}

// SetFill changes the surface's colour.
func (p *Panel) SetFill(in fyne.ThemeColorName) {
	if p.fill != in {
		p.fill = in
		p.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (p *Panel) CreateRenderer() fyne.WidgetRenderer {
	r := &panelRenderer{p: p, rect: canvas.NewRectangle(color.Transparent)}
	r.paint()
	return r
}

type panelRenderer struct {
	p    *Panel
	rect *canvas.Rectangle
}

func (r *panelRenderer) paint() {
	r.rect.FillColor, r.rect.CornerRadius = theme.Color(r.p.fill), r.p.radius
	r.rect.StrokeColor, r.rect.StrokeWidth = nil, 0
	if r.p.stroke != "" {
		r.rect.StrokeColor, r.rect.StrokeWidth = theme.Color(r.p.stroke), 1
	}
}

func (r *panelRenderer) Destroy()                     {}
func (r *panelRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rect} }
func (r *panelRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *panelRenderer) Layout(size fyne.Size)        { r.rect.Resize(size) }

func (r *panelRenderer) Refresh() {
	r.paint()
	r.rect.Refresh()
}

// SetVisible shows or hides an object.
func SetVisible(o fyne.CanvasObject, visible bool) {
	switch {
	case visible && !o.Visible():
		o.Show()
	case !visible && o.Visible():
		o.Hide()
	}
}
