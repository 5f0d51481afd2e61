package panel

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/kit"
	"foyer/ui/theme"
	"foyer/ui/video"
)

// personLook is everything that a row says.
type personLook struct {
	name, detail, initials, seed string
	micOff, lost, menu, chosen   bool
	speaking                     bool
}

// personRow is somebody in a list: initials, name, what is to be known of them.
type personRow struct {
	widget.BaseWidget
	look    personLook
	hovered bool
	more    *kit.Button
	onMenu  func(at fyne.Position)
}

const (
	personHeight = 56
	discSize     = 36
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

// CreateRenderer implements fyne.Widget.
func (r *personRow) CreateRenderer() fyne.WidgetRenderer {
	p := &personRenderer{
		r: r, ground: kit.NewPanel("", theme.RadiusControl), disc: canvas.NewCircle(color.Transparent),
		initials: canvas.NewText("", color.White), name: kit.NewText("").Shrinking(), detail: kit.NewCaption("").Shrinking(),
		mic: kit.NewIcon("mic-off", theme.Muted, 18),
	}
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
	mic          *kit.Icon
}

func (p *personRenderer) Destroy()           {}
func (p *personRenderer) MinSize() fyne.Size { return fyne.NewSize(160, personHeight) }

func (p *personRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{p.ground, p.disc, p.initials, p.name, p.detail, p.mic, p.r.more}
}

func (p *personRenderer) apply() {
	l := p.r.look
	fill := fyne.ThemeColorName("")
	if p.r.hovered || l.chosen {
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
