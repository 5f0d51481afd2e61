package stream

import (
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
)

// BenchmarkFollow is what looking at a request costs.
func BenchmarkFollow(b *testing.B) {
	for name, m := range map[string]*livekit.SignalRequest{
		"ping": ping(1), "track": track(func(*livekit.AddTrackRequest) {}),
		"offer of 100 tracks": offer("v=0\r\n" + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"+strings.Repeat("a=rtpmap:111 opus/48000/2\r\n", 15), 100)),
	} {
		b.Run(name, func(b *testing.B) {
			payload, err := proto.Marshal(m)
			if err != nil {
				b.Fatal(err)
			}
			data := join(raw{first: finBit | opBinary, mask: true, payload: payload})
			unlimited := rate.NewLimiter(rate.Inf, 0)
			g := &guard{frames: unlimited, control: unlimited}
			f := &follower{masked: true, to: g}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := f.follow(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
