package media

import (
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
)

// TestStillScreen: a screen that stands still costs next to nothing once it is sharp,
// and is back at once when it moves or somebody asks for a key frame. A camera that
// stands still is sent on.
func TestStillScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		track := newFakeLocal(call.Layer{Width: camW, Height: camH, FPS: 30, Bitrate: 2_000_000})
		track.spec.Source = call.SourceScreen
		r.p.Send(track)
		stand := func(d time.Duration) []sent {
			r.cam.stands = true
			r.frames(int(d / (time.Second / 30)))
			return track.take(0)
		}
		first := stand(5 * time.Second)
		if len(first) == 0 || len(first) > 30 {
			t.Fatalf("it became sharp in %d frames", len(first))
		}
		const long, most = 10 * time.Second, int(10 * time.Second / stillEvery)
		if n := len(stand(long)); n < most*8/10 || n > most*12/10 {
			t.Errorf("%v of the same are sent %d times, want about %d", long, n, most)
		}
		r.cam.stands = false
		r.frames(10)
		if n := len(track.take(0)); n < 8 {
			t.Errorf("of 10 other frames %d are sent", n)
		}
		stand(5 * time.Second)
		track.keys <- 0
		if f := stand(time.Second / 2); len(f) == 0 || !f[0].KeyFrame {
			t.Errorf("a key frame was asked for: %d frames", len(f))
		}

		camera := newFakeLocal(call.Layer{Width: camW, Height: camH, FPS: 30, Bitrate: 2_000_000})
		r.p.Send(camera)
		track = camera
		stand(5 * time.Second)
		if n := len(stand(2 * time.Second)); n < 50 {
			t.Errorf("2 s of a camera that sees the same are sent %d times", n)
		}
	})
}
