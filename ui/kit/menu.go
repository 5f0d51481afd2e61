package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

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
	overlayRow
	m    *Menu
	item MenuItem
}

func newMenuRow(m *Menu, item MenuItem) *menuRow {
	r := &menuRow{m: m, item: item}
	r.of, r.over = r, func() *overlay { return m.over }
	r.ExtendBaseWidget(r)
	return r
}

// Name returns the line's text.
func (r *menuRow) Name() string { return r.item.Text }

// Tapped implements fyne.Tappable.
func (r *menuRow) Tapped(*fyne.PointEvent) {
	r.m.Close()
	r.item.OnTapped()
}

// MouseIn implements desktop.Hoverable.
func (r *menuRow) MouseIn(*desktop.MouseEvent) { r.m.over.canvas.Focus(r) }

// MouseOut implements desktop.Hoverable.
func (r *menuRow) MouseOut() {}

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
	renderer := &overlayRowRenderer{
		r: &r.overlayRow, fill: NewPanel(theme.Toast, 6), icon: NewIcon(icon, ink, 18), side: 18,
		text: NewText(r.item.Text).Colored(ink).Shrinking(), indent: 38, free: 18,
	}
	SetVisible(renderer.icon, r.item.Icon != "" || r.item.Chosen)
	return renderer
}
