package words

import (
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
)

func TestStats(t *testing.T) {
	b := English()
	names := func(id call.Identity) string { return "Ada" }
	before := call.StatsReported{
		Local:  []call.LocalStats{{Source: call.SourceCamera, SID: "C", Bytes: 1000}},
		Remote: []call.RemoteStats{{SID: "M", Bytes: 5000}},
	}
	now := call.StatsReported{
		Line: call.LineStats{RTTMS: 23.4, SendKbps: 2500},
		Local: []call.LocalStats{
			{Source: call.SourceCamera, SID: "C", Bytes: 251_000, Width: 1280, Height: 720, FPS: 14.8, CPULimited: true},
			{Source: call.SourceMicrophone, SID: "N", Bytes: 8_000},
		},
		Remote: []call.RemoteStats{
			{ID: "ada", SID: "M", Source: call.SourceMicrophone, Bytes: 13_000, DelayMS: 61, PacketsLost: 1200, Recovered: 1100, ConcealedMS: 400},
			{ID: "ada", SID: "V", Source: call.SourceCamera, Bytes: 100_000, Width: 640, Height: 360, FPS: 29.7, FreezeMS: 1500},
			{ID: "ada", SID: "S", Source: call.SourceScreen, Paused: true},
		},
	}
	want := []string{
		"The server answers in 23 ms. Your upload carries about 2,500 kbit/s.",
		"You, Camera: 1280×720, 15 frames per second, 1,000 kbit/s. This computer is too slow for more.",
		"You, Microphone: 32 kbit/s.",
		"Ada, Microphone: 32 kbit/s. Delayed by 61 ms. Packets lost: 1,200. Recovered: 1,100. Concealed: 400 ms.",
		"Ada, Camera: 640×360, 30 frames per second, 400 kbit/s. Frozen for 1500 ms.",
		"Ada, Screen: not shown, so nothing is received.",
	}
	if got := SayStats(b, names, now, before, 2*time.Second); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	first := SayStats(b, names, call.StatsReported{Local: now.Local[1:]}, call.StatsReported{}, 0)
	if want := []string{"The server has not answered yet.", "You, Microphone: 0 kbit/s."}; !slices.Equal(first, want) {
		t.Errorf("the first report: %q", first)
	}
}
