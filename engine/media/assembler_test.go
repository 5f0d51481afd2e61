package media

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/media/vp8"
)

// TestFrameOrder tells frames that a server left out on purpose from those
// that are missing. A frame is written id.tl0/temporal, with y for a layer
// sync and k for a key frame.
func TestFrameOrder(t *testing.T) {
	const none = absent
	type pic struct {
		id, tl0, temporal int
		key, sync         bool
		want              frameState
	}
	ok, useless, missing := frameFollows, frameUseless, frameMissing
	for name, pics := range map[string][]pic{
		"in order":              {{1, none, 0, true, false, ok}, {2, none, 0, false, false, ok}, {3, none, 0, false, false, ok}},
		"hole":                  {{1, none, 0, true, false, ok}, {3, none, 0, false, false, missing}},
		"hole before a key":     {{1, none, 0, true, false, ok}, {9, none, 0, true, false, ok}},
		"wrap of 15 bits":       {{0x7fff, none, 0, true, false, ok}, {0, none, 0, false, false, ok}},
		"wrap of 7 bits":        {{0x7f, none, 0, true, false, ok}, {0, none, 0, false, false, ok}},
		"no ids":                {{none, none, 0, true, false, ok}, {none, none, 0, false, false, ok}},
		"ids end":               {{1, none, 0, true, false, ok}, {none, none, 0, false, false, ok}, {7, none, 0, false, false, ok}},
		"upper layer left out":  {{1, 1, 0, true, false, ok}, {3, 2, 0, false, false, ok}, {5, 3, 0, false, false, ok}},
		"base layer missing":    {{1, 1, 0, true, false, ok}, {3, 3, 0, false, false, missing}},
		"tl0 wraps":             {{1, 255, 0, true, false, ok}, {3, 0, 0, false, false, ok}},
		"upper after a hole":    {{1, 1, 0, true, false, ok}, {3, 1, 2, false, false, useless}, {4, 1, 2, false, false, useless}, {5, 2, 0, false, false, ok}, {6, 2, 2, false, false, ok}},
		"upper with layer sync": {{1, 1, 0, true, false, ok}, {3, 1, 2, false, true, ok}, {4, 1, 2, false, false, ok}},
		"upper of another base": {{1, 1, 0, true, false, ok}, {3, 2, 2, false, false, missing}},
		"the same frame again":  {{1, 1, 0, true, false, ok}, {1, 1, 0, false, false, ok}},
	} {
		var o frameOrder
		for i, p := range pics {
			got := o.judge(&packet{pictureID: p.id, tl0: p.tl0, temporal: p.temporal, key: p.key, sync: p.sync})
			if got != p.want {
				t.Errorf("%s: frame %d: %d, want %d", name, i, got, p.want)
			}
		}
	}
}

// TestAssembler writes packets as time stamp and flags: s for a start, m for a
// marker, p for padding, d for damage; the answer is the stamps of the frames,
// ! before one that comes after a loss and ? where something is missing.
func TestAssembler(t *testing.T) {
	for in, want := range map[string]string{
		"1s 1 1m":            "1",
		"1sm 2sm 3sm":        "1 2 3",
		"1s 1m 1p 1p 2s 2m":  "1 2",
		"1 1m 2sm":           "? ? !2", // the beginning is missing
		"1s 2sm":             "1 2",    // no marker
		"1s 2s 3s 3m":        "1 2 3",
		"1s 2 2m 3sm":        "? ? !3", // the beginning of 2 is missing
		"1s 1s 1m 2sm":       "? !1 2", // two beginnings
		"1s 1d 1m 2sm":       "? ? !2",
		"1s 1lost 1m 2s 2m":  "? !2",
		"1sm lost 2sm 3sm":   "1 !2 3",
		"1s lost lost 2s 2m": "!2",
	} {
		if got := assemble(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func assemble(in string) string {
	var a assembler
	var out []string
	for word := range strings.FieldsSeq(in) {
		if strings.HasSuffix(word, "lost") {
			a.lose()
			continue
		}
		flags := word[1:]
		p := &packet{timestamp: uint32(word[0] - '0'), payload: []byte{1}, pictureID: absent, tl0: absent}
		p.start, p.marker = strings.Contains(flags, "s"), strings.Contains(flags, "m")
		p.damaged = strings.Contains(flags, "d")
		if strings.Contains(flags, "p") {
			p.payload = nil
		}
		frames, ok := a.add(p)
		for _, f := range frames {
			mark := ""
			if f.afterLoss {
				mark = "!"
			}
			out = append(out, fmt.Sprint(mark, f.timestamp))
		}
		if !ok {
			out = append(out, "?")
		}
	}
	return strings.Join(out, " ")
}

// TestReorderAnyOrder: whatever the order within the window, every packet comes
// out once, in order, and all packets are returned.
func TestReorderAnyOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	for range 50 {
		alive := 0
		r := reorder{release: func(*packet) { alive-- }}
		now := time.Now()
		first := uint16(rnd.Uint32())
		give := func(seq uint16) {
			alive++
			r.push(&packet{seq: seq}, now)
		}
		give(first)
		order := rnd.Perm(200)
		var got []uint16
		take := func() {
			for p := r.next(now); p != nil; p = r.next(now) {
				got = append(got, p.seq)
				r.release(p)
			}
		}
		for _, k := range order {
			give(first + 1 + uint16(k))
			if rnd.IntN(5) == 0 {
				give(first + 1 + uint16(k)) // double
			}
			take()
		}
		for i, seq := range got {
			if seq != first+uint16(i) {
				t.Fatalf("packet %d is %d, want %d", i, seq, first+uint16(i))
			}
		}
		if len(got) != 201 || alive != 0 || r.held != 0 {
			t.Fatalf("%d packets came out, %d not returned, %d held", len(got), alive, r.held)
		}
	}
}

// TestReorderSkip: a gap is closed after its patience, counts what is missing,
// and a whole key frame behind it is reached at once.
func TestReorderSkip(t *testing.T) {
	now := time.Now()
	r := reorder{release: func(*packet) {}}
	r.push(&packet{seq: 10}, now)
	r.next(now)
	if _, open := r.gap(); open {
		t.Error("a gap in an empty window")
	}
	r.push(&packet{seq: 13}, now)
	r.push(&packet{seq: 17}, now)
	if until, open := r.gap(); !open || until.Sub(now) != gapPatience {
		t.Errorf("gap %v, %v", until.Sub(now), open)
	}
	if lost := r.skip(now); lost != 2 || r.next(now).seq != 13 {
		t.Errorf("%d lost", lost)
	}
	r.push(&packet{seq: 20, key: true, start: true}, now)
	if until, _ := r.gap(); until.Equal(now) {
		t.Error("half a key frame does not end the waiting")
	}
	r.push(&packet{seq: 21, marker: true}, now)
	if until, _ := r.gap(); !until.Equal(now) {
		t.Error("a whole key frame ends the waiting")
	}
	if lost := r.skip(now); lost != 5 || r.next(now).seq != 20 || r.next(now).seq != 21 {
		t.Errorf("%d lost", lost)
	}
	if r.held != 0 {
		t.Errorf("%d held", r.held)
	}
}

// TestPlayoutBounds: a queue that grows too long or too large is shown early.
func TestPlayoutBounds(t *testing.T) {
	now := time.Now()
	var q playout
	for range maxWaiting + 1 {
		q.put(&encodedFrame{}, now.Add(time.Minute))
	}
	if f, last := q.take(now); f == nil || !last {
		t.Error("more than maxWaiting wait")
	}
	if f, _ := q.take(now); f != nil {
		t.Error("a frame is early")
	}
	q.put(&encodedFrame{data: make([]byte, maxWaitingBytes)}, now)
	q.put(&encodedFrame{data: make([]byte, 1)}, now)
	if f, _ := q.take(now); f == nil {
		t.Error("more than maxWaitingBytes wait")
	}
	if at, ok := q.next(); !ok || !at.Equal(now.Add(time.Minute)) {
		t.Errorf("%v, %v", at, ok)
	}
}

// FuzzReceiver feeds whole packets, cut out of the input by two length bytes,
// through the worker's path: parser, reordering, assembly, decoder.
func FuzzReceiver(f *testing.F) {
	src := newSource(f, 48, 32)
	var stream []byte
	for range 4 {
		for _, p := range src.next() {
			stream = binary.BigEndian.AppendUint16(stream, uint16(len(p)))
			stream = append(stream, p...)
		}
	}
	f.Add(stream)
	f.Add([]byte{0, 1, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := idleReceiver(t)
		r.slot.SetView(call.View{Width: 48, Height: 32})
		now := time.Now()
		var ps parser
		for len(data) >= 2 {
			n := min(int(binary.BigEndian.Uint16(data)), len(data)-2, maxRTPBytes)
			p := r.pool.Get().(*packet)
			copy(p.buf[:], data[2:][:n])
			data = data[2+n:]
			p.arrived = now
			if ps.parse(p, n) == nil && !tooSlow(p) {
				r.accept(p)
			}
			r.advance(now)
			now = now.Add(10 * time.Millisecond)
		}
		r.houseKeep(now)
	})
}

// tooSlow leaves out legal but large frames, with which fuzzing gets nowhere.
func tooSlow(p *packet) bool {
	h, err := vp8.ParseHeader(append(append([]byte(nil), p.payload...), make([]byte, 1<<19)...))
	return p.key && err == nil && h.Width*h.Height > 1<<20
}
