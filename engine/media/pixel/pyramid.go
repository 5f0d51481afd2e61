package pixel

import "foyer/engine/call"

// Pyramid holds box-filtered halves of a frame.
type Pyramid struct {
	levels []call.VideoFrame
}

// above returns the smallest half that still is at least as large as the
// output, given how many source samples fall on an output sample, and how many
// times it was halved.
func (p *Pyramid) above(f *call.VideoFrame, stepX, stepY float64) (level *call.VideoFrame, depth int) {
	level = f
	step := min(stepX, stepY)
	for step >= 2 {
		if depth == len(p.levels) {
			p.levels = append(p.levels, call.VideoFrame{})
		}
		Halve(&p.levels[depth], level)
		level = &p.levels[depth]
		depth++
		step /= 2
	}
	return level, depth
}

// Halve makes dst the 2:1 box-filtered src. An odd last row or column counts
// twice. Width and height are rounded up. src must be usable: planes of the
// size that it claims.
func Halve(dst, src *call.VideoFrame) {
	w, h := half(src.Width), half(src.Height)
	dst.Reset(w, h)
	dst.PTS = src.PTS
	halvePlane(dst.Y, dst.YStride, src.Y, src.YStride, src.Width, src.Height)
	cw, ch := half(src.Width), half(src.Height)
	halvePlane(dst.U, dst.UVStride, src.U, src.UVStride, cw, ch)
	halvePlane(dst.V, dst.UVStride, src.V, src.UVStride, cw, ch)
}

// Scaler makes smaller I420 frames.
type Scaler struct {
	pyramid Pyramid
	plan    plan
	key     planKey
	scratch []byte
}

// Scale makes dst the w x h version of src, by halves and bilinear, ignoring
// the shape. It reports false when sizes do not fit.
func (s *Scaler) Scale(dst, src *call.VideoFrame, w, h int) bool {
	if !usable(src) || w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return false
	}
	stepX, stepY := float64(src.Width)/float64(w), float64(src.Height)/float64(h)
	level, depth := s.pyramid.above(src, stepX, stepY)
	key := planKey{
		w: level.Width, h: level.Height, srcW: src.Width, srcH: src.Height, view: call.View{Width: w, Height: h},
	}
	if key != s.key {
		scale := 1 / float64(int(1)<<depth)
		s.plan.layout(level.Width, level.Height,
			rect{srcW: float64(src.Width) * scale, srcH: float64(src.Height) * scale, w: w, h: h}, false)
		s.key = key
	}
	dst.Reset(w, h)
	dst.PTS = src.PTS
	s.scratch = growBytes(s.scratch, scratchSize(level.Width, w))
	p := &s.plan
	scalePlane(dst.Y, dst.YStride, level.Y, level.YStride, level.Width,
		p.lumaX(), p.lumaY(), s.scratch)
	cw := half(level.Width)
	scalePlane(dst.U, dst.UVStride, level.U, level.UVStride, cw, p.chromaX(), p.chromaY(), s.scratch)
	scalePlane(dst.V, dst.UVStride, level.V, level.UVStride, cw, p.chromaX(), p.chromaY(), s.scratch)
	return true
}
