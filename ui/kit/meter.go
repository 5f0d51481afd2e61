package kit

import (
	"image/color"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

const meterBars = 12

// Meter shows how loud a microphone is, as a row of bars.
type Meter struct {
	widget.BaseWidget
	lit int
}

// NewMeter returns a silent meter.
func NewMeter() *Meter {
	m := &Meter{}
	m.ExtendBaseWidget(m)
	return m
}

// Set shows a loudness of 0..1. The square root spreads speech, which rarely
// fills more than a tenth of the range, over the bars.
func (m *Meter) Set(level float32) {
	lit := int(math.Round(math.Sqrt(float64(max(0, min(level, 1)))) * meterBars))
	if lit != m.lit {
		m.lit = lit
		m.Refresh()
	}
}

// Lit is how many bars are lit.
func (m *Meter) Lit() int { return m.lit }

// CreateRenderer implements fyne.Widget.
func (m *Meter) CreateRenderer() fyne.WidgetRenderer {
	r := &meterRenderer{m: m}
	for range meterBars {
		bar := canvas.NewRectangle(color.Transparent)
		bar.CornerRadius = 1.5
		r.bars = append(r.bars, bar)
		r.objs = append(r.objs, bar)
	}
	r.paint()
	return r
}

type meterRenderer struct {
	m    *Meter
	bars []*canvas.Rectangle
	objs []fyne.CanvasObject
}

func (r *meterRenderer) Destroy()                     {}
func (r *meterRenderer) Objects() []fyne.CanvasObject { return r.objs }
func (r *meterRenderer) MinSize() fyne.Size           { return fyne.NewSize(meterBars*7-3, 16) }

func (r *meterRenderer) Layout(size fyne.Size) {
	for i, b := range r.bars {
		b.Move(fyne.NewPos(float32(i)*7, 0))
		b.Resize(fyne.NewSize(4, size.Height))
	}
}

func (r *meterRenderer) paint() {
	on, off := theme.Color(theme.Success), theme.Color(theme.Pressed)
	for i, b := range r.bars {
		b.FillColor = off
		if i < r.m.lit {
			b.FillColor = on
		}
	}
}

func (r *meterRenderer) Refresh() {
	r.paint()
	for _, b := range r.bars {
		b.Refresh()
	}
}

// Progress is a thin bar that moves while something is being waited for. Tick
// moves it.
type Progress struct {
	widget.BaseWidget
	phase float32 // 0..1
}

// NewProgress returns a bar at rest.
func NewProgress() *Progress {
	p := &Progress{}
	p.ExtendBaseWidget(p)
	return p
}

const progressPeriod = 1600 * time.Millisecond

// Tick moves the bar to where it is after waiting that long. With "reduce
// motion" it stands still.
func (p *Progress) Tick(waited time.Duration) {
	if !fyne.CurrentApp().Settings().ShowAnimations() {
		return
	}
	p.phase = float32(waited%progressPeriod) / float32(progressPeriod)
	p.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (p *Progress) CreateRenderer() fyne.WidgetRenderer {
	return &progressRenderer{p: p, track: NewPanel(theme.Control, 2), bar: NewPanel(theme.Accent, 2)}
}

type progressRenderer struct {
	p          *Progress
	track, bar *Panel
}

func (r *progressRenderer) Destroy()                     {}
func (r *progressRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.track, r.bar} }
func (r *progressRenderer) MinSize() fyne.Size           { return fyne.NewSize(80, 4) }

func (r *progressRenderer) Layout(size fyne.Size) {
	r.track.Resize(size)
	// There and back, slowing down at the ends.
	x := float32(0.5 - 0.5*math.Cos(2*math.Pi*float64(r.p.phase)))
	w := size.Width * 0.3
	r.bar.Move(fyne.NewPos((size.Width-w)*x, 0))
	r.bar.Resize(fyne.NewSize(w, size.Height))
}

func (r *progressRenderer) Refresh() {
	r.Layout(r.p.Size())
	r.track.Refresh()
	r.bar.Refresh()
}
