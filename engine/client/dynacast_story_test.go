package client

import (
	"testing"

	"foyer/engine/call"
)

// What nobody watches is not sent: also where the only viewer is there and has the
// video off, as a window does that is minimized or shows another page. It is sent
// again when it is watched again.
func TestNobodyWatches(t *testing.T) {
	for name, layers := range map[string][]call.Layer{
		"one layer": {{Width: 320, Height: 180, FPS: 20, Bitrate: 300_000}},
		"three layers": {
			{Width: 160, Height: 90, FPS: 20, Bitrate: 100_000},
			{Width: 320, Height: 180, FPS: 20, Bitrate: 300_000},
			{Width: 640, Height: 360, FPS: 20, Bitrate: 900_000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // LiveKit waits five seconds before it says so
			a, b := pair(t, sharedServer(t), nil, nil)
			camera := publish(t, a, cameraSpec(layers...))
			video, _ := receive(t, b, camera.SID(), 10)
			wanted := func() (n int) {
				for i := range layers {
					if camera.Wanted(i) {
						n++
					}
				}
				return n
			}
			view := func(s call.Subscription) {
				t.Helper()
				if err := b.Subscribe(t.Context(), []call.Subscription{s}); err != nil {
					t.Fatal(err)
				}
			}
			view(call.Subscription{Track: camera.SID(), Paused: true})
			eventually(t, "nobody wants the video", func() bool { return wanted() == 0 })
			view(call.Subscription{Track: camera.SID(), Width: 640, Height: 360})
			eventually(t, "it is wanted again", func() bool { return wanted() == len(layers) })
			readPackets(t, video, 10)
		})
	}
}
