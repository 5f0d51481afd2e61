package kit

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// ImageButton is a choice that is known by an image, with its name below.
type ImageButton struct {
	widget.DisableableWidget
	name     string
	note     string // in the frame's place, while there is none
	frame    image.Image
	OnTapped func()

	focusable
}

// Size of the image, and of what is around it.
const (
	imageWidth  = 260
	imageHeight = 146
	imagePad    = 8
	imageName   = 28
)

// NewImageButton returns a choice without an image.
func NewImageButton(name string, tapped func()) *ImageButton {
	p := &ImageButton{name: name, OnTapped: tapped}
	p.of = p
	p.ExtendBaseWidget(p)
	return p
}

// Name returns the choice's name.
func (p *ImageButton) Name() string { return p.name }

// Set shows an image, or a note while there is none.
func (p *ImageButton) Set(frame image.Image, note string) {
	if p.frame == frame && p.note == note {
		return
	}
	p.frame, p.note = frame, note
	p.Refresh()
}

// Tapped implements fyne.Tappable.
func (p *ImageButton) Tapped(*fyne.PointEvent) {
	if !p.Disabled() {
		p.OnTapped()
	}
}

// Cursor implements desktop.Cursorable.
func (p *ImageButton) Cursor() desktop.Cursor {
	if p.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// CreateRenderer implements fyne.Widget.
func (p *ImageButton) CreateRenderer() fyne.WidgetRenderer {
	r := &imageButtonRenderer{
		p: p, fill: NewPanel(theme.Control, theme.RadiusControl), ground: NewPanel(theme.Background, 4), ring: NewRing(),
		image: canvas.NewImageFromImage(nil), note: NewParagraph("").Colored(theme.Muted).Centered(),
		name: NewText(p.name).Centered().Shrinking(),
	}
	r.image.FillMode, r.image.ScaleMode = canvas.ImageFillContain, canvas.ImageScaleSmooth
	r.apply()
	return r
}

type imageButtonRenderer struct {
	p            *ImageButton
	fill, ground *Panel
	ring         *canvas.Rectangle
	image        *canvas.Image
	note, name   *Text
}

func (r *imageButtonRenderer) Destroy() {}

func (r *imageButtonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.fill, r.ring, r.ground, r.image, r.note, r.name}
}

func (r *imageButtonRenderer) MinSize() fyne.Size {
	return fyne.NewSize(imageWidth+2*imagePad, imageHeight+2*imagePad+imageName)
}

func (r *imageButtonRenderer) Layout(size fyne.Size) {
	r.fill.Resize(size)
	placeRing(r.ring, size)
	w, h := size.Width-2*imagePad, size.Height-2*imagePad-imageName
	for _, o := range []fyne.CanvasObject{r.ground, r.image} {
		o.Move(fyne.NewPos(imagePad, imagePad))
		o.Resize(fyne.NewSize(w, h))
	}
	note := HeightFor(r.note, w-24)
	r.note.Move(fyne.NewPos(imagePad+12, imagePad+max(0, (h-note)/2)))
	r.note.Resize(fyne.NewSize(w-24, note))
	r.name.Move(fyne.NewPos(imagePad, size.Height-imagePad-imageName+4))
	r.name.Resize(fyne.NewSize(w, imageName))
}

func (r *imageButtonRenderer) apply() {
	p := r.p
	fill, ink := theme.Control, theme.Foreground
	if p.hovered && !p.Disabled() {
		fill = theme.Hover
	}
	if p.Disabled() {
		ink = theme.Muted
	}
	r.fill.SetFill(fill)
	r.name.SetIn(ink)
	r.ring.StrokeColor, r.ring.FillColor = theme.Color(theme.Focus), color.Transparent
	SetVisible(r.ring, p.focused && !p.Disabled())
	r.image.Image = p.frame
	SetVisible(r.image, p.frame != nil)
	r.note.Set(p.note)
	SetVisible(r.note, p.note != "")
}

func (r *imageButtonRenderer) Refresh() {
	r.apply()
	r.Layout(r.p.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
