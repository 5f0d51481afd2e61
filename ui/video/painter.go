package video

import (
	"time"

	"fyne.io/fyne/v2"
)

// MinInterval is the shortest time between two paints of moving pictures. It
// lets every second tick of a 60 Hz screen through, with room for jitter
// (docs: live video in Fyne, measured).
const MinInterval = 28 * time.Millisecond

// Painter refreshes the tiles of one window that have a new picture, from one
// animation callback. It belongs to Fyne's main goroutine.
type Painter struct {
	now   func() time.Time
	tick  func(now time.Time) // the window's other clockwork, may be nil
	tiles map[*Tile]struct{}
	last  time.Time
	anim  *fyne.Animation
}

// NewPainter makes a painter; now is the clock, and tick is called with it at
// most every [MinInterval] before the tiles are painted.
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

// Tick paints what is new, unless the last time is too short ago.
func (p *Painter) Tick() {
	now := p.now()
	if !p.last.IsZero() && now.Sub(p.last) < MinInterval {
		return
	}
	p.last = now
	if p.tick != nil {
		p.tick(now)
	}
	for t := range p.tiles {
		t.advance()
	}
}

// Add says that a tile is shown.
func (p *Painter) Add(t *Tile) { p.tiles[t] = struct{}{} }

// Remove forgets a tile and stops the conversion for it.
func (p *Painter) Remove(t *Tile) {
	delete(p.tiles, t)
	t.SetSlot(nil)
}
