package opus

/*
#cgo pkg-config: opus
#cgo noescape opus_encode
#cgo nocallback opus_encode
#include <opus.h>

// opus_encoder_ctl is variadic, which cgo cannot call.
static int foyer_set(OpusEncoder *e, int request, opus_int32 value) {
	return opus_encoder_ctl(e, request, value);
}
static int foyer_encoder_reset(OpusEncoder *e) {
	return opus_encoder_ctl(e, OPUS_RESET_STATE);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// What the encoder makes.
const (
	// FrameSamples is 20 ms, the only frame length of the encoder.
	FrameSamples = 960
	// MaxFrameBytes is enough room for one encoded frame.
	MaxFrameBytes = 1276

	defaultBitrate    = 32000
	musicBitrate      = 128000
	defaultComplexity = 5 // 0..10; more costs time and is not heard on speech
	musicComplexity   = 10
)

// ErrClosed is the answer of a closed encoder or decoder.
var ErrClosed = errors.New("opus codec is closed")

// Encoder turns 20 ms frames of 48 kHz audio into packets.
type Encoder struct {
	c        *C.OpusEncoder
	channels int
}

// NewEncoder returns an encoder for 32 kbit/s mono speech with in-band FEC allowed and
// no DTX: silence is sent too, so that a receiver tells it from loss.
func NewEncoder() (*Encoder, error) {
	return newEncoder(1, C.OPUS_APPLICATION_VOIP, defaultBitrate, defaultComplexity)
}

// NewMusicEncoder returns one for 128 kbit/s of anything, in stereo.
func NewMusicEncoder() (*Encoder, error) {
	return newEncoder(2, C.OPUS_APPLICATION_AUDIO, musicBitrate, musicComplexity)
}

func newEncoder(channels int, application, bitrate, complexity C.int) (*Encoder, error) {
	var code C.int
	c := C.opus_encoder_create(SampleRate, C.int(channels), application, &code)
	if code != C.OPUS_OK {
		return nil, fmt.Errorf("opus encoder: %w", codeError(code))
	}
	e := &Encoder{c: c, channels: channels}
	for _, s := range []struct{ request, value C.int }{
		{C.OPUS_SET_BITRATE_REQUEST, bitrate},
		{C.OPUS_SET_COMPLEXITY_REQUEST, complexity},
		{C.OPUS_SET_INBAND_FEC_REQUEST, 1},
		{C.OPUS_SET_DTX_REQUEST, 0},
	} {
		if err := e.set(s.request, s.value); err != nil {
			e.Close()
			return nil, err
		}
	}
	return e, nil
}

// SetBitrate changes the average rate, in bit/s (6000..510000).
func (e *Encoder) SetBitrate(bps int) error {
	return e.set(C.OPUS_SET_BITRATE_REQUEST, C.int(bps))
}

// SetPacketLoss tells the loss to prepare for, in percent (0..100). Above 0 the
// packets carry FEC when the mode and the rate allow it.
func (e *Encoder) SetPacketLoss(percent int) error {
	return e.set(C.OPUS_SET_PACKET_LOSS_PERC_REQUEST, C.int(percent))
}

func (e *Encoder) set(request, value C.int) error {
	if e.c == nil {
		return ErrClosed
	}
	if code := C.foyer_set(e.c, request, value); code != C.OPUS_OK {
		return fmt.Errorf("opus encoder setting %d to %d: %w", request, value, codeError(code))
	}
	return nil
}

// Reset forgets the audio so far, for a new stream.
func (e *Encoder) Reset() {
	if e.c != nil {
		C.foyer_encoder_reset(e.c)
	}
}

// Encode writes the packet of exactly [FrameSamples] samples, interleaved of those of
// NewMusicEncoder, into dst, which should have [MaxFrameBytes], and returns its length.
func (e *Encoder) Encode(pcm []int16, dst []byte) (int, error) {
	if e.c == nil {
		return 0, ErrClosed
	}
	if len(pcm) != e.channels*FrameSamples || len(dst) == 0 {
		return 0, fmt.Errorf("opus encode: %d samples into %d bytes", len(pcm), len(dst))
	}
	n := C.opus_encode(e.c, (*C.opus_int16)(unsafe.Pointer(&pcm[0])), FrameSamples,
		(*C.uchar)(unsafe.Pointer(&dst[0])), C.opus_int32(len(dst)))
	if n < 0 {
		return 0, fmt.Errorf("opus encode: %w", codeError(n))
	}
	return int(n), nil
}

// Close frees the encoder; it may be called again.
func (e *Encoder) Close() {
	if e.c != nil {
		C.opus_encoder_destroy(e.c)
		e.c = nil
	}
}

// codeError makes libopus' words an error.
func codeError(code C.int) error {
	return errors.New(C.GoString(C.opus_strerror(code)))
}
