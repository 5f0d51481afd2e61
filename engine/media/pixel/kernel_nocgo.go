//go:build !cgo || (!amd64 && !arm64)

package pixel

import "foyer/engine/call"

func rgba(dst []byte, stride int, f *call.VideoFrame, p *plan, scratch []byte) {
	goRGBA(dst, stride, f, p, scratch)
}

func scalePlane(dst []byte, dstStride int, src []byte, stride, w int, cols, rows taps, scratch []byte) {
	goScalePlane(dst, dstStride, src, stride, w, cols, rows, scratch)
}

func halvePlane(dst []byte, dstStride int, src []byte, stride, w, h int) {
	goHalvePlane(dst, dstStride, src, stride, w, h)
}
