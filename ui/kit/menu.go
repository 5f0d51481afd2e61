package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// MenuItem is one line of a [Menu].
type MenuItem struct {
	Control    fyne.CanvasObject // instead of a line that is pressed; nil for such a line
	Text, Icon string
	ID         string // tells lines of the same words apart
	Chosen     bool   // of several: it has a tick, and the keyboard at first
	Danger     bool
	OnTapped   func()
}

// Menu is a list of things to do, over the window.
type Menu struct {
	over *overlay
	open bool
}

// ShowMenu opens a menu at a place of the window. The arrow keys, Enter and Escape
// work in it.
func ShowMenu(c fyne.Canvas, at fyne.Position, items []MenuItem) *Menu {
	return showMenu(c, items, func(fyne.Size) fyne.Position { return at })
}

// ShowMenuAbove opens a menu above a place of the window.
func ShowMenuAbove(c fyne.Canvas, at fyne.Position, items []MenuItem) *Menu {
	return showMenu(c, items, func(menu fyne.Size) fyne.Position { return at.SubtractXY(0, menu.Height+menuGap) })
}

// menuGap is between a menu and what it lies above.
const menuGap = 8

func showMenu(c fyne.Canvas, items []MenuItem, place func(menu fyne.Size) fyne.Position) *Menu {
	m := &Menu{open: true}
	rows := make([]fyne.CanvasObject, len(items))
	var first *menuRow
	for i, item := range items {
		if item.Control != nil {
			rows[i] = item.Control
			continue
		}
		row := newMenuRow(m, item)
		if rows[i] = row; first == nil || item.Chosen && !first.item.Chosen {
			first = row
		}
	}
	list := Column(2, rows...)
	card := On(
		NewPanel(theme.Toast, theme.RadiusControl).WithStroke(theme.Border), Pad(container.NewVScroll(list), 4, 4, 4, 4),
	)
	m.over = showOverlay(c, newShield(card), false, func(window fyne.Size) (fyne.Position, fyne.Size) {
		s := list.MinSize().AddWidthHeight(8, 8)
		s = fyne.NewSize(min(s.Width, window.Width-16), min(s.Height, window.Height-16))
		at := place(s)
		return fyne.NewPos(
			max(8, min(at.X, window.Width-s.Width-8)), max(8, min(at.Y, window.Height-s.Height-8)),
		), s
	})
	m.over.onDismiss = func() { m.open = false }
	if first != nil {
		c.Focus(first)
	}
	return m
}

// Open reports whether the menu is there.
func (m *Menu) Open() bool { return m != nil && m.open }

// Close takes the menu away.
func (m *Menu) Close() {
	if m.Open() {
		m.open = false
		m.over.close()
	}
}

// menuRow is one line.
type menuRow struct {
	widget.BaseWidget
	m    *Menu
	item MenuItem
	lit  bool
}

func newMenuRow(m *Menu, item MenuItem) *menuRow {
	r := &menuRow{m: m, item: item}
	r.ExtendBaseWidget(r)
	return r
}

// Name returns the line's text.
func (r *menuRow) Name() string { return r.item.Text }

func (r *menuRow) light(on bool) {
	r.lit = on
	r.Refresh()
}

// Tapped implements fyne.Tappable.
func (r *menuRow) Tapped(*fyne.PointEvent) {
	r.m.Close()
	r.item.OnTapped()
}

// MouseIn implements desktop.Hoverable.
func (r *menuRow) MouseIn(*desktop.MouseEvent) { r.m.over.canvas.Focus(r) }

// MouseMoved implements desktop.Hoverable.
func (r *menuRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *menuRow) MouseOut() {}

// FocusGained implements fyne.Focusable.
func (r *menuRow) FocusGained() { r.light(true) }

// FocusLost implements fyne.Focusable.
func (r *menuRow) FocusLost() { r.light(false) }

// TypedRune implements fyne.Focusable.
func (r *menuRow) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (r *menuRow) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		r.Tapped(nil)
	case fyne.KeyEscape:
		r.m.over.dismiss()
	case fyne.KeyDown:
		r.m.over.canvas.FocusNext()
	case fyne.KeyUp:
		r.m.over.canvas.FocusPrevious()
	}
}

// CreateRenderer implements fyne.Widget.
func (r *menuRow) CreateRenderer() fyne.WidgetRenderer {
	ink := theme.Foreground
	if r.item.Danger {
		ink = theme.Error
	}
	icon := r.item.Icon
	if icon == "" {
		icon = "check"
	}
	renderer := &menuRowRenderer{
		r: r, fill: NewPanel(theme.Toast, 6), icon: NewIcon(icon, ink, 18),
		text: NewText(r.item.Text).Colored(ink).Shrinking(),
	}
	SetVisible(renderer.icon, r.item.Icon != "" || r.item.Chosen)
	return renderer
}

type menuRowRenderer struct {
	r    *menuRow
	fill *Panel
	icon *Icon
	text *Text
}

func (r *menuRowRenderer) Destroy() {}

func (r *menuRowRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.fill, r.icon, r.text}
}

func (r *menuRowRenderer) MinSize() fyne.Size {
	return fyne.NewSize(r.text.MinWidth()+40+16, 36)
}

func (r *menuRowRenderer) Layout(size fyne.Size) {
	r.fill.Resize(size)
	r.icon.Move(fyne.NewPos(10, (size.Height-18)/2))
	r.icon.Resize(fyne.NewSquareSize(18))
	r.text.Move(fyne.NewPos(38, 0))
	r.text.Resize(fyne.NewSize(size.Width-38-8, size.Height))
}

func (r *menuRowRenderer) Refresh() {
	fill := theme.Toast
	if r.r.lit {
		fill = theme.Hover
	}
	r.fill.SetFill(fill)
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
