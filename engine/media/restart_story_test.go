package media

import (
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

// TestTrackGoesOnWithAnotherDevice: a camera that is closed and opened again, or
// another one in its place, sends on at the track's time, with a key frame in each
// layer, however long the track has run and the pause took. Each device's frames
// begin at 0.
func TestTrackGoesOnWithAnotherDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		track := newFakeLocal(threeLayers()...)
		last := make([]time.Duration, len(track.spec.Layers))
		for round := range 4 {
			cam := newFakeCamera(camW, camH)
			r := &rig{t: t, cam: cam, p: newVideoPump(cam, silent.Log())}
			r.frames(round) // the lobby's preview, for some of them
			r.p.Send(track)
			begin := time.Since(track.began)
			r.frames(20)
			for i := range last {
				frames := track.take(i)
				if len(frames) < 5 || !frames[0].KeyFrame {
					t.Fatalf("round %d, layer %d: %d frames", round, i, len(frames))
				}
				if off := frames[0].PTS - begin; off < 0 || off > 2*time.Second/30 {
					t.Errorf("round %d, layer %d: begins at %v, %v after it should", round, i, frames[0].PTS, off)
				}
				for _, f := range frames {
					if round+i > 0 && f.PTS <= last[i] && last[i] > 0 {
						t.Errorf("round %d, layer %d: %v after %v", round, i, f.PTS, last[i])
					}
					last[i] = f.PTS
				}
				if off := time.Since(track.began) - last[i]; off < 0 || off > 4*time.Second/30 {
					t.Errorf("round %d, layer %d: the last frame is of %v ago", round, i, off)
				}
			}
			r.p.Send(nil)
			_ = cam.Close()
			r.p.Close()
			time.Sleep(time.Duration(round+1) * time.Minute)
		}
	})
}

// TestStillFrameJoinsTheTrack: a screen that stood still for long before it was
// sent does not run ahead of the track when it moves again.
func TestStillFrameJoinsTheTrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		track := newFakeLocal(call.Layer{Width: camW, Height: camH, FPS: 30, Bitrate: 1_000_000})
		r.frames(1)
		time.Sleep(10 * time.Second)
		for range 2 {
			r.p.Send(track)
			synctest.Wait()
			now := time.Since(track.began)
			if f := track.take(0); len(f) != 1 || !f[0].KeyFrame || f[0].PTS != now {
				t.Fatalf("at %v the still frame is sent %d times", now, len(f))
			}
			r.n += 10 * 30 // as a capture counts that stood still for so long
			r.frames(3)
			now = time.Since(track.began)
			f := track.take(0)
			if len(f) < 2 {
				t.Fatalf("at %v only %d frames are sent", now, len(f))
			}
			if off := now - f[len(f)-1].PTS; off < 0 || off > 2*time.Second/30 {
				t.Errorf("at %v the last frame is of %v before", now, off)
			}
			r.p.Send(nil)
			time.Sleep(10 * time.Second)
		}
	})
}
