package audio

import (
	"testing"

	"foyer/engine/call"
)

func TestSpeechThroughNetworks(t *testing.T) {
	pcm := speech(20*call.SampleRate, 1)
	packets := encoded(t, pcm)
	reference := decoded(t, packets)
	for _, tt := range []struct {
		name       string
		net        network
		snr, alike float64 // at least
		delay      float64 // ms, at the end, at most
	}{
		{name: "perfect", snr: 30, alike: 0.99, delay: 30},
		{name: "30 ms of jitter", net: network{delay: uniform(30), ordered: true}, snr: 20, alike: 0.97, delay: 60},
		{name: "reordered", net: network{delay: uniform(60)}, snr: 15, alike: 0.95, delay: 90},
		{name: "5 % loss", net: network{loss: 0.05}, snr: 15, alike: 0.95, delay: 60},
		{name: "10 % loss", net: network{loss: 0.10}, snr: 12, alike: 0.93, delay: 60},
		{name: "10 % loss in bursts of 3", net: network{loss: 0.10, burst: 3}, snr: 10, alike: 0.85, delay: 60},
		{name: "everything", net: network{loss: 0.05, delay: uniform(40), duplicate: 0.1, firstSeq: 65400, firstTS: 1<<32 - 480000}, snr: 10, alike: 0.9, delay: 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.net
			n.packets, n.frames = packets, len(packets)
			heard, b, lost := n.run(t)
			snr, alike := likeness(heard, reference, -int(b.current()))
			t.Logf("%.1f dB, correlation %.3f, delay %.0f ms, target %.0f ms, jitter %.1f ms, lost %d, %+v",
				snr, alike, ms(b.current()), ms(b.target()), ms(b.delay.jitter), b.packets.lost, b.stats)
			if snr < tt.snr || alike < tt.alike {
				t.Errorf("%.1f dB, correlation %.3f; want %.1f and %.3f", snr, alike, tt.snr, tt.alike)
			}
			if d := ms(b.current()); d > tt.delay || d < ms(minDelay)-10 {
				t.Errorf("delay %.0f ms, want at most %.0f", d, tt.delay)
			}
			if got := int(b.packets.lost); got < lost-2 || got > lost+lost/10+len(packets)/30 {
				t.Errorf("counted %d lost packets of %d", got, lost)
			}
		})
	}
}
