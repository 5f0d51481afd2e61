package audio

import (
	"math"
	"testing"

	"foyer/engine/call"
	"foyer/engine/media/opus"
)

// filled is a timeline that has played a second of pcm and has more ready.
func filled(pcm []int16, ready int) *timeline {
	t := &timeline{}
	add := func(from, n int) {
		room := t.extend(n)
		for i := range n {
			room[2*i], room[2*i+1] = pcm[from+i], pcm[from+i]
		}
		t.commit(n)
	}
	at := 0
	for played := make([]int16, 960); at < call.SampleRate; at += 480 {
		add(at, 480)
		t.read(played)
	}
	add(at, ready)
	return t
}

func TestStretchingKeepsPitchAndSmoothness(t *testing.T) {
	for _, hz := range []float64{75, 120, 200, 333, 440} {
		pcm := tone(hz, 10000, 2*call.SampleRate)
		for _, direction := range []string{"shorten", "lengthen"} {
			tl := filled(pcm, 3000)
			before := append([]int16(nil), tl.pcm[2*(tl.pos-480):2*tl.pos]...)
			var moved int
			want := 3000
			if direction == "shorten" {
				moved = tl.shorten(maxPeriod, alikeEnough)
				want -= moved
			} else {
				moved = tl.lengthen(maxPeriod, alikeEnough)
				want += moved
			}
			if moved < minPeriod || moved > maxPeriod || tl.ready() != want {
				t.Fatalf("%s %v Hz by %d, %d ready", direction, hz, moved, tl.ready())
			}
			period := call.SampleRate / hz
			if off := math.Abs(float64(moved)/period - math.Round(float64(moved)/period)); off*period > 3 {
				t.Errorf("%s %v Hz by %d, which is not a multiple of %.1f", direction, hz, moved, period)
			}
			for i, v := range tl.last(tl.ready() + 480)[:960] {
				if v != before[i] {
					t.Fatalf("%s changed what was heard", direction)
				}
			}
			if c, plain := curvature(left(tl.last(tl.ready()+480))), curvature(pcm); c > 1.3*plain+4 {
				t.Errorf("%s %v Hz: curvature %.0f, of the tone %.0f", direction, hz, c, plain)
			}
		}
	}
}

func TestStretchingRefuses(t *testing.T) {
	noise := make([]int16, 2*call.SampleRate)
	seed := uint32(1)
	for i := range noise {
		seed = seed*1664525 + 1013904223
		noise[i] = int16(int32(seed)>>16) / 4
	}
	if n := filled(noise, 3000).shorten(maxPeriod, alikeEnough); n != 0 {
		t.Errorf("noise was shortened by %d", n)
	}
	pcm := tone(200, 9000, 2*call.SampleRate)
	if n := filled(pcm, 400).shorten(maxPeriod, alikeEnough); n != 0 {
		t.Errorf("shortened by %d what was not there", n)
	}
	if n := filled(pcm, 400).lengthen(maxPeriod, alikeEnough); n != 0 {
		t.Errorf("lengthened by %d with too little ahead", n)
	}
	if n := (&timeline{}).lengthen(maxPeriod, alikeEnough); n != 0 {
		t.Errorf("an empty timeline was lengthened by %d", n)
	}
	soft := filled(make([]int16, 2*call.SampleRate), 3000)
	if n := soft.shorten(maxPeriod, alikeEnough); n != maxPeriod {
		t.Errorf("silence was shortened by %d", n)
	}
}

func TestTimelineGoesRound(t *testing.T) {
	tl := &timeline{}
	next, heard := int16(0), int16(0)
	out := make([]int16, 2*441)
	for range 3000 {
		for tl.ready() < 441 {
			room := tl.extend(960)
			for i := range 960 {
				room[2*i], room[2*i+1] = next, -next
				next++
			}
			tl.commit(960)
		}
		tl.read(out)
		for i := range 441 {
			if out[2*i] != heard || out[2*i+1] != -heard {
				t.Fatalf("got %d, want %d", out[2*i], heard)
			}
			heard++
		}
	}
}

func TestReorderBufferVerdicts(t *testing.T) {
	info := opus.PacketInfo{Samples: 960, FrameSamples: 960}
	b := &reorderBuffer{}
	put := func(seq uint16, want verdict) {
		t.Helper()
		p := rtpPacket{ssrc: 1, seq: seq, timestamp: uint32(seq) * 960, payload: []byte{1}}
		if got, _ := b.put(p, info, int64(seq)*960); got != want {
			t.Errorf("packet %d: verdict %d, want %d", seq, got, want)
		}
	}
	if b.peek() != nil {
		t.Error("something in an empty buffer")
	}
	put(100, restarted)
	put(100, duplicate)
	put(103, held)
	put(102, held)
	b.take(b.peek()) // 100
	put(100, duplicate)
	b.take(b.peek()) // 102, so that 101 is lost
	if b.lost != 1 || b.next != 103 {
		t.Errorf("lost %d, next %d", b.lost, b.next)
	}
	put(101, tooLate)
	put(101, duplicate)
	if b.lost != 0 {
		t.Errorf("a late packet counts as lost")
	}
	put(103, duplicate)
	put(230, held) // 103 and 230 fit
	if b.overran {
		t.Error("overran")
	}
	put(231, held) // 103 must go
	if !b.overran || b.next != 104 || b.peek().seq != 230 {
		t.Errorf("overran %v, next %d", b.overran, b.next)
	}
	put(5000, refused)
	put(9000, refused)
	put(232, held)
	put(5000, refused)
	put(5001, restarted)
}

func TestRingDropsWhenThePlayerStalls(t *testing.T) {
	var r packetRing
	for i := range ringSlots + 10 {
		r.put(rtpPacket{seq: uint16(i), payload: []byte{byte(i)}}, int64(i))
	}
	if r.dropped.Load() != 10 {
		t.Errorf("%d dropped", r.dropped.Load())
	}
	n := 0
	count := func(p rtpPacket, at int64) {
		if int(p.seq) != n || at != int64(n) || p.payload[0] != byte(n) {
			t.Errorf("packet %d is %+v at %d", n, p, at)
		}
		n++
	}
	if r.drain(count) || n > 0 {
		t.Errorf("%d packets, which are too old", n)
	}
	for round := range 3 {
		n = 0
		for i := range ringSlots {
			r.put(rtpPacket{seq: uint16(i), payload: []byte{byte(i)}}, int64(i))
		}
		if !r.drain(count) || n != ringSlots {
			t.Errorf("round %d: %d packets", round, n)
		}
	}
}
