package vp8

// #include "codec.h"
import "C"

import (
	"fmt"
	"time"
	"unsafe"

	"foyer/engine/call"
)

// clockRate is VP8's RTP clock (RFC 7741) and the encoder's time base.
const clockRate = 90000

// minKbps is the least that libvpx is asked for: below, it drops nearly every
// frame.
const minKbps = 30

// Config is what an [Encoder] is made for. Sizes come with the frames.
type Config struct {
	FPS     int  // expected frames per second, at least 1
	Bitrate int  // bit/s
	Screen  bool // text and lines rather than faces
}

// Encoder encodes one VP8 stream at a constant bit rate for live use.
type Encoder struct {
	cfg           Config
	c             *C.foyer_vp8_encoder
	width, height int
	kbps          int
	forceKey      bool
	lastPTS       int64 // in ticks of clockRate
	clock         int64 // likewise, as the codec has it
	quantizer     int
}

// NewEncoder returns an encoder. The first frame is a key frame.
func NewEncoder(cfg Config) *Encoder {
	cfg.FPS = max(cfg.FPS, 1)
	return &Encoder{cfg: cfg, kbps: kilobits(cfg.Bitrate), lastPTS: -1}
}

func kilobits(bps int) int { return max(bps/1000, minKbps) }

// SetBitrate changes the target, in bit/s, from the next frame on.
func (e *Encoder) SetBitrate(bps int) error {
	kbps := kilobits(bps)
	if kbps == e.kbps {
		return nil
	}
	e.kbps = kbps
	if e.c == nil {
		return nil
	}
	return encodeError(C.foyer_vp8_set_bitrate(e.c, C.int(kbps)))
}

// ForceKeyFrame makes the next frame a key frame.
func (e *Encoder) ForceKeyFrame() { e.forceKey = true }

// Encode encodes one frame of any size within the limits; a new size begins a
// new codec and so a key frame. data is C memory, valid until the next call or
// Close, and empty when the rate control left the frame out.
func (e *Encoder) Encode(f *call.VideoFrame) (data []byte, key bool, err error) {
	if err := e.fit(f); err != nil {
		return nil, false, err
	}
	e.pass(ticks(f.PTS))
	force := C.int(0)
	if e.forceKey {
		force = 1
	}
	p := C.foyer_vp8_encode(e.c, bytePtr(f.Y), bytePtr(f.U), bytePtr(f.V),
		C.int(f.YStride), C.int(f.UVStride), C.int64_t(e.clock), C.int64_t(clockRate/e.cfg.FPS), force)
	if err := encodeError(p.err); err != nil {
		return nil, false, err
	}
	if p.n == 0 {
		return nil, false, nil
	}
	if p.key != 0 {
		e.forceKey = false
	}
	e.quantizer = int(p.quantizer)
	return unsafe.Slice((*byte)(unsafe.Pointer(p.data)), int(p.n)), p.key != 0, nil
}

// maxPause is how many frames' time of a screen the codec counts for a longer pause: it
// would spend all that was saved on the next frame, which came a second late then.
const maxPause = 3

// pass lets the codec's time go on to pts.
func (e *Encoder) pass(pts int64) {
	step := max(pts-e.lastPTS, 1) // libvpx refuses time that stands still
	e.lastPTS += step
	if e.cfg.Screen {
		step = min(step, int64(maxPause*clockRate/e.cfg.FPS))
	}
	e.clock += step
}

// Quantizer is how coarse the last frame that was not left out is, from 0 to 127.
func (e *Encoder) Quantizer() int { return e.quantizer }

// ticks converts to the encoder's time base: seconds apart from the rest, so that
// a track of days does not overflow.
func ticks(pts time.Duration) int64 {
	return int64(pts/time.Second)*clockRate + int64(pts%time.Second)*clockRate/int64(time.Second)
}

// fit makes the codec for the frame's size.
func (e *Encoder) fit(f *call.VideoFrame) error {
	if err := checkFrame(f); err != nil {
		return err
	}
	if e.c != nil && f.Width == e.width && f.Height == e.height {
		return nil
	}
	e.Close()
	screen := C.int(0)
	if e.cfg.Screen {
		screen = 1
	}
	e.c = C.foyer_vp8_encoder_new(C.int(f.Width), C.int(f.Height), C.int(e.cfg.FPS), C.int(e.kbps), screen)
	if e.c == nil {
		return errNoMemory
	}
	e.width, e.height = f.Width, f.Height
	return nil
}

// checkFrame makes sure that C reads inside the planes.
func checkFrame(f *call.VideoFrame) error {
	if f.Width < 1 || f.Height < 1 || f.Width > MaxWidth || f.Height > MaxHeight {
		return fmt.Errorf("%w: %dx%d", ErrTooLarge, f.Width, f.Height)
	}
	cw, ch := (f.Width+1)/2, (f.Height+1)/2
	if f.YStride < f.Width || f.UVStride < cw ||
		len(f.Y) < f.YStride*(f.Height-1)+f.Width ||
		len(f.U) < f.UVStride*(ch-1)+cw || len(f.V) < f.UVStride*(ch-1)+cw {
		return fmt.Errorf("vp8: %w: planes of a %dx%d frame are too small", call.ErrBadArgument, f.Width, f.Height)
	}
	return nil
}

func encodeError(code C.int) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("vp8 encoder: %s", C.GoString(C.foyer_vp8_error(code)))
}

// Close frees the codec. A later Encode begins anew with a key frame.
func (e *Encoder) Close() {
	if e.c != nil {
		C.foyer_vp8_encoder_free(e.c)
		e.c = nil
	}
}
