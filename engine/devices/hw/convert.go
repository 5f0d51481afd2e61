package hw

// #cgo CFLAGS: -O3
// #include "convert.h"
import "C"

import (
	"unsafe"

	"foyer/engine/call"
	"foyer/engine/devices/yuv"
)

// pixels is a picture of 4-byte pixels, as screens have them.
type pixels struct {
	data          []byte
	stride        int // bytes
	width, height int
	bgr           bool // blue first in memory, otherwise red
}

// shrinker makes pictures for the room of pictures of a screen. Use it from one
// goroutine.
type shrinker struct {
	full call.VideoFrame
	tmp  []byte
}

// convert writes src to dst, made smaller where it is larger than maxW x maxH.
func (s *shrinker) convert(dst *call.VideoFrame, src pixels, maxW, maxH int) {
	even := src
	even.width, even.height = src.width&^1, src.height&^1
	w, h := yuv.Fit(even.width, even.height, maxW, maxH)
	if w == even.width && h == even.height {
		toI420(dst, even)
		return
	}
	toI420(&s.full, even)
	dst.Reset(w, h)
	if n := s.full.Height * w; cap(s.tmp) < n {
		s.tmp = make([]byte, n)
	}
	tmp := (*C.uint8_t)(unsafe.SliceData(s.tmp))
	from, to := planes(&s.full), planes(dst)
	for i := range from {
		C.foyer_shrink(from[i], to[i], tmp)
	}
}

// toI420 converts a picture of even width and height.
func toI420(dst *call.VideoFrame, src pixels) {
	dst.Reset(src.width, src.height)
	bgr := C.int(0)
	if src.bgr {
		bgr = 1
	}
	p := planes(dst)
	C.foyer_i420((*C.uint8_t)(unsafe.SliceData(src.data)), C.size_t(src.stride), bgr, p[0], p[1], p[2])
}

// planes describes a frame to C. Its memory is Go's: callers pass it on at once.
func planes(f *call.VideoFrame) [3]C.foyer_plane {
	cw, ch := (f.Width+1)/2, (f.Height+1)/2
	return [3]C.foyer_plane{
		plane(f.Y, f.YStride, f.Width, f.Height),
		plane(f.U, f.UVStride, cw, ch),
		plane(f.V, f.UVStride, cw, ch),
	}
}

func plane(b []byte, stride, w, h int) C.foyer_plane {
	return C.foyer_plane{data: (*C.uint8_t)(unsafe.SliceData(b)), stride: C.size_t(stride), w: C.int(w), h: C.int(h)}
}
