// Package voice makes a microphone fit for a call: it takes out what the
// loudspeaker plays, noise and rumble, and brings voices to one loudness. Audio is
// mono at 48 kHz, float32 from -1 to 1, in frames of 10 ms.
//
//	microphone -> high-pass -> echo -> noise -> gain -> encoder
//	                            ^
//	mixer -> Reference -> Reader'
//
// A [Chain] has no goroutine and no lock: a frame in, a frame out. Parts of it are
// WebAssembly ([Library]): they are compiled in the background, once for each Library,
// and until they are ready the chain goes on without them. So it does when one of them
// fails, and when this computer is too slow for it.
//
// A Chain belongs to one goroutine; [Library] and [Reference] are safe from any. What
// computes much is hidden from the race detector, under which it would take many times as
// long as there is: it touches nothing that the Chain, or a lock around it, does not own.
package voice

// FrameSamples is the length of a frame: 10 ms.
const FrameSamples = 480

const (
	sampleRate = 48000
	frameRate  = sampleRate / FrameSamples // frames a second
)
