package pixel

import (
	"image"

	"foyer/engine/call"
)

// MaxSide is the longest side of a tile or frame, in pixels.
const MaxSide = 16384

// Converter converts the frames of one stream for one tile.
type Converter struct {
	pyramid Pyramid
	plan    plan
	key     planKey
	scratch []byte
}

// planKey is what the taps depend on.
type planKey struct {
	w, h int // of the level that is scaled
	srcW int // of the frame
	srcH int
	view call.View
}

// Convert fills dst, which must be exactly v.Width x v.Height with Stride
// 4*v.Width, with the frame as v wants it: opaque, or transparent black
// beside a contained frame. It reports false, leaving dst alone, when sizes
// do not fit.
func (c *Converter) Convert(dst *image.RGBA, f *call.VideoFrame, v call.View) bool {
	if !usable(f) || !fits(dst, v) {
		return false
	}
	r := place(f.Width, f.Height, v)
	level, depth := c.pyramid.above(f, r.srcW/float64(r.w), r.srcH/float64(r.h))
	key := planKey{w: level.Width, h: level.Height, srcW: f.Width, srcH: f.Height, view: v}
	if key != c.key {
		scale := 1 / float64(int(1)<<depth)
		lr := r
		lr.srcX, lr.srcY, lr.srcW, lr.srcH = r.srcX*scale, r.srcY*scale, r.srcW*scale, r.srcH*scale
		c.plan.layout(level.Width, level.Height, lr, v.Mirror)
		c.key = key
	}
	clearBeside(dst, r)
	c.scratch = growBytes(c.scratch, scratchSize(level.Width, r.w))
	rgba(dst.Pix[dst.PixOffset(dst.Rect.Min.X+r.x, dst.Rect.Min.Y+r.y):], dst.Stride, level, &c.plan, c.scratch)
	return true
}

// scratchSize is what the kernels need for rows between their steps: three
// source rows with a neighbour beyond the end and three output rows.
func scratchSize(srcW, dstW int) int { return 3*(srcW+1) + 3*(dstW+1) }

func fits(dst *image.RGBA, v call.View) bool {
	return v.Width > 0 && v.Height > 0 && v.Width <= MaxSide && v.Height <= MaxSide &&
		dst.Rect.Dx() == v.Width && dst.Rect.Dy() == v.Height &&
		dst.Stride >= 4*v.Width && len(dst.Pix) >= dst.Stride*(v.Height-1)+4*v.Width
}

// usable makes sure that the kernels read inside the planes.
func usable(f *call.VideoFrame) bool {
	if f.Width < 1 || f.Height < 1 || f.Width > MaxSide || f.Height > MaxSide {
		return false
	}
	cw, ch := half(f.Width), half(f.Height)
	return f.YStride >= f.Width && f.UVStride >= cw &&
		len(f.Y) >= f.YStride*(f.Height-1)+f.Width &&
		len(f.U) >= f.UVStride*(ch-1)+cw && len(f.V) >= f.UVStride*(ch-1)+cw
}

// clearBeside makes everything outside the frame transparent.
func clearBeside(dst *image.RGBA, r rect) {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if r.w == w && r.h == h {
		return
	}
	for y := range h {
		row := dst.Pix[y*dst.Stride:][:4*w]
		if y < r.y || y >= r.y+r.h {
			clear(row)
			continue
		}
		clear(row[:4*r.x])
		clear(row[4*(r.x+r.w):])
	}
}

func growBytes(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
