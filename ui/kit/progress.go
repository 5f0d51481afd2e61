package kit

import (
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

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
	if !theme.Moves() {
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
