// Package pixel turns I420 frames (BT.601, video range) into the RGBA that a
// window uploads, scaled to the tile in the same pass, and makes smaller I420
// frames for simulcast layers.
//
// The inner loops exist twice with the same integer arithmetic and the same
// results to the bit: in C, which the compiler vectorises, and in Go for builds
// without cgo. Shrinking by two or more goes through box-filtered halves, so
// that nothing flickers; the rest is bilinear.
//
// A [Converter] or [Scaler] keeps tables and buffers and belongs to one
// goroutine. Nothing is allocated per frame once the sizes are settled.
package pixel
