package video

import (
	"time"

	"fyne.io/fyne/v2"
)

// Interval is the time between two paints of video on average, and
// early how much before its time a tick of the screen's clock may serve: half a
// tick at 60 Hz. Paints keep to a timetable instead of a distance, so that
// ticks which come late on a slow computer do not cost every second frame.
const (
	Interval = time.Second / 30
	early    = 8 * time.Millisecond
)

// Painter refreshes the tiles of one window that have a new frame, from one
// animation callback. It belongs to Fyne's main goroutine.
type Painter struct {
	now   func() time.Time
	tick  func(now time.Time) // the window's other clockwork, may be nil
	tiles map[*Tile]struct{}
	due   time.Time // of the next paint
	anim  *fyne.Animation
}

// NewPainter returns a painter; now is the clock, and tick is called with it at
// most every [Interval] before the tiles are painted.
func NewPainter(now func() time.Time, tick func(now time.Time)) *Painter {
	return &Painter{now: now, tick: tick, tiles: map[*Tile]struct{}{}}
}

// Start begins to paint.
func (p *Painter) Start() {
	if p.anim != nil {
		return
	}
	p.anim = &fyne.Animation{
		Duration: time.Hour, RepeatCount: fyne.AnimationRepeatForever, Curve: fyne.AnimationLinear,
		Tick: func(float32) { p.Tick() },
	}
	p.anim.Start()
}

// Stop ends it.
func (p *Painter) Stop() {
	if p.anim != nil {
		p.anim.Stop()
		p.anim = nil
	}
}

// Tick paints what is new, unless it is not time yet.
func (p *Painter) Tick() {
	now := p.now()
	if now.Before(p.due.Add(-early)) {
		return
	}
	if p.due = p.due.Add(Interval); p.due.Before(now) {
		p.due = now.Add(Interval) // what was missed is not caught up
	}
	if p.tick != nil {
		p.tick(now)
	}
	for t := range p.tiles {
		t.advance()
	}
}

// Add adds a tile that is shown.
func (p *Painter) Add(t *Tile) { p.tiles[t] = struct{}{} }

// Remove forgets a tile and stops the conversion for it.
func (p *Painter) Remove(t *Tile) {
	delete(p.tiles, t)
	t.SetSlot(nil)
}
