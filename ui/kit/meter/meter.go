// Package meter shows how loud a microphone is.
//
// Everything here belongs to Fyne's main goroutine.
package meter

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/access"
	"foyer/ui/theme"
)

const bars = 12

// Meter shows how loud a microphone is, as a row of bars.
type Meter struct {
	widget.BaseWidget
	Label string // what it shows the loudness of
	lit   int
}

// New returns a silent meter.
func New() *Meter {
	m := &Meter{}
	m.ExtendBaseWidget(m)
	return m
}

// Set shows a loudness of 0..1, linear in dB: see call.Pump.
func (m *Meter) Set(level float32) {
	lit := int(math.Round(float64(max(0, min(level, 1))) * bars))
	if lit != m.lit {
		m.lit = lit
		m.Refresh()
	}
}

// Lit is how many bars are lit.
func (m *Meter) Lit() int { return m.lit }

// AccessibilityLabel implements access.Accessible.
func (m *Meter) AccessibilityLabel() string { return m.Label }

// AccessibilityRole implements access.Accessible.
func (m *Meter) AccessibilityRole() access.Role { return access.RoleLevel }

// Describe implements access.Describer.
func (m *Meter) Describe(n *access.Node) { n.Value = &access.Value{At: float64(m.lit), Most: bars} }

// CreateRenderer implements fyne.Widget.
func (m *Meter) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{m: m, ground: canvas.NewRectangle(color.Transparent)}
	r.ground.CornerRadius = theme.RadiusControl
	r.objs = append(r.objs, r.ground)
	for range bars {
		bar := canvas.NewRectangle(color.Transparent)
		bar.CornerRadius = 1.5
		r.bars = append(r.bars, bar)
		r.objs = append(r.objs, bar)
	}
	r.paint()
	return r
}

// renderer lays the bars on a ground of their own: they are read on any video.
type renderer struct {
	m      *Meter
	ground *canvas.Rectangle
	bars   []*canvas.Rectangle
	objs   []fyne.CanvasObject
}

const (
	barWidth  = 4
	barStep   = 7
	barHeight = 16
	pad       = 8
)

func (r *renderer) Destroy()                     {}
func (r *renderer) Objects() []fyne.CanvasObject { return r.objs }

func (r *renderer) MinSize() fyne.Size {
	return fyne.NewSize(bars*barStep-(barStep-barWidth)+2*pad, barHeight+2*pad)
}

func (r *renderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	for i, b := range r.bars {
		b.Move(fyne.NewPos(pad+float32(i)*barStep, (size.Height-barHeight)/2))
		b.Resize(fyne.NewSize(barWidth, barHeight))
	}
}

func (r *renderer) paint() {
	r.ground.FillColor = theme.Color(theme.Chip)
	on, off := theme.Color(theme.MeterOn), theme.Color(theme.MeterOff)
	for i, b := range r.bars {
		b.FillColor = off
		if i < r.m.lit {
			b.FillColor = on
		}
	}
}

func (r *renderer) Refresh() {
	r.paint()
	for _, o := range r.objs {
		o.Refresh()
	}
}
