// Package media moves frames and audio between devices, tracks and the
// screen. It implements [call.Media]; audio is the work of package audio.
//
//	camera -> videoPump reader -> preview slot
//	                    '-> newest frame -> sender (layers, VP8) -> call.LocalTrack
//	call.RemoteTrack -> reader -> worker: reorder -> assembler -> playout -> VP8 -> FrameSlot
//
// Two goroutines serve each open camera and each remote video. What one hands
// to the other has a limit: a newer frame replaces one on its way to the
// encoder, and packets wait in the network's own buffer. The worker owns all
// state of its stream; the types reorder, assembler and playout have no
// goroutine, lock or clock of their own.
//
// After a loss, a receiver shows nothing new until the next key frame: a frozen
// frame is honest, a smeared one is not.
//
// Exported methods are safe from any goroutine.
package media
