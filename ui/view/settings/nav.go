package settings

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// nav is the list of pages. It is one stop of the keyboard; the arrow keys turn the
// pages.
type nav struct {
	widget.BaseWidget
	label   string // what they are pages of
	titles  []string
	chosen  int
	over    int // under the pointer; -1: none
	focused bool
	flat    bool // icons side by side, without words
	turn    func(model.Page)
}

const (
	navRow  = 40
	navGap  = 4 // below a row
	navStep = navRow + navGap
	navLow  = 30  // the least step; where there is not so much, the list lies flat
	navIcon = 40  // and the gaps beside it
	navBold = 1.1 // how much wider bold words may be
	inset   = 8   // of rows and controls, for the ring of what has the keyboard
)

// navEntry is how a page is listed.
type navEntry struct{ key, icon string }

func navEntries() map[model.Page]navEntry {
	return map[model.Page]navEntry{
		model.PageDevices:       {"settings.devices", "mic"},
		model.PageVoice:         {"settings.sound", "speaker"},
		model.PageVideo:         {"settings.video", "camera"},
		model.PageNetwork:       {"settings.network", "link"},
		model.PageAppearance:    {"settings.appearance", "appearance"},
		model.PageNotifications: {"settings.notifications", "bell"},
		model.PageKeys:          {"settings.keys", "keyboard"},
		model.PageDiagnostics:   {"settings.diagnostics", "pulse"},
		model.PageAbout:         {"settings.about", "info"},
	}
}

func newNav(book *words.Book, turn func(model.Page)) *nav {
	n := &nav{label: book.T("settings.title"), over: -1, turn: turn}
	for _, p := range model.Pages() {
		n.titles = append(n.titles, book.T(navEntries()[p].key))
	}
	n.ExtendBaseWidget(n)
	return n
}

// Name returns the title of the page that is open.
func (n *nav) Name() string { return n.titles[n.chosen] }

func (n *nav) choose(p model.Page) {
	for i, q := range model.Pages() {
		if p == q {
			n.chosen = i
		}
	}
	n.Refresh()
}

// lie changes how the list lies.
func (n *nav) lie(flat bool) {
	if n.flat != flat {
		n.flat = flat
		n.Refresh()
	}
}

// step is how far the rows are from each other: less where they would not all have room.
func (n *nav) step(size fyne.Size) float32 {
	if n.flat {
		return navStep
	}
	return min(navStep, (size.Height-2*inset)/float32(len(n.titles)))
}

// row is where a line lies in a list of that size.
func (n *nav) row(i int, size fyne.Size) (fyne.Position, fyne.Size) {
	if n.flat {
		w := min((size.Width-2*inset)/float32(len(n.titles)), navStep)
		return fyne.NewPos(inset+w*float32(i), inset), fyne.NewSize(w-navGap, navRow)
	}
	step := n.step(size)
	return fyne.NewPos(inset, step*float32(i)+inset), fyne.NewSize(size.Width-2*inset, step-navGap)
}

func (n *nav) at(p fyne.Position) int {
	for i := range n.titles {
		at, size := n.row(i, n.Size())
		if p.X >= at.X && p.X < at.X+size.Width+navGap && p.Y >= at.Y && p.Y < at.Y+size.Height+navGap {
			return i
		}
	}
	return -1
}

// Tapped implements fyne.Tappable.
func (n *nav) Tapped(e *fyne.PointEvent) {
	if i := n.at(e.Position); i >= 0 {
		n.turn(model.Pages()[i])
	}
}

// MouseIn implements desktop.Hoverable.
func (n *nav) MouseIn(e *desktop.MouseEvent) { n.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (n *nav) MouseMoved(e *desktop.MouseEvent) {
	if i := n.at(e.Position); i != n.over {
		n.over = i
		n.Refresh()
	}
}

// MouseOut implements desktop.Hoverable.
func (n *nav) MouseOut() {
	n.over = -1
	n.Refresh()
}

// FocusGained implements fyne.Focusable.
func (n *nav) FocusGained() {
	n.focused = true
	n.Refresh()
}

// FocusLost implements fyne.Focusable.
func (n *nav) FocusLost() {
	n.focused = false
	n.Refresh()
}

// TypedRune implements fyne.Focusable.
func (n *nav) TypedRune(r rune) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(n); c != nil && c.OnTypedRune() != nil {
		c.OnTypedRune()(r)
	}
}

// TypedKey implements fyne.Focusable.
func (n *nav) TypedKey(k *fyne.KeyEvent) {
	to := n.chosen
	switch k.Name {
	case fyne.KeyDown, fyne.KeyRight:
		to++
	case fyne.KeyUp, fyne.KeyLeft:
		to--
	case fyne.KeyHome:
		to = 0
	case fyne.KeyEnd:
		to = len(n.titles) - 1
	default:
		kit.PassOn(n, k)
		return
	}
	if to = max(0, min(to, len(n.titles)-1)); to != n.chosen {
		n.turn(model.Pages()[to])
	}
}

// AccessibilityLabel implements access.Accessible.
func (n *nav) AccessibilityLabel() string { return n.label }

// AccessibilityRole implements access.Accessible.
func (n *nav) AccessibilityRole() access.Role { return access.RoleTabList }

// tab is what a reader knows a page of the list by.
type tab struct {
	of *nav
	i  int
}

// Describe implements access.Describer: the pages are drawn, and no objects.
func (n *nav) Describe(node *access.Node) {
	for i, title := range n.titles {
		at, size := n.row(i, n.Size())
		page := &access.Node{
			Key: tab{n, i}, Role: access.RoleTab, Name: title, At: node.At.Add(at), Size: size,
			Press: func() { n.turn(model.Pages()[i]) },
		}
		page.State = access.Selectable.Set(access.Selected, i == n.chosen).Set(access.Focused, i == n.chosen && n.focused)
		node.Children = append(node.Children, page)
	}
	node.State = node.State.Set(access.Focused, false) // the open page has it
}

// CreateRenderer implements fyne.Widget.
func (n *nav) CreateRenderer() fyne.WidgetRenderer {
	r := &navRenderer{n: n, ring: kit.NewRing()}
	r.ring.CornerRadius = theme.RadiusControl + 4
	for i, p := range model.Pages() {
		row := navRowOf{
			fill: kit.NewPanel("", theme.RadiusControl), icon: kit.NewIcon(navEntries()[p].icon, theme.Muted, 18),
			text: kit.NewText(n.titles[i]).Shrinking(),
		}
		r.rows = append(r.rows, row)
		r.objs = append(r.objs, row.fill, row.icon, row.text)
	}
	r.objs = append(r.objs, r.ring)
	return r
}

type navRowOf struct {
	fill *kit.Panel
	icon *kit.Icon
	text *kit.Text
}

type navRenderer struct {
	n    *nav
	rows []navRowOf
	ring *canvas.Rectangle
	objs []fyne.CanvasObject
}

func (r *navRenderer) Destroy()                     {}
func (r *navRenderer) Objects() []fyne.CanvasObject { return r.objs }
func (r *navRenderer) MinSize() fyne.Size {
	if r.n.flat {
		return fyne.NewSize(200, navRow+2*inset)
	}
	w := float32(navWidth)
	for _, row := range r.rows {
		w = max(w, row.text.MinWidth()*navBold+navIcon+2*inset+10)
	}
	return fyne.NewSize(w, navLow*float32(len(r.rows))+2*inset)
}

func (r *navRenderer) Layout(size fyne.Size) {
	for i, row := range r.rows {
		at, s := r.n.row(i, size)
		kit.Place(row.fill, at.X, at.Y, s.Width, s.Height)
		x := at.X + 12
		if r.n.flat {
			x = at.X + (s.Width-18)/2
		}
		kit.Place(row.icon, x, at.Y+(s.Height-18)/2, 18, 18)
		kit.Place(row.text, at.X+navIcon, at.Y, s.Width-navIcon-4, s.Height)
		kit.SetVisible(row.text, !r.n.flat)
		ink, fill := theme.Muted, fyne.ThemeColorName("")
		switch i {
		case r.n.chosen:
			ink, fill = theme.Foreground, theme.Control
		case r.n.over:
			fill = theme.Hover
		}
		row.fill.SetFill(fill)
		row.icon.Set(navEntries()[model.Pages()[i]].icon, ink)
		row.text.Bold = i == r.n.chosen
		row.text.SetIn(theme.Foreground)
		row.text.Refresh()
	}
	at, s := r.n.row(r.n.chosen, size)
	kit.Place(r.ring, at.X-4, at.Y-4, s.Width+8, s.Height+8)
	r.ring.StrokeColor = theme.Color(theme.Focus)
	kit.SetVisible(r.ring, r.n.focused)
}

func (r *navRenderer) Refresh() {
	r.Layout(r.n.Size())
	for _, o := range r.objs {
		o.Refresh()
	}
	canvas.Refresh(r.n)
}
