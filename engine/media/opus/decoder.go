package opus

/*
#cgo pkg-config: opus
#cgo noescape opus_decode
#cgo nocallback opus_decode
#include <opus.h>

static int foyer_decoder_reset(OpusDecoder *d) {
	return opus_decoder_ctl(d, OPUS_RESET_STATE);
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Decoder turns packets into 48 kHz interleaved stereo; mono is heard on both
// sides.
type Decoder struct{ c *C.OpusDecoder }

// NewDecoder returns a decoder for one stream.
func NewDecoder() (*Decoder, error) {
	var code C.int
	c := C.opus_decoder_create(SampleRate, 2, &code)
	if code != C.OPUS_OK {
		return nil, fmt.Errorf("opus decoder: %w", codeError(code))
	}
	return &Decoder{c: c}, nil
}

// Decode writes the packet's audio into stereo, which must have room for it
// ([PacketInfo].Samples, twice), and returns the samples per channel. Errors
// wrap [ErrMalformed] when the packet is at fault.
func (d *Decoder) Decode(packet []byte, stereo []int16) (int, error) {
	info, err := Inspect(packet)
	if err != nil {
		return 0, err
	}
	if len(stereo) < 2*info.Samples {
		return 0, fmt.Errorf("opus decode: %d samples into room for %d", info.Samples, len(stereo)/2)
	}
	return d.decode(packet, stereo[:2*info.Samples], 0)
}

// DecodeFEC fills stereo with the audio before the packet: the last
// [PacketInfo].FrameSamples of it from the packet's FEC, what is earlier
// concealed. The packet itself is decoded afterwards as usual. The length must
// be a multiple of 2*[PLCUnit], 120 ms at most.
func (d *Decoder) DecodeFEC(next []byte, stereo []int16) error {
	if _, err := Inspect(next); err != nil {
		return err
	}
	if err := checkConcealed(stereo); err != nil {
		return err
	}
	_, err := d.decode(next, stereo, 1)
	return err
}

// DecodePLC fills stereo with a continuation of the audio so far. The length
// must be a multiple of 2*[PLCUnit], 120 ms at most.
func (d *Decoder) DecodePLC(stereo []int16) error {
	if err := checkConcealed(stereo); err != nil {
		return err
	}
	_, err := d.decode(nil, stereo, 0)
	return err
}

func checkConcealed(stereo []int16) error {
	n := len(stereo)
	if n == 0 || n%(2*PLCUnit) != 0 || n > 2*MaxPacketSamples {
		return fmt.Errorf("opus conceal: %d samples", n/2)
	}
	return nil
}

func (d *Decoder) decode(packet []byte, stereo []int16, fec C.int) (int, error) {
	if d.c == nil {
		return 0, ErrClosed
	}
	out := (*C.opus_int16)(unsafe.Pointer(unsafe.SliceData(stereo)))
	in := (*C.uchar)(unsafe.Pointer(unsafe.SliceData(packet)))
	n := C.opus_decode(d.c, in, C.opus_int32(len(packet)), out, C.int(len(stereo)/2), fec)
	switch {
	case n == C.OPUS_INVALID_PACKET:
		return 0, fmt.Errorf("opus decode: %w", ErrMalformed)
	case n < 0:
		return 0, fmt.Errorf("opus decode: %w", codeError(n))
	}
	return int(n), nil
}

// Reset forgets the audio so far, for a new stream.
func (d *Decoder) Reset() {
	if d.c != nil {
		C.foyer_decoder_reset(d.c)
	}
}

// Close frees the decoder; it may be called again.
func (d *Decoder) Close() {
	if d.c != nil {
		C.opus_decoder_destroy(d.c)
		d.c = nil
	}
}
