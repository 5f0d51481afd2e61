// Package opus is a thin layer over libopus for Foyer's audio: an [Encoder] for
// our microphone (48 kHz, 20 ms frames, in-band FEC), a [Decoder] for
// remote tracks (48 kHz, always stereo out) and [Inspect], which reads a
// packet's header without touching the C library, so that nothing unchecked
// reaches it.
//
// An Encoder or Decoder belongs to one goroutine at a time; it holds C memory
// until Close. Coding a frame allocates nothing.
package opus
