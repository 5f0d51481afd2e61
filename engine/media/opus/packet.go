package opus

import (
	"errors"
	"fmt"
)

// SampleRate is the rate of all audio in this package, in Hz.
const SampleRate = 48000

// Limits of what a peer may send (RFC 6716 section 3.4).
const (
	// MaxPacketSamples is the longest packet, 120 ms, in samples per channel.
	MaxPacketSamples = 5760
	// MaxPacketBytes is the longest packet that is looked at. It is more than
	// the largest 20 ms frame (1275 bytes) and than any UDP payload on the
	// internet's usual links.
	MaxPacketBytes = 1500
	// PLCUnit is the granularity of concealed audio, 2.5 ms, in samples per
	// channel.
	PLCUnit = 120

	maxFrameBytes = 1275
)

// ErrMalformed is what every unusable packet is reported as.
var ErrMalformed = errors.New("malformed opus packet")

// PacketInfo is what a packet's header says.
type PacketInfo struct {
	Samples      int // per channel at 48 kHz, 120..5760
	FrameSamples int // of one frame in it; FEC restores that much
	Frames       int
	Channels     int  // 1 or 2, as coded
	FEC          bool // holds a second, coarser copy of the frame before it
}

// Inspect reads the header of a packet (RFC 6716 section 3). It fails with
// [ErrMalformed] on empty, overlong and inconsistent packets; DTX packets of one
// byte are fine.
func Inspect(packet []byte) (PacketInfo, error) {
	if len(packet) == 0 || len(packet) > MaxPacketBytes {
		return PacketInfo{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(packet))
	}
	toc := packet[0]
	info := PacketInfo{FrameSamples: frameSamples(toc), Channels: 1 + int(toc>>2&1)}
	first, frames, ok := firstFrame(packet)
	if !ok {
		return PacketInfo{}, fmt.Errorf("%w: frame lengths", ErrMalformed)
	}
	info.Frames = frames
	info.Samples = frames * info.FrameSamples
	if info.Samples > MaxPacketSamples {
		return PacketInfo{}, fmt.Errorf("%w: %d samples", ErrMalformed, info.Samples)
	}
	info.FEC = hasFEC(toc, first, info)
	return info, nil
}

// frameSamples is the frame length of a TOC byte (RFC 6716 table 2).
func frameSamples(toc byte) int {
	config := int(toc >> 3)
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		return [4]int{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		return 480 << (config & 1)
	default: // CELT: 2.5, 5, 10, 20 ms
		return 120 << (config & 3)
	}
}

// firstFrame returns the bytes of the first frame and the number of frames.
func firstFrame(packet []byte) (first []byte, frames int, ok bool) {
	rest := packet[1:]
	switch packet[0] & 3 {
	case 0:
		return rest, 1, len(rest) <= maxFrameBytes
	case 1:
		n := len(rest) / 2
		return rest[:n], 2, len(rest)%2 == 0 && n <= maxFrameBytes
	case 2:
		size, used := frameLength(rest)
		if used == 0 || used+size > len(rest) || len(rest)-used-size > maxFrameBytes {
			return nil, 0, false
		}
		return rest[used : used+size], 2, true
	default:
		return firstOfMany(rest)
	}
}

// firstOfMany reads a code 3 packet after its TOC byte (RFC 6716 section 3.2.5).
func firstOfMany(rest []byte) (first []byte, frames int, ok bool) {
	if len(rest) == 0 {
		return nil, 0, false
	}
	vbr, padded := rest[0]&0x80 != 0, rest[0]&0x40 != 0
	frames = int(rest[0] & 0x3f)
	rest = rest[1:]
	if frames == 0 {
		return nil, 0, false
	}
	if padded {
		if rest, ok = cutPadding(rest); !ok {
			return nil, 0, false
		}
	}
	if !vbr {
		n := len(rest) / frames
		return rest[:n], frames, len(rest)%frames == 0 && n <= maxFrameBytes
	}
	total, firstSize := 0, -1
	for range frames - 1 {
		size, used := frameLength(rest)
		if used == 0 {
			return nil, 0, false
		}
		if firstSize < 0 {
			firstSize = size
		}
		total += size
		rest = rest[used:]
	}
	if firstSize < 0 {
		firstSize = len(rest)
	}
	if total > len(rest) || len(rest)-total > maxFrameBytes {
		return nil, 0, false
	}
	return rest[:firstSize], frames, true
}

// cutPadding reads the padding length and removes both it and the padding.
func cutPadding(rest []byte) ([]byte, bool) {
	padding := 0
	for {
		if len(rest) == 0 {
			return nil, false
		}
		b := int(rest[0])
		rest = rest[1:]
		if b < 255 {
			padding += b
			break
		}
		padding += 254
	}
	if padding > len(rest) {
		return nil, false
	}
	return rest[:len(rest)-padding], true
}

// frameLength reads a coded length (RFC 6716 section 3.2.1); used is 0 when it
// is cut off.
func frameLength(b []byte) (size, used int) {
	switch {
	case len(b) >= 1 && b[0] < 252:
		return int(b[0]), 1
	case len(b) >= 2:
		return int(b[0]) + 4*int(b[1]), 2
	default:
		return 0, 0
	}
}

// hasFEC looks for the LBRR flag, which follows the voice flags of each channel
// at the head of a SILK frame (RFC 6716 section 4.2.3).
func hasFEC(toc byte, first []byte, info PacketInfo) bool {
	if toc&0x80 != 0 || len(first) < 2 { // CELT only, or DTX
		return false
	}
	silkFrames := max(1, info.FrameSamples/960)
	for ch := 1; ch <= info.Channels; ch++ {
		if first[0]&(0x80>>(ch*(silkFrames+1)-1)) != 0 {
			return true
		}
	}
	return false
}
