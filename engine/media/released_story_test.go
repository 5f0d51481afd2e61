package media

import (
	"runtime"
	"testing"
	"weak"

	"go.uber.org/goleak"

	"foyer/engine/internal/silent"
)

// TestClosedReceiverIsReleased: with its frames a receiver is megabytes. Kept
// over a collection, for those who come and go they set the pace of the next
// ones, and the heap grows to a multiple of what is in use.
func TestClosedReceiverIsReleased(t *testing.T) {
	before := goleak.IgnoreCurrent()
	closed := watchAndClose(t)
	goleak.VerifyNone(t, before) // its goroutines' stacks hold it
	runtime.GC()
	if closed.Value() != nil {
		t.Error("the next collection finds a closed receiver in use")
	}
}

// watchAndClose is a receiver that has shown a frame.
func watchAndClose(t *testing.T) weak.Pointer[videoReceiver] {
	t.Helper()
	track, src := newFakeTrack(), newSource(t, testW, testH)
	r := newVideoReceiver(new(budget), track, noAudio{}, silent.Log())
	for r.Stats().FramesDecoded == 0 {
		track.give(src.next()...)
	}
	r.Close()
	return weak.Make(r)
}
