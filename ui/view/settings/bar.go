package settings

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/theme"
)

// bar shows how much of a known time has passed.
type bar struct {
	widget.BaseWidget
	part float32 // 0..1
}

func newBar() *bar {
	b := &bar{}
	b.ExtendBaseWidget(b)
	return b
}

func (b *bar) set(part float32) {
	if part = max(0, min(part, 1)); part != b.part {
		b.part = part
		b.Refresh()
	}
}

// AccessibilityLabel implements access.Accessible. What is waited for is said beside.
func (b *bar) AccessibilityLabel() string { return "" }

// AccessibilityRole implements access.Accessible.
func (b *bar) AccessibilityRole() access.Role { return access.RoleProgress }

// Describe implements access.Describer.
func (b *bar) Describe(n *access.Node) { n.Value = &access.Value{At: float64(b.part), Most: 1} }

// CreateRenderer implements fyne.Widget.
func (b *bar) CreateRenderer() fyne.WidgetRenderer {
	return &barRenderer{b: b, track: kit.NewPanel(theme.Control, 2), done: kit.NewPanel(theme.Foreground, 2)}
}

type barRenderer struct {
	b           *bar
	track, done *kit.Panel
}

func (r *barRenderer) Destroy()                     {}
func (r *barRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.done} }
func (r *barRenderer) MinSize() fyne.Size           { return fyne.NewSize(80, 4) }

func (r *barRenderer) Layout(size fyne.Size) {
	r.track.Resize(size)
	r.done.Resize(fyne.NewSize(size.Width*r.b.part, size.Height))
}

func (r *barRenderer) Refresh() {
	r.Layout(r.b.Size())
	r.track.Refresh()
	r.done.Refresh()
}
