package audio

import (
	"math"
	"math/rand/v2"
	"testing"

	"foyer/engine/call"
)

func TestSpeechThroughNetworks(t *testing.T) {
	pcm := speech(8*call.SampleRate, 1)
	packets := encoded(t, pcm)
	reference := decoded(t, packets)
	for _, tt := range []struct {
		name       string
		net        network
		snr, alike float64 // at least
		delay      float64 // ms, at the end, at most
	}{
		{name: "perfect", snr: 30, alike: 0.99, delay: 32},
		{name: "30 ms of jitter", net: network{delay: uniform(30), ordered: true}, snr: 30, alike: 0.98, delay: 60},
		{name: "reordered", net: network{delay: uniform(60)}, snr: 28, alike: 0.98, delay: 90},
		{name: "5 % loss", net: network{loss: 0.05}, snr: 24, alike: 0.97, delay: 60},
		{name: "10 % loss", net: network{loss: 0.10}, snr: 20, alike: 0.95, delay: 60},
		{name: "10 % loss in bursts of 3", net: network{loss: 0.10, burst: 3}, snr: 18, alike: 0.88, delay: 60},
		{name: "everything", net: network{loss: 0.05, delay: uniform(40), duplicate: 0.1, firstSeq: 65400, firstTS: 1<<32 - 480000}, snr: 24, alike: 0.96, delay: 100},
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

func TestFECIsBetterThanGuessing(t *testing.T) {
	packets := encoded(t, speech(12*call.SampleRate, 5))
	reference := decoded(t, packets)
	quality := func(noFEC bool) (float64, *jitterBuffer) {
		n := network{packets: packets, frames: len(packets), loss: 0.10, noFEC: noFEC}
		heard, b, _ := n.run(t)
		snr := noiseRatio(heard, reference, -int(b.current()))
		return snr, b
	}
	with, b := quality(false)
	without, _ := quality(true)
	t.Logf("10 %% loss: %.1f dB with FEC, %.1f dB with PLC alone, %d of %d restored", with, without, b.stats.restored, b.packets.lost)
	if with < without+3 {
		t.Errorf("FEC %.1f dB is not 3 dB better than PLC %.1f dB", with, without)
	}
}

func TestDelayFollowsTheNetwork(t *testing.T) {
	packets := encoded(t, speech(10*call.SampleRate, 3))
	const worse, better, end = 500, 1500, 3500 // packets: 10, 30, 70 s
	var calm, afterOne, rough, settled float64
	var worst int64 // made up during the last 15 s of the rough part
	n := network{
		packets: packets, frames: end, ordered: true,
		delay: func(i int, rng *rand.Rand) int64 {
			if i < worse || i >= better {
				return rng.Int64N(5 * samplesPerMS)
			}
			return rng.Int64N(120 * samplesPerMS)
		},
		watch: func(b *jitterBuffer, at int64) {
			switch at {
			case worse * 960:
				calm = ms(b.current())
			case worse*960 + 1*second:
				afterOne = ms(b.current())
			case worse*960 + 5*second:
				worst = int64(b.stats.madeUp)
			case better * 960:
				rough = ms(b.current())
				worst = int64(b.stats.madeUp) - worst
			case (end - 10) * 960:
				settled = ms(b.current())
			}
		},
	}
	_, b, _ := n.run(t)
	t.Logf("delay: calm %.0f ms, 1 s after it got worse %.0f ms, rough %.0f ms, settled %.0f ms; made up late in the rough part %.0f ms; %+v",
		calm, afterOne, rough, settled, ms(float64(worst)), b.stats)
	if calm > 40 {
		t.Errorf("calm network: %.0f ms", calm)
	}
	if afterOne < 80 {
		t.Errorf("1 s after it got worse: %.0f ms", afterOne)
	}
	if rough < 90 || rough > 160 {
		t.Errorf("rough network: %.0f ms", rough)
	}
	if settled > 40 {
		t.Errorf("settled network: %.0f ms", settled)
	}
	if share := ms(float64(worst)) / 15000; share > 0.02 {
		t.Errorf("%.1f %% of the audio made up once the delay had grown", 100*share)
	}
}

// A splice must not be heard: the curvature of a tone stays what a tone has.
func TestNoClicksWhileTheDelayChanges(t *testing.T) {
	const hz, amplitude = 300, 8000
	packets := encoded(t, tone(hz, amplitude, 20*call.SampleRate))
	n := network{
		packets: packets, frames: 1000, ordered: true,
		delay: func(i int, rng *rand.Rand) int64 {
			if i/200%2 == 1 {
				return rng.Int64N(60 * samplesPerMS)
			}
			return 0
		},
	}
	heard, b, _ := n.run(t)
	if b.stats.shortened < 30*samplesPerMS || b.stats.lengthened < 5*samplesPerMS {
		t.Fatalf("hardly anything was stretched: %+v", b.stats)
	}
	plain := curvature(decoded(t, packets)[2*call.SampleRate:])
	worst, where := 0.0, 0
	for i := call.SampleRate; i+480 < len(heard); i += 480 {
		if c := curvature(heard[i : i+480]); c > worst {
			worst, where = c, i
		}
	}
	t.Logf("curvature %.0f, of the tone alone %.0f; %+v", worst, plain, b.stats)
	if worst > 4*plain {
		t.Errorf("click of %.0f at %.2f s, the tone has %.0f", worst, float64(where)/call.SampleRate, plain)
	}
}

// curvature is the largest second difference.
func curvature(s []int16) float64 {
	worst := 0.0
	for i := 2; i < len(s); i++ {
		worst = max(worst, math.Abs(float64(s[i])-2*float64(s[i-1])+float64(s[i-2])))
	}
	return worst
}

func TestClockDriftIsAbsorbed(t *testing.T) {
	packets := encoded(t, speech(20*call.SampleRate, 9))
	for _, ppm := range []float64{-200, 200} {
		var lowest, highest = math.Inf(1), math.Inf(-1)
		n := network{
			packets: packets, frames: 30000, ppm: ppm, delay: uniform(5), // 10 minutes
			watch: func(b *jitterBuffer, at int64) {
				if at > 20*second {
					lowest, highest = min(lowest, b.current()), max(highest, b.current())
				}
			},
		}
		_, b, _ := n.run(t)
		moved := ms(float64(b.stats.shortened) - float64(b.stats.lengthened))
		t.Logf("%+.0f ppm: delay %.0f..%.0f ms, stretched by %.0f ms, made up %.0f ms, skipped %d",
			ppm, ms(lowest), ms(highest), moved, ms(float64(b.stats.madeUp)), b.stats.skipped)
		if ms(lowest) < 12 || ms(highest) > 50 {
			t.Errorf("%+.0f ppm: delay ran from %.0f to %.0f ms", ppm, ms(lowest), ms(highest))
		}
		if want := -ppm * 1e-6 * 600000; math.Abs(moved-want) > 60 {
			t.Errorf("%+.0f ppm: stretched by %.0f ms, want about %.0f", ppm, moved, want)
		}
		if ms(float64(b.stats.madeUp)) > 100 || b.stats.skipped > 0 {
			t.Errorf("%+.0f ppm: %.0f ms made up, %d packets skipped", ppm, ms(float64(b.stats.madeUp)), b.stats.skipped)
		}
	}
}

// A sound server of a busy machine may run many percent too slow or too fast.
func TestAbsurdDriftIsFollowed(t *testing.T) {
	packets := encoded(t, speech(10*call.SampleRate, 9))
	for _, ppm := range []float64{-100000, -30000, 30000, 100000} {
		n := network{packets: packets, frames: 1500, ppm: ppm, delay: uniform(5)}
		_, b, _ := n.run(t)
		madeUp := ms(float64(b.stats.madeUp)) / 30000
		moved := ms(float64(b.stats.shortened) + float64(b.stats.lengthened))
		t.Logf("%+.0f %%: delay %.0f ms, target %.0f ms, stretched by %.0f ms, made up %.1f %%, skipped %d of %d",
			ppm/10000, ms(b.current()), ms(b.target()), moved, 100*madeUp, b.stats.skipped, n.frames)
		if b.stats.skipped > 0 || madeUp > 0.04 {
			t.Errorf("%+.0f %%: %d packets skipped, %.1f %% made up", ppm/10000, b.stats.skipped, 100*madeUp)
		}
		if d := ms(b.current()); d > 350 {
			t.Errorf("%+.0f %%: delay %.0f ms", ppm/10000, d)
		}
	}
}

// The driver may ask late and then for several pieces at once.
func TestUnevenPullsDoNotStarve(t *testing.T) {
	packets := encoded(t, speech(10*call.SampleRate, 4))
	var early uint64
	n := network{
		packets: packets, frames: 1500, delay: uniform(5),
		pullAt: func(k int, at int64) int64 { return at + int64(3-k%4)*480 }, // four at once each 40 ms
		watch: func(b *jitterBuffer, at int64) {
			if at < 5*second {
				early = b.stats.madeUp
			}
		},
	}
	_, b, _ := n.run(t)
	late := ms(float64(b.stats.madeUp - early))
	t.Logf("delay %.0f ms, dip %.0f ms, made up after 5 s %.0f ms", ms(b.current()), ms(b.dip), late)
	if late > 50 {
		t.Errorf("%.0f ms made up", late)
	}
}

func TestInterruptions(t *testing.T) {
	packets := encoded(t, speech(10*call.SampleRate, 6))
	reference := decoded(t, packets)
	for _, tt := range []struct {
		name    string
		net     network
		madeUp  float64 // ms at most
		skipped uint64  // at most
	}{
		{name: "new SSRC", madeUp: 60, net: network{rewrite: func(i int, p *rtpPacket) {
			if i >= 250 {
				p.ssrc, p.seq, p.timestamp = 2, p.seq+20000, p.timestamp+1e9
			}
		}}},
		{name: "timestamps jump forward", madeUp: 60, net: network{rewrite: func(i int, p *rtpPacket) {
			if i >= 250 {
				p.timestamp += 1e9
			}
		}}},
		{name: "timestamps jump back", madeUp: 60, net: network{rewrite: func(i int, p *rtpPacket) {
			if i >= 250 {
				p.timestamp -= 48000
			}
		}}},
		{name: "sequence numbers jump", madeUp: 200, net: network{rewrite: func(i int, p *rtpPacket) {
			if i >= 250 {
				p.seq += 30000
			}
		}}},
		{name: "3 s without a network", madeUp: 250, skipped: 160, net: network{ordered: true, delay: func(i int, _ *rand.Rand) int64 {
			if i == 200 {
				return 3 * second
			}
			return 0
		}}},
		{name: "3 s lost", madeUp: 250, net: network{rewrite: func(i int, p *rtpPacket) {
			if i >= 200 && i < 350 {
				p.payload = nil
			}
		}}},
		{name: "paused, timestamps go on", madeUp: 250, net: network{rewrite: func(i int, p *rtpPacket) {
			if i >= 200 && i < 350 {
				p.payload = nil
			} else if i >= 350 {
				p.seq -= 150
			}
		}}},
		{name: "paused, timestamps stand", madeUp: 250, net: network{rewrite: func(i int, p *rtpPacket) {
			if i >= 200 && i < 350 {
				p.payload = nil
			} else if i >= 350 {
				p.seq, p.timestamp = p.seq-150, p.timestamp-150*960
			}
		}}},
		{name: "speaker stalls for 1 s", madeUp: 60, skipped: 60, net: network{pullAt: func(k int, at int64) int64 {
			if k >= 400 {
				return at + second
			}
			return at
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.net
			n.packets, n.frames = packets, len(packets)
			heard, b, _ := n.run(t)
			tail := heard[len(heard)-3*second:] // 2 s after everything is over
			base := len(reference) - 3*second - int(b.current())
			snr, alike := likeness(tail[:2*second+24000], reference, base)
			t.Logf("%.1f dB, %.3f, delay %.0f ms, lost %d, %+v", snr, alike, ms(b.current()), b.packets.lost, b.stats)
			if alike < 0.95 {
				t.Errorf("2 s later: %.1f dB, correlation %.3f", snr, alike)
			}
			if m := ms(float64(b.stats.madeUp)); m > tt.madeUp {
				t.Errorf("%.0f ms made up", m)
			}
			if b.stats.skipped > tt.skipped {
				t.Errorf("%d packets skipped", b.stats.skipped)
			}
			if d := ms(b.current()); d < 12 || d > 130 {
				t.Errorf("delay %.0f ms", d)
			}
		})
	}
}
