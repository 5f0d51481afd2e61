// Package testpicture draws the test pattern of the test camera and reads it back
// from whatever has become of it: tests compare what somebody far away decoded
// with what was sent.
//
// The frame has coloured bars, a block that bounces, and in its middle a
// strip of [Cells] cells, which carries the number of the frame in black and
// white:
//
//	x from 1/10 to 9/10 of the width, y from 7/16 to 9/16 of the height
//	white, black, 16 bits of the number (highest first, white is 1),
//	even parity of these bits, black
//
// Cells are large enough to survive VP8 at the smallest simulcast layer
// (320x180). Functions may be called from any goroutine.
package testpicture

import (
	"image"
	"math/bits"

	"foyer/engine/call"
)

// Layout of the strip.
const (
	Cells    = 20
	dataBits = 16
	firstBit = 2
	parity   = firstBit + dataBits
	// Modulus: the counter starts again after so many frames.
	Modulus = 1 << dataBits
)

// Luma of black and white, and the least contrast that is read.
const (
	black, white = 16, 235
	minContrast  = 60
)

type colour struct{ y, u, v byte }

// bars are 75 % colour bars in BT.601 video range (SMPTE EG 1).
func bars() [8]colour {
	return [8]colour{
		{180, 128, 128}, {162, 44, 142}, {131, 156, 44}, {112, 72, 58},
		{84, 184, 198}, {65, 100, 212}, {35, 212, 114}, {16, 128, 128},
	}
}

// Painter draws frames of one size. Use it from one goroutine.
type Painter struct{ background call.VideoFrame }

// NewPainter returns a Painter for frames of w x h pixels.
func NewPainter(w, h int) *Painter {
	p := new(Painter)
	p.background.Reset(w, h)
	b := bars()
	for i, c := range b {
		fill(&p.background, image.Rect(i*w/len(b), 0, (i+1)*w/len(b), h), c)
	}
	return p
}

// Draw draws frame n into dst.
func (p *Painter) Draw(dst *call.VideoFrame, n int) {
	bg := &p.background
	dst.Reset(bg.Width, bg.Height)
	copy(dst.Y, bg.Y)
	copy(dst.U, bg.U)
	copy(dst.V, bg.V)
	side := bg.Height / 6
	x, y := bounce(n*bg.Width/180, bg.Width-side), bounce(n*bg.Height/240, bg.Height/3-side)
	fill(dst, image.Rect(x, y, x+side, y+side), colour{white, 128, 128})
	x = bounce(n*bg.Width/240+bg.Width/3, bg.Width-side)
	y = bg.Height*2/3 + bounce(n*bg.Height/180, bg.Height/3-side)
	fill(dst, image.Rect(x, y, x+side, y+side), colour{80, 90, 240})
	for i := range Cells {
		c := colour{black, 128, 128}
		if cellIsWhite(i, uint16(n)) {
			c.y = white
		}
		fill(dst, cell(i, bg.Width, bg.Height), c)
	}
}

// bounce runs from 0 to limit and back as n grows.
func bounce(n, limit int) int {
	if limit <= 0 {
		return 0
	}
	n %= 2 * limit
	if n > limit {
		n = 2*limit - n
	}
	return n
}

func cellIsWhite(i int, n uint16) bool {
	switch {
	case i == 0:
		return true
	case i >= firstBit && i < parity:
		return n>>(dataBits-1-(i-firstBit))&1 == 1
	case i == parity:
		return bits.OnesCount16(n)%2 == 1
	default:
		return false
	}
}

// cell is where cell i lies in a frame of that size.
func cell(i, w, h int) image.Rectangle {
	left := func(i int) int { return w/10 + i*(w*8/10)/Cells }
	return image.Rect(left(i), h*7/16, left(i+1), h*9/16)
}

// fill paints a rectangle; chroma is widened to whole samples.
func fill(f *call.VideoFrame, r image.Rectangle, c colour) {
	r = r.Intersect(image.Rect(0, 0, f.Width, f.Height))
	if r.Empty() {
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		set(f.Y[y*f.YStride+r.Min.X:y*f.YStride+r.Max.X], c.y)
	}
	x0, x1 := r.Min.X/2, (r.Max.X+1)/2
	for y := r.Min.Y / 2; y < (r.Max.Y+1)/2; y++ {
		set(f.U[y*f.UVStride+x0:y*f.UVStride+x1], c.u)
		set(f.V[y*f.UVStride+x0:y*f.UVStride+x1], c.v)
	}
}

// set fills b by copying what is filled already: with the race detector, writing each
// sample of each frame would take most of what a test camera takes.
func set(b []byte, v byte) {
	if len(b) == 0 {
		return
	}
	b[0] = v
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// Read reads the number of a frame modulo [Modulus]. ok is false when f does
// not show the test pattern, or not clearly.
func Read(f *call.VideoFrame) (n int, ok bool) {
	if f.Width < 2*Cells || f.Height < 16 {
		return 0, false
	}
	return decode(f.Width, f.Height, func(x, y int) int { return int(f.Y[y*f.YStride+x]) })
}

// ReadImage reads the number from a frame as it is shown, such as the RGBA of
// a [call.FrameSlot] or a screenshot, which must show the whole frame.
func ReadImage(img image.Image) (n int, ok bool) {
	b := img.Bounds()
	if b.Dx() < 2*Cells || b.Dy() < 16 {
		return 0, false
	}
	return decode(b.Dx(), b.Dy(), func(x, y int) int {
		r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
		return int(299*r+587*g+114*bl) / 1000 >> 8
	})
}

func decode(w, h int, luma func(x, y int) int) (n int, ok bool) {
	var level [Cells]int
	for i := range level {
		level[i] = mean(cell(i, w, h), luma)
	}
	dark, bright := level[1], level[0]
	if bright-dark < minContrast {
		return 0, false
	}
	var v uint16
	var isWhite [Cells]bool
	for i, l := range level {
		at := (l - dark) * 100 / (bright - dark)
		if at > 35 && at < 65 {
			return 0, false // a smear of two frames
		}
		isWhite[i] = at >= 65
		if i >= firstBit && i < parity {
			v <<= 1
			if isWhite[i] {
				v |= 1
			}
		}
	}
	for i := range isWhite {
		if isWhite[i] != cellIsWhite(i, v) {
			return 0, false
		}
	}
	return int(v), true
}

// mean is the brightness of the inner half of a cell: its edges are blurred.
func mean(r image.Rectangle, luma func(x, y int) int) int {
	r = image.Rect(r.Min.X+r.Dx()/4, r.Min.Y+r.Dy()/4, r.Max.X-r.Dx()/4, r.Max.Y-r.Dy()/4)
	sum := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			sum += luma(x, y)
		}
	}
	if r.Empty() {
		return 0
	}
	return sum / (r.Dx() * r.Dy())
}
