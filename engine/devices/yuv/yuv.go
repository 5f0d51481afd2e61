// Package yuv makes [call.VideoFrame]s (I420, BT.601 video range) of the other
// shapes that cameras, screens and files have. Functions hold no state and may be
// called from any goroutine.
package yuv

import (
	"fmt"
	"image"

	"foyer/engine/call"
)

// FromYCbCr converts a frame of any chroma subsampling. fullRange says that
// its samples use 0..255, as those of JPEG do.
func FromYCbCr(dst *call.VideoFrame, src *image.YCbCr, fullRange bool) error {
	r := src.Rect
	w, h := r.Dx(), r.Dy()
	if w <= 0 || h <= 0 {
		return fmt.Errorf("frame of %dx%d", w, h)
	}
	sx, sy := subsampling(src.SubsampleRatio)
	// The chroma planes must hold every sample that the size implies: drivers
	// cut the last column of odd sizes.
	cw, ch := (w+sx-1)/sx, (h+sy-1)/sy
	if need(w, h, src.YStride) > len(src.Y) || src.CStride < cw ||
		need(cw, ch, src.CStride) > len(src.Cb) || need(cw, ch, src.CStride) > len(src.Cr) {
		return fmt.Errorf("planes are too short for %dx%d", w, h)
	}
	dst.Reset(w, h)
	for y := range h {
		copy(dst.Y[y*dst.YStride:y*dst.YStride+w], src.Y[y*src.YStride:])
	}
	halve(dst, dst.U, src.Cb, src.CStride, sx, sy)
	halve(dst, dst.V, src.Cr, src.CStride, sx, sy)
	if fullRange {
		ToVideoRange(dst)
	}
	return nil
}

func need(w, h, stride int) int { return (h-1)*stride + w }

func subsampling(r image.YCbCrSubsampleRatio) (x, y int) {
	switch r {
	case image.YCbCrSubsampleRatio444:
		return 1, 1
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	case image.YCbCrSubsampleRatio420:
	}
	return 2, 2
}

// halve fills one chroma plane of dst from one with another subsampling.
func halve(dst *call.VideoFrame, plane, src []byte, stride, sx, sy int) {
	cw, ch := (dst.Width+1)/2, (dst.Height+1)/2
	srcW, srcH := (dst.Width+sx-1)/sx, (dst.Height+sy-1)/sy
	for y := range ch {
		out := plane[y*dst.UVStride:][:cw]
		top := min(2*y/sy, srcH-1)
		bottom := min((2*y+1)/sy, srcH-1)
		a, b := src[top*stride:][:srcW], src[bottom*stride:][:srcW]
		switch {
		case sx == 2 && top == bottom:
			copy(out, a)
		case sx == 2:
			for x := range out {
				out[x] = byte((uint(a[x]) + uint(b[x]) + 1) / 2)
			}
		default:
			for x := range out {
				l, r := min(2*x/sx, srcW-1), min((2*x+1)/sx, srcW-1)
				out[x] = byte((uint(a[l]) + uint(a[r]) + uint(b[l]) + uint(b[r]) + 2) / 4)
			}
		}
	}
}

// ToVideoRange maps samples of 0..255 to 16..235 (luma) and 16..240 (chroma), in
// place (ITU-R BT.601, JFIF).
func ToVideoRange(f *call.VideoFrame) {
	var luma, chroma [256]byte
	for i := range luma {
		luma[i] = byte(16 + (i*219+127)/255)
		chroma[i] = byte((128*255 + (i-128)*224 + 127) / 255)
	}
	for _, p := range []struct {
		plane []byte
		to    *[256]byte
	}{{f.Y, &luma}, {f.U, &chroma}, {f.V, &chroma}} {
		for i, v := range p.plane {
			p.plane[i] = p.to[v]
		}
	}
}

// Fit is the largest size of the same shape as w x h that is not larger than
// maxW x maxH, in even numbers. Small frames keep their size.
func Fit(w, h, maxW, maxH int) (int, int) {
	if w > maxW {
		w, h = maxW, h*maxW/w
	}
	if h > maxH {
		w, h = w*maxH/h, maxH
	}
	return max(w&^1, 2), max(h&^1, 2)
}
