package stream

import (
	"encoding/binary"
	"fmt"
)

// Status codes of RFC 6455, section 7.4.1.
const (
	StatusProtocolError = 1002
	StatusUnsupported   = 1003
	StatusPolicy        = 1008
	StatusTooBig        = 1009
)

// Violation is what a client did that it may not: its connection ends with
// this status and reason.
type Violation struct { //nolint:errname // it is what the client did; as an error it only travels
	Status int
	Reason string // at most 123 bytes: it travels in a close frame
}

func (v *Violation) Error() string { return fmt.Sprintf("%s (WebSocket %d)", v.Reason, v.Status) }

func violation(status int, format string, args ...any) error {
	return &Violation{status, fmt.Sprintf(format, args...)}
}

// Opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

const (
	maxHeader  = 14  // bytes: two, a length of eight, a mask of four
	maxControl = 125 // bytes of a control frame's payload
	finBit     = 0x80
	maskBit    = 0x80
	rsvBits    = 0x70
	opBits     = 0x0f
	length16   = 126
	length64   = 127
)

// frame is the header of a frame.
type frame struct {
	op     byte
	fin    bool
	length uint64
	mask   [4]byte
}

func (f frame) control() bool { return f.op >= opClose }

// handler takes what a follower finds. An error ends the stream.
type handler interface {
	// frame is called at each frame, when its header is complete.
	frame(f frame) error
	// payload takes the next bytes of a data message, unmasked and only until it
	// returns; end is true with the last, which may be none.
	payload(p []byte, end bool) error
}

// follower reads the frames of one side of a WebSocket from pieces of any
// length. It keeps nothing of them but a header.
type follower struct {
	masked bool    // the client's side
	to     handler // nil: only where frames end matters

	header  [maxHeader]byte
	have    int // bytes of the header
	inFrame bool
	current frame
	left    uint64 // bytes of the current frame's payload that are to come
	turn    uint64 // its bytes that have come
	open    bool   // a message has begun and its last frame has not
	closed  bool   // the side has said goodbye
	clear   [512]byte
}

// boundary reports whether the next byte begins a frame.
func (f *follower) boundary() bool { return f.have == 0 && !f.inFrame }

// between reports whether the next byte begins a message, or a control frame.
func (f *follower) between() bool { return f.boundary() && !f.open }

// next follows p to the end of the frame that it is in. It returns how many
// bytes it has taken: all, or up to the end of a frame.
func (f *follower) next(p []byte) (n int, err error) {
	if !f.inFrame {
		var whole bool
		if n, whole, err = f.readHeader(p); err != nil || !whole {
			return n, err
		}
		if err := f.begin(); err != nil {
			return n, err
		}
	}
	take := int(min(uint64(len(p)-n), f.left))
	err = f.readPayload(p[n : n+take])
	return n + take, err
}

// follow follows all of p.
func (f *follower) follow(p []byte) error {
	for len(p) > 0 {
		n, err := f.next(p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func (f *follower) readHeader(p []byte) (n int, whole bool, err error) {
	for {
		need := f.headerLength()
		if f.have >= need {
			return n, true, f.parse()
		}
		if n == len(p) {
			return n, false, nil
		}
		took := copy(f.header[f.have:need], p[n:])
		f.have += took
		n += took
	}
}

// headerLength is how long the header is, as far as that is known.
func (f *follower) headerLength() int {
	const fixed = 2
	if f.have < fixed {
		return fixed
	}
	n := fixed
	switch f.header[1] &^ maskBit {
	case length16:
		n += 2
	case length64:
		n += 8
	}
	if f.header[1]&maskBit != 0 {
		n += 4
	}
	return n
}

func (f *follower) parse() error {
	h := f.header[:f.have]
	f.current = frame{op: h[0] & opBits, fin: h[0]&finBit != 0, length: uint64(h[1] &^ maskBit)}
	masked, rest := h[1]&maskBit != 0, h[2:]
	short := uint64(0) // what a shorter header can say
	switch f.current.length {
	case length16:
		f.current.length, short, rest = uint64(binary.BigEndian.Uint16(rest)), length16-1, rest[2:]
	case length64:
		f.current.length, short, rest = binary.BigEndian.Uint64(rest), 1<<16-1, rest[8:]
	}
	copy(f.current.mask[:], rest)
	switch {
	case h[0]&rsvBits != 0:
		return violation(StatusProtocolError, "reserved bits: no extension was agreed on")
	case masked != f.masked:
		return violation(StatusProtocolError, "a frame with the wrong mask")
	case short > 0 && f.current.length <= short, f.current.length > 1<<63-1:
		return violation(StatusProtocolError, "a length that is not written as it has to be")
	}
	return f.checkOrder()
}

// checkOrder fails if a frame may not come now.
func (f *follower) checkOrder() error {
	c := f.current
	switch c.op {
	case opText, opBinary:
		if f.open {
			return violation(StatusProtocolError, "a message within a message")
		}
	case opContinuation:
		if !f.open {
			return violation(StatusProtocolError, "the rest of no message")
		}
	case opClose, opPing, opPong:
		if !c.fin || c.length > maxControl {
			return violation(StatusProtocolError, "a control frame that is too long or in pieces")
		}
	default:
		return violation(StatusProtocolError, "an unknown kind of frame")
	}
	if f.closed {
		return violation(StatusProtocolError, "a frame after the last")
	}
	return nil
}

func (f *follower) begin() error {
	f.have, f.inFrame = 0, true
	f.left, f.turn = f.current.length, 0
	switch c := f.current; {
	case c.op == opClose:
		f.closed = true
	case !c.control():
		f.open = true
	}
	if f.to == nil {
		return nil
	}
	return f.to.frame(f.current)
}

// readPayload takes bytes of the current frame's payload, and its end.
func (f *follower) readPayload(p []byte) error {
	end := f.left == uint64(len(p)) // of the frame
	for {
		n := min(len(p), len(f.clear))
		last := end && n == len(p)
		if f.to != nil && !f.current.control() && (n > 0 || last) {
			f.unmask(f.clear[:n], p)
			if err := f.to.payload(f.clear[:n], last && f.current.fin); err != nil {
				return err
			}
		}
		f.turn += uint64(n)
		f.left -= uint64(n)
		if p = p[n:]; len(p) == 0 {
			break
		}
	}
	if end {
		f.inFrame = false
		if !f.current.control() && f.current.fin {
			f.open = false
		}
	}
	return nil
}

func (f *follower) unmask(to, from []byte) {
	for i := range to {
		to[i] = from[i] ^ f.current.mask[(f.turn+uint64(i))&3]
	}
}

// closeFrame is the server's last frame, with a reason.
func closeFrame(v *Violation) []byte {
	reason := v.Reason
	if most := maxControl - 2; len(reason) > most {
		reason = reason[:most]
	}
	out := []byte{finBit | opClose, byte(2 + len(reason))}
	out = binary.BigEndian.AppendUint16(out, uint16(v.Status))
	return append(out, reason...)
}
