package hw

// #cgo CFLAGS: -O3
// #include "convert.h"
import "C"

import (
	"unsafe"

	"foyer/engine/call"
	"foyer/engine/devices/yuv"
)

// pixels is a frame of 4-byte pixels, as screens have them.
type pixels struct {
	data          []byte
	stride        int // bytes
	width, height int
	bgr           bool // blue first in memory, otherwise red
}

// shrinker makes frames of a call of those of a screen. Use it from one
// goroutine.
type shrinker struct {
	full         call.VideoFrame
	across, down [2]mix // for luma and for chroma
	sums         []uint16
	row          []byte
}

// convert writes src to dst, made smaller where it is larger than maxW x maxH.
func (s *shrinker) convert(dst *call.VideoFrame, src pixels, maxW, maxH int) {
	src.width, src.height = src.width&^1, src.height&^1
	w, h := yuv.Fit(src.width, src.height, maxW, maxH)
	if w == src.width && h == src.height {
		toI420(dst, src)
		return
	}
	toI420(&s.full, src)
	dst.Reset(w, h)
	if len(s.row) != src.width {
		s.sums, s.row = make([]uint16, src.width), make([]byte, src.width)
	}
	from, to := planes(&s.full), planes(dst)
	for i := range from {
		kind := min(i, 1)
		s.across[kind].set(int(from[i].w), int(to[i].w))
		s.down[kind].set(int(from[i].h), int(to[i].h))
		C.foyer_shrink(from[i], to[i], s.across[kind].c(), s.down[kind].c(),
			(*C.uint16_t)(unsafe.SliceData(s.sums)), (*C.uint8_t)(unsafe.SliceData(s.row)))
	}
}

// mix says how n values become fewer, each the mean of the part that it covers.
type mix struct {
	n, fewer int
	taps     int
	first    []int32
	weights  []uint16
}

func (m *mix) set(n, fewer int) {
	if m.n == n && m.fewer == fewer {
		return
	}
	m.n, m.fewer = n, fewer
	m.taps = min((n+fewer-1)/fewer+1, n)
	m.first, m.weights = make([]int32, fewer), make([]uint16, fewer*m.taps)
	for i := range fewer {
		// In units of 1/fewer of a value, the part is n long.
		from, to := i*n, (i+1)*n
		first := min(from/fewer, n-m.taps)
		m.first[i] = int32(first)
		left := uint16(256)
		w := m.weights[i*m.taps:][:m.taps]
		heaviest := 0
		for t := range w {
			covered := min(to, (first+t+1)*fewer) - max(from, (first+t)*fewer)
			w[t] = uint16((max(covered, 0)*256 + n/2) / n)
			left -= w[t]
			if w[t] > w[heaviest] {
				heaviest = t
			}
		}
		w[heaviest] += left // what rounding has taken or given
	}
}

// c describes it to C. Its memory is Go's: callers pass it on at once.
func (m *mix) c() C.foyer_mix {
	return C.foyer_mix{
		first:   (*C.int32_t)(unsafe.SliceData(m.first)),
		weights: (*C.uint16_t)(unsafe.SliceData(m.weights)),
		taps:    C.int(m.taps),
	}
}

// toI420 converts a frame of even width and height.
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
