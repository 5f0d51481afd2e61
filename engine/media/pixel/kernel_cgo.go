//go:build cgo && (amd64 || arm64)

package pixel

// #cgo CFLAGS: -O3 -Wall
// #include "kernel.h"
import "C"

import (
	"unsafe"

	"foyer/engine/call"
)

func rgba(dst []byte, stride int, f *call.VideoFrame, p *plan, scratch []byte) {
	direct := C.int(0)
	if p.direct {
		direct = 1
	}
	C.foyer_rgba(bytePtr(dst), C.int(stride), C.int(p.w), C.int(p.h),
		bytePtr(f.Y), bytePtr(f.U), bytePtr(f.V), C.int(f.YStride), C.int(f.UVStride), C.int(f.Width),
		indexPtr(p.taps.index), weightPtr(p.taps.weight), direct, C.int(p.lumaAt), C.int(p.chromaAt), bytePtr(scratch))
}

func scalePlane(dst []byte, dstStride int, src []byte, stride, w int, cols, rows taps, scratch []byte) {
	C.foyer_scale_plane(bytePtr(dst), C.int(dstStride), C.int(cols.len()), C.int(rows.len()),
		bytePtr(src), C.int(stride), C.int(w), indexPtr(cols.index), weightPtr(cols.weight),
		indexPtr(rows.index), weightPtr(rows.weight), bytePtr(scratch))
}

func halvePlane(dst []byte, dstStride int, src []byte, stride, w, h int) {
	C.foyer_halve_plane(bytePtr(dst), C.int(dstStride), bytePtr(src), C.int(stride), C.int(w), C.int(h))
}

func bytePtr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) }

func indexPtr(t []uint32) *C.uint32_t { return (*C.uint32_t)(unsafe.Pointer(unsafe.SliceData(t))) }

func weightPtr(t []uint16) *C.uint16_t { return (*C.uint16_t)(unsafe.Pointer(unsafe.SliceData(t))) }
