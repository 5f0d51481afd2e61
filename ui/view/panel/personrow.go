package panel

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/theme"
	"foyer/ui/video"
)

// personLook is everything that a row says.
type personLook struct {
	name, detail, initials, seed string
	micOff, lost, menu, chosen   bool
	speaking                     bool
	silent                       bool // only for us
	hand                         int  // place among the raised hands, 0 for none
	selectable, selected         bool
	selecting                    bool // somebody is selected: the boxes are shown
}

// personRow is somebody in a list: initials, name, what is to be known of them.
type personRow struct {
	widget.BaseWidget
	look    personLook
	hovered bool
	more    *kit.Button
	onMenu  func(at fyne.Position)
	onPress func() // as Enter on it
	says    func() string
	// onPick is a press of the left button: on the box, or with a modifier.
	onPick func(box bool, with fyne.KeyModifier)
}

const (
	personHeight = 56
	discSize     = 36
	boxSize      = 22
)

func newPersonRow(tips *kit.Tips, menuName string, onMenu func(at fyne.Position)) *personRow {
	r := &personRow{onMenu: onMenu}
	r.more = kit.NewIconButton(menuName, "more", kit.Quiet, tips, func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(r.more)
		r.onMenu(at.AddXY(0, r.more.Size().Height+4))
	})
	r.more.Small = true
	r.ExtendBaseWidget(r)
	return r
}

func (r *personRow) set(l personLook) {
	if r.look != l {
		r.look = l
		r.Refresh()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (r *personRow) TappedSecondary(e *fyne.PointEvent) {
	if r.look.menu {
		r.onMenu(e.AbsolutePosition)
	}
}

// MouseDown implements desktop.Mouseable.
func (r *personRow) MouseDown(e *desktop.MouseEvent) {
	if e.Button == desktop.MouseButtonPrimary && r.onPick != nil {
		r.onPick(e.Position.X < 16+discSize+6, e.Modifier)
	}
}

// MouseUp implements desktop.Mouseable.
func (r *personRow) MouseUp(*desktop.MouseEvent) {}

// MouseIn implements desktop.Hoverable.
func (r *personRow) MouseIn(*desktop.MouseEvent) {
	r.hovered = true
	r.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (r *personRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *personRow) MouseOut() {
	r.hovered = false
	r.Refresh()
}

// AccessibilityLabel implements access.Accessible.
func (r *personRow) AccessibilityLabel() string { return r.look.name }

// AccessibilityRole implements access.Accessible.
func (r *personRow) AccessibilityRole() access.Role { return access.RoleRow }

// Describe implements access.Describer.
func (r *personRow) Describe(n *access.Node) {
	if r.says != nil {
		n.Detail = r.says()
	}
	n.State = n.State.Set(access.Selectable, r.look.selectable).Set(access.Selected, r.look.selected)
	if r.look.menu {
		n.Press = r.onPress
	}
}

// Parts implements access.Composite.
func (r *personRow) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{r.more} }

// CreateRenderer implements fyne.Widget.
func (r *personRow) CreateRenderer() fyne.WidgetRenderer {
	p := &personRenderer{
		r: r, ground: kit.NewPanel("", theme.RadiusControl), disc: canvas.NewCircle(color.Transparent),
		initials: canvas.NewText("", color.White), name: kit.NewText("").Shrinking(), detail: kit.NewCaption("").Shrinking(),
		mic: kit.NewIcon("mic-off", theme.Muted, 18), silent: kit.NewIcon("speaker-off", theme.Muted, 18),
		hand: kit.NewIcon("hand", theme.Accent, 18), place: kit.NewText("").Colored(theme.Foreground),
		box: canvas.NewRectangle(color.Transparent), tick: kit.NewIcon("check", theme.Background, 16),
	}
	p.place.TextSize, p.place.Bold = 13, true
	p.initials.TextSize = discSize * 0.4
	p.apply()
	return p
}

type personRenderer struct {
	r            *personRow
	ground       *kit.Panel
	disc         *canvas.Circle
	initials     *canvas.Text
	name, detail *kit.Text
	mic, silent  *kit.Icon
	hand         *kit.Icon
	place        *kit.Text
	box          *canvas.Rectangle
	tick         *kit.Icon
}

func (p *personRenderer) Destroy()           {}
func (p *personRenderer) MinSize() fyne.Size { return fyne.NewSize(160, personHeight) }

func (p *personRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{p.ground, p.disc, p.initials, p.name, p.detail, p.mic, p.silent, p.hand, p.place,
		p.box, p.tick, p.r.more}
}

func (p *personRenderer) apply() {
	l := p.r.look
	fill := fyne.ThemeColorName("")
	if p.r.hovered || l.chosen || l.selected {
		fill = theme.Control
	}
	p.ground.SetFill(fill)
	stroke := fyne.ThemeColorName("")
	if l.chosen {
		stroke = theme.Focus
	}
	p.ground.WithStroke(stroke)
	p.disc.FillColor = video.Hue(l.seed)
	p.disc.StrokeColor, p.disc.StrokeWidth = theme.Color(theme.Success), 0
	if l.speaking {
		p.disc.StrokeWidth = 2.5
	}
	p.initials.Text, p.initials.Color = l.initials, color.White
	boxed := l.selectable && (l.selecting || p.r.hovered || l.chosen)
	kit.SetVisible(p.disc, !boxed)
	kit.SetVisible(p.initials, !boxed)
	kit.SetVisible(p.box, boxed)
	kit.SetVisible(p.tick, boxed && l.selected)
	p.box.CornerRadius, p.box.StrokeWidth, p.box.StrokeColor = 5, 1, theme.Color(theme.Muted)
	p.box.FillColor = theme.Color(theme.Control)
	if l.selected {
		p.box.FillColor = theme.Color(theme.Foreground)
	}
	p.place.Set(strconv.Itoa(l.hand))
	kit.SetVisible(p.hand, l.hand > 0)
	kit.SetVisible(p.place, l.hand > 0)
	kit.SetVisible(p.silent, l.silent)
	p.name.Set(l.name)
	ink := theme.Foreground
	if l.lost {
		ink = theme.Muted
	}
	p.name.SetIn(ink)
	p.detail.Set(l.detail)
	kit.SetVisible(p.detail, l.detail != "")
	kit.SetVisible(p.mic, l.micOff || l.lost)
	icon := "mic-off"
	if l.lost {
		icon = "offline"
	}
	p.mic.Set(icon, theme.Muted)
	kit.SetVisible(p.r.more, l.menu)
}

func (p *personRenderer) Layout(size fyne.Size) {
	kit.Place(p.ground, 8, 2, size.Width-8, size.Height-4)
	kit.Place(p.disc, 16, (size.Height-discSize)/2, discSize, discSize)
	m := p.initials.MinSize()
	kit.Place(p.initials, 16+(discSize-m.Width)/2, (size.Height-m.Height)/2, m.Width, m.Height)
	right := size.Width - 8
	if p.r.more.Visible() {
		right -= 32
		kit.Place(p.r.more, right, (size.Height-32)/2, 32, 32)
	}
	if p.mic.Visible() {
		right -= 18 + 6
		kit.Place(p.mic, right, (size.Height-18)/2, 18, 18)
	}
	if p.silent.Visible() {
		right -= 18 + 6
		kit.Place(p.silent, right, (size.Height-18)/2, 18, 18)
	}
	if p.hand.Visible() {
		w := p.place.MinWidth()
		right -= w + 8
		kit.Place(p.place, right, (size.Height-20)/2, w+1, 20)
		right -= 18 + 3
		kit.Place(p.hand, right, (size.Height-18)/2, 18, 18)
	}
	kit.Place(p.box, 16+(discSize-boxSize)/2, (size.Height-boxSize)/2, boxSize, boxSize)
	kit.Place(p.tick, 16+(discSize-16)/2, (size.Height-16)/2, 16, 16)
	x := float32(16 + discSize + 12)
	w := right - 8 - x
	if !p.detail.Visible() {
		kit.Place(p.name, x, 0, w, size.Height)
		return
	}
	kit.Place(p.name, x, 9, w, 20)
	kit.Place(p.detail, x, 30, w, 17)
}

func (p *personRenderer) Refresh() {
	p.apply()
	p.Layout(p.r.Size())
	for _, o := range p.Objects() {
		o.Refresh()
	}
	canvas.Refresh(p.r)
}
