// Package audio carries audio: a [Pump] from the microphone into a published
// track, a [Receiver] from a remote track into the mix, and a [Mixer] from all
// receivers to the speaker. Audio is signed 16 bit at 48 kHz, mono from the
// microphone and interleaved stereo everywhere else.
//
//	microphone -> Pump (level, Opus) -> call.LocalTrack
//	call.RemoteTrack -> Receiver -> packetRing -> jitterBuffer -> Mixer -> call.Speaker
//	                    (goroutine)  (lock-free)  '------ pulled by the speaker ------'
//
// The playing side has no clock of its own: the speaker's fill callback pulls
// every receiver through its jitter buffer, decodes and mixes in place. While
// there is no speaker, a goroutine of the Mixer pulls at real time and throws the
// audio away, so that buffers stay short and the statistics true.
//
// A jitterBuffer is pure: no goroutine, lock or clock, time comes in as an
// argument. It holds the audio as long as the network needs, and no longer: it
// lets the playout run a little faster or slower, without changing the pitch, to
// follow both the network and the difference between the sender's clock and the
// speaker's.
//
// Exported methods are safe from any goroutine unless they say otherwise.
package audio
