// Package voice makes a microphone fit for a call: it takes out what the
// loudspeaker plays, noise and rumble, and brings voices to one loudness. Audio is
// mono at 48 kHz, float32 from -1 to 1, in frames of 10 ms.
//
//	microphone -> high-pass -> echo -> noise -> gain -> encoder
//	                            ^
//	mixer -> Reference -> Reader'
//
// A [Chain] has no goroutine, lock or clock: a frame in, a frame out. Two of its parts
// are WebAssembly ([Library]): they are compiled in the background, once for each
// Library, and until they are ready the chain goes on without them. So it does when
// one of them fails.
//
// A Chain belongs to one goroutine; [Library] and [Reference] are safe from any.
package voice

// FrameSamples is the length of a frame: 10 ms.
const FrameSamples = 480

const (
	sampleRate = 48000
	frameRate  = sampleRate / FrameSamples // frames a second
)
