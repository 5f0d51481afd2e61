package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// Item is a line of a list that can be tapped: words at the left, a remark at
// the right.
type Item struct {
	widget.BaseWidget
	focusable
	text, remark string
	icon         string
	OnTapped     func()
}

// NewItem returns a line.
func NewItem(text, remark string, tapped func()) *Item {
	i := &Item{text: text, remark: remark, icon: "door", OnTapped: tapped}
	i.of = i
	i.ExtendBaseWidget(i)
	return i
}

// WithIcon gives the line another icon than that of a room, and returns it.
func (i *Item) WithIcon(name string) *Item {
	i.icon = name
	return i
}

// Name returns the line's words.
func (i *Item) Name() string { return i.text }

// Tapped implements fyne.Tappable.
func (i *Item) Tapped(*fyne.PointEvent) { i.OnTapped() }

// Cursor implements desktop.Cursorable.
func (i *Item) Cursor() desktop.Cursor { return desktop.PointerCursor }

// CreateRenderer implements fyne.Widget.
func (i *Item) CreateRenderer() fyne.WidgetRenderer {
	r := &itemRenderer{
		i: i, fill: NewPanel(theme.Surface, theme.RadiusControl), ring: NewRing(),
		text: NewText(i.text).Shrinking(), remark: NewCaption(i.remark), icon: NewIcon(i.icon, theme.Muted, 18),
	}
	r.apply()
	return r
}

type itemRenderer struct {
	i            *Item
	fill         *Panel
	ring         *canvas.Rectangle
	text, remark *Text
	icon         *Icon
}

func (r *itemRenderer) Destroy() {}

func (r *itemRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.fill, r.ring, r.icon, r.text, r.remark}
}

func (r *itemRenderer) MinSize() fyne.Size { return fyne.NewSize(120, 40) }

func (r *itemRenderer) Layout(size fyne.Size) {
	r.fill.Resize(size)
	placeRing(r.ring, size)
	r.icon.Move(fyne.NewPos(12, (size.Height-18)/2))
	r.icon.Resize(fyne.NewSquareSize(18))
	w := r.remark.MinWidth()
	r.remark.Move(fyne.NewPos(size.Width-12-w, 0))
	r.remark.Resize(fyne.NewSize(w+1, size.Height))
	r.text.Move(fyne.NewPos(40, 0))
	r.text.Resize(fyne.NewSize(size.Width-40-12-w-8, size.Height))
}

func (r *itemRenderer) apply() {
	fill := theme.Surface
	if r.i.hovered {
		fill = theme.Hover
	}
	r.fill.SetFill(fill)
	r.ring.StrokeColor = theme.Color(theme.Focus)
	SetVisible(r.ring, r.i.focused)
}

func (r *itemRenderer) Refresh() {
	r.apply()
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
