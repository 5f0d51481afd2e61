package vp8

import (
	"errors"
	"fmt"
)

// Limits of a frame that is decoded or encoded. A key frame may claim
// 16383x16383, which costs libvpx seconds and more than a gigabyte.
const (
	MaxWidth  = 4096
	MaxHeight = 2304
)

// Errors of a stream that cannot be decoded. The remedy for all of them is a
// key frame, except for ErrTooLarge.
var (
	ErrTruncated  = errors.New("vp8 frame is cut")
	ErrBadHeader  = errors.New("not a vp8 frame")
	ErrTooLarge   = errors.New("vp8 frame is too large")
	ErrNoKeyFrame = errors.New("vp8 stream does not begin with a key frame")
	ErrCorrupt    = errors.New("vp8 frame is damaged")
	ErrHidden     = errors.New("vp8 frame is not meant to be shown")
)

// Header is the uncompressed beginning of a frame.
type Header struct {
	KeyFrame       bool
	Shown          bool
	Version        int
	FirstPartition int // bytes
	Width, Height  int // pixels; key frames only
}

const (
	tagSize       = 3
	keyHeaderSize = 10
	maxVersion    = 3
)

// ParseHeader reads the frame header and checks it against the limits and
// against the length of data. Errors wrap ErrTruncated, ErrBadHeader or
// ErrTooLarge; with ErrTooLarge the header is filled in.
func ParseHeader(data []byte) (Header, error) {
	if len(data) < tagSize {
		return Header{}, fmt.Errorf("%w: %d bytes", ErrTruncated, len(data))
	}
	tag := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16
	h := Header{
		KeyFrame:       tag&1 == 0,
		Version:        int(tag >> 1 & 7),
		Shown:          tag>>4&1 == 1,
		FirstPartition: int(tag >> 5),
	}
	if h.Version > maxVersion {
		return Header{}, fmt.Errorf("%w: version %d", ErrBadHeader, h.Version)
	}
	size := tagSize
	if h.KeyFrame {
		size = keyHeaderSize
	}
	if len(data) < size || h.FirstPartition > len(data)-size {
		return Header{}, fmt.Errorf("%w: %d bytes, first partition %d", ErrTruncated, len(data), h.FirstPartition)
	}
	if h.KeyFrame {
		return h, h.parseKey(data)
	}
	return h, nil
}

// parseKey reads start code and dimensions. The two scaling bits above each
// dimension are a hint to the display that nobody uses.
func (h *Header) parseKey(data []byte) error {
	if data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
		return fmt.Errorf("%w: wrong start code", ErrBadHeader)
	}
	h.Width = int(data[6]) | int(data[7]&0x3f)<<8
	h.Height = int(data[8]) | int(data[9]&0x3f)<<8
	switch {
	case h.Width == 0 || h.Height == 0:
		return fmt.Errorf("%w: %dx%d", ErrBadHeader, h.Width, h.Height)
	case h.Width > MaxWidth || h.Height > MaxHeight:
		return fmt.Errorf("%w: %dx%d", ErrTooLarge, h.Width, h.Height)
	}
	return nil
}

// IsKeyFrame reports whether data begins like a key frame.
func IsKeyFrame(data []byte) bool { return len(data) > 0 && data[0]&1 == 0 }
