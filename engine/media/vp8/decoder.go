package vp8

// #cgo pkg-config: vpx
// #cgo CFLAGS: -O2 -Wall
// #include "codec.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"foyer/engine/call"
)

var (
	errNoMemory = errors.New("libvpx could not be started")
	errClosed   = fmt.Errorf("vp8: %w", call.ErrClosed)
)

// Decoder decodes one VP8 stream. It implements [call.VideoDecoder].
type Decoder struct {
	c             *C.foyer_vp8_decoder
	width, height int                // of the last key frame; 0 before the first
	planes        C.foyer_vp8_planes // of the last frame; here, so that it costs no allocation
}

var _ call.VideoDecoder = (*Decoder)(nil)

// NewDecoder returns a decoder that waits for a key frame.
func NewDecoder() (*Decoder, error) {
	c := C.foyer_vp8_decoder_new()
	if c == nil {
		return nil, errNoMemory
	}
	return &Decoder{c: c}, nil
}

// Decode decodes one whole frame into dst, which it resets to the frame's
// size; dst.PTS stays. The decoder cannot tell that a frame before this one is
// missing: the caller watches for gaps. On any error but [ErrHidden] the
// content of dst is undefined and the stream needs a key frame.
func (d *Decoder) Decode(data []byte, dst *call.VideoFrame) error {
	frame, err := d.Peek(data)
	if err != nil {
		return err
	}
	w, h := frame.Width, frame.Height
	dst.Reset(w, h)
	copyPlane(dst.Y, frame.Y, frame.YStride, w, h)
	copyPlane(dst.U, frame.U, frame.UVStride, (w+1)/2, (h+1)/2)
	copyPlane(dst.V, frame.V, frame.UVStride, (w+1)/2, (h+1)/2)
	return nil
}

// copyPlane takes a plane out of its rows of stride bytes.
func copyPlane(dst, src []byte, stride, w, h int) {
	for y := range h {
		copy(dst[y*w:(y+1)*w], src[y*stride:])
	}
}

// Peek decodes like Decode, and leaves the frame where it is: its planes are
// the decoder's own memory, must not be written to, and are gone with the next
// call of any method, whatever it returns.
func (d *Decoder) Peek(data []byte) (call.VideoFrame, error) {
	if d.c == nil {
		return call.VideoFrame{}, errClosed
	}
	h, err := ParseHeader(data)
	if err != nil {
		return call.VideoFrame{}, err
	}
	if h.KeyFrame {
		d.width, d.height = h.Width, h.Height
	}
	if d.width == 0 {
		return call.VideoFrame{}, ErrNoKeyFrame
	}
	w, height := d.width, d.height
	code := C.foyer_vp8_decode(d.c, bytePtr(data), C.uint(len(data)), C.int(w), C.int(height), &d.planes)
	if err := d.result(int(code)); err != nil {
		return call.VideoFrame{}, err
	}
	f := call.VideoFrame{Width: w, Height: height, YStride: int(d.planes.ystride), UVStride: int(d.planes.uvstride)}
	f.Y = plane(d.planes.y, f.YStride, w, height)
	f.U = plane(d.planes.u, f.UVStride, (w+1)/2, (height+1)/2)
	f.V = plane(d.planes.v, f.UVStride, (w+1)/2, (height+1)/2)
	return f, nil
}

// plane is C memory as a slice that cannot grow.
func plane(p *C.uint8_t, stride, w, h int) []byte {
	n := stride*(h-1) + w
	return unsafe.Slice((*byte)(unsafe.Pointer(p)), n)[:n:n]
}

// result turns libvpx' answer into an error. After damage only a key frame
// counts, so that no delta frame is applied to a broken reference.
func (d *Decoder) result(code int) error {
	switch code {
	case 0:
		return nil
	case C.FOYER_VP8_NO_PICTURE:
		return ErrHidden
	}
	d.width, d.height = 0, 0
	if code < 0 {
		return ErrCorrupt
	}
	return fmt.Errorf("%w: %s", ErrCorrupt, C.GoString(C.foyer_vp8_error(C.int(code))))
}

// Close frees the decoder. It may be called again.
func (d *Decoder) Close() {
	if d.c != nil {
		C.foyer_vp8_decoder_free(d.c)
		d.c = nil
	}
}

func bytePtr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))) }
