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
// there is no speaker, a goroutine of the Mixer pulls in real time and discards the
// audio, so that buffers stay short and the statistics stay true.
//
// A jitterBuffer is pure: it has no goroutine, lock or clock, and takes the time
// as an argument. It holds audio as long as the network needs, and no longer: it
// plays a little faster or slower, without changing the pitch, to follow both the
// network and the difference between the sender's clock and the speaker's.
//
// Exported methods are safe from any goroutine unless they say otherwise.
package audio
