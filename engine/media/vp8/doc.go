// Package vp8 encodes and decodes VP8 frames: thin cgo over libvpx, and in Go
// a parser of the frame header (RFC 6386 section 9.1) that refuses what must not
// reach the C library.
//
// An [Encoder] or [Decoder] belongs to one goroutine at a time and holds C
// memory until its Close. Neither allocates per frame once the size is
// settled.
package vp8
