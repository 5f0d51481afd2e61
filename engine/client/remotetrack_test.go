package client

import "testing"

// TestMutesReachTheReaders: readers of a track learn that its owner has muted it, and
// that they go on.
func TestMutesReachTheReaders(t *testing.T) {
	inHall(t, func(h *hall) {
		r := bobsTrack("TR_cam")
		h.transport.Remote[r.SID()] = r
		for i, muted := range []bool{true, false, true} {
			h.update(info("bob", "PA_b", uint32(i+2), trackInfo("TR_cam", muted)))
			if r.Info().Muted != muted {
				t.Errorf("step %d: muted %v", i, r.Info().Muted)
			}
		}
	})
}
