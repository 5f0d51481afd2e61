package pixel

import (
	"math"

	"foyer/engine/call"
)

// rect places the frame: the part of the source that is shown, in source
// pixels, and where it goes in the tile, in tile pixels.
type rect struct {
	srcX, srcY, srcW, srcH float64
	x, y, w, h             int
}

// place fits a w x h frame into the view's tile.
func place(w, h int, v call.View) rect {
	fw, fh := float64(w), float64(h)
	sx, sy := float64(v.Width)/fw, float64(v.Height)/fh
	if v.Fit == call.FitContain {
		s := min(sx, sy)
		r := rect{srcW: fw, srcH: fh}
		r.w = min(max(int(math.Round(fw*s)), 1), v.Width)
		r.h = min(max(int(math.Round(fh*s)), 1), v.Height)
		r.x, r.y = (v.Width-r.w)/2, (v.Height-r.h)/2
		return r
	}
	s := max(sx, sy)
	r := rect{srcW: float64(v.Width) / s, srcH: float64(v.Height) / s, w: v.Width, h: v.Height}
	r.srcX, r.srcY = (fw-r.srcW)/2, (fh-r.srcH)/2
	return r
}

// Unenlarged is the view in which a w x h frame is not made larger, nor any of its
// pixels left out that v shows. What draws the frame enlarges it: that costs a graphics
// card nothing, and one that a processor stands for less than the pixels would to get
// there.
func Unenlarged(w, h int, v call.View) call.View {
	if w <= 0 || h <= 0 {
		return v
	}
	scale := max(float64(v.Width)/float64(w), float64(v.Height)/float64(h))
	if v.Fit == call.FitContain {
		scale = min(float64(v.Width)/float64(w), float64(v.Height)/float64(h))
	}
	if scale > 1 {
		v.Width = max(1, int(math.Round(float64(v.Width)/scale)))
		v.Height = max(1, int(math.Round(float64(v.Height)/scale)))
	}
	return v
}

// tapOne is the weight of a tap that takes all of the next sample.
const tapOne = 256

// taps say where output samples come from: the index of the left or upper
// source sample and the weight of the next one, 0..tapOne.
type taps struct {
	index  []uint32
	weight []uint16
}

func (t taps) len() int               { return len(t.index) }
func (t taps) part(from, n int) taps  { return taps{t.index[from:][:n], t.weight[from:][:n]} }
func (t taps) at(i int) (int, uint32) { return int(t.index[i]), uint32(t.weight[i]) }

// resize makes room for n taps, reusing the buffers.
func (t *taps) resize(n int) {
	if cap(t.index) < n {
		t.index, t.weight = make([]uint32, n), make([]uint16, n)
	}
	t.index, t.weight = t.index[:n], t.weight[:n]
}

// axis is one direction of a scaling: output sample i has its centre at
// origin + (i*pitch + offset)*step in source samples, edges counted from 0.
type axis struct {
	origin, step  float64
	pitch, offset float64
	flip          float64 // the length in output samples when mirrored, else 0
	limit         int     // source samples
}

// fill computes the taps.
func (a axis) fill(t taps) {
	last := float64(a.limit - 1)
	for i := range t.index {
		edge := float64(i)*a.pitch + a.offset
		if a.flip > 0 {
			edge = a.flip - edge
		}
		pos := min(max(a.origin+edge*a.step-0.5, 0), last)
		index := math.Floor(pos)
		// The weight must have a right neighbour to apply to.
		if index > 0 && index == last {
			index--
		}
		weight := math.Round((pos - index) * tapOne)
		t.index[i], t.weight[i] = uint32(index), uint16(weight)
	}
}

// plan is a scaling that is ready to run. taps holds, in this order, the luma
// columns (w), the chroma columns ((w+1)/2), the luma rows (h) and the chroma
// rows ((h+1)/2).
type plan struct {
	w, h int // output
	taps taps
	// direct says that columns are copied as they are, from the source
	// columns lumaAt and chromaAt on.
	direct           bool
	lumaAt, chromaAt int
}

// layout computes the taps for scaling the part r of a src.
func (p *plan) layout(srcW, srcH int, r rect, mirror bool) {
	p.w, p.h = r.w, r.h
	cw, ch := half(r.w), half(r.h)
	p.taps.resize(r.w + cw + r.h + ch)
	stepX, stepY := r.srcW/float64(r.w), r.srcH/float64(r.h)
	flip := 0.0
	if mirror {
		flip = float64(r.w)
	}
	luma := axis{origin: r.srcX, step: stepX, pitch: 1, offset: 0.5, flip: flip, limit: srcW}
	luma.fill(p.lumaX())
	// A chroma sample is the centre of 2x2 luma samples, on both sides.
	chroma := axis{origin: r.srcX / 2, step: stepX / 2, pitch: 2, offset: 1, flip: flip, limit: half(srcW)}
	chroma.fill(p.chromaX())
	luma = axis{origin: r.srcY, step: stepY, pitch: 1, offset: 0.5, limit: srcH}
	luma.fill(p.lumaY())
	chroma = axis{origin: r.srcY / 2, step: stepY / 2, pitch: 2, offset: 1, limit: half(srcH)}
	chroma.fill(p.chromaY())
	var lumaOK, chromaOK bool
	p.lumaAt, lumaOK = run(p.lumaX())
	p.chromaAt, chromaOK = run(p.chromaX())
	p.direct = lumaOK && chromaOK
}

// The taps of the four axes lie in one slice, one after the other: luma columns,
// chroma columns, luma rows, chroma rows. There are half as many of chroma's.

func (p *plan) lumaX() taps   { return p.taps.part(0, p.w) }
func (p *plan) chromaX() taps { return p.taps.part(p.w, half(p.w)) }
func (p *plan) lumaY() taps   { return p.taps.part(p.w+half(p.w), p.h) }
func (p *plan) chromaY() taps { return p.taps.part(p.w+half(p.w)+p.h, half(p.h)) }

// run reports whether the taps are consecutive source samples, unblended, and
// which is the first.
func run(t taps) (first int, ok bool) {
	for i := range t.index {
		index, weight := t.at(i)
		if weight == tapOne {
			index, weight = index+1, 0
		}
		if i == 0 {
			first = index
		}
		if weight != 0 || index != first+i {
			return 0, false
		}
	}
	return first, true
}

func half(n int) int { return (n + 1) / 2 }
