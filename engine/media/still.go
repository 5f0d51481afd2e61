package media

import (
	"hash/maphash"
	"time"

	"foyer/engine/call"
)

const (
	// sharpQuantizer is from where on a screen that stands still looks as it is: further
	// frames would cost a third of what movement costs, and change nothing (as WebRTC
	// takes it).
	sharpQuantizer = 15
	// stillEvery is how often it is sent all the same: for receivers that have lost a
	// frame, and for servers that take silence for the end of a track (LiveKit's StreamTracker: 2 s).
	stillEvery = 500 * time.Millisecond
)

// still notices frames that are like the one before. Screens stand still most of the
// time, cameras never do.
type still struct {
	seed maphash.Seed
	sum  uint64 // of the last frame
}

// stands reports whether f is like the frame before.
func (s *still) stands(f *call.VideoFrame) bool {
	var h maphash.Hash
	if s.sum == 0 {
		s.seed = maphash.MakeSeed()
	}
	h.SetSeed(s.seed)
	w, lines := f.Width, f.Height
	for plane, data := range [][]byte{f.Y, f.U, f.V} {
		stride := f.YStride
		if plane == 1 {
			w, lines = (f.Width+1)/2, (f.Height+1)/2
		}
		if plane > 0 {
			stride = f.UVStride
		}
		for y := range lines {
			_, _ = h.Write(data[y*stride : y*stride+w]) // never fails
		}
	}
	sum := max(h.Sum64(), 1) // 0: none yet
	same := sum == s.sum
	s.sum = sum
	return same
}

// rests reports whether a frame need not be sent in the layer, as a sharp one that is the
// same was.
func (l *layer) rests(same bool, now time.Time) bool {
	if !same {
		l.sharp = false
	}
	return l.sharp && now.Sub(l.sent) < stillEvery && !l.keyAllowed(now)
}
