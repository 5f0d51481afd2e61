package audio

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"foyer/engine/call"
)

func TestRED(t *testing.T) {
	header := func(pt, before, length uint32) []byte {
		return binary.BigEndian.AppendUint32(nil, 1<<31|pt<<24|before<<10|length)
	}
	two := slices.Concat(header(111, 1920, 3), header(111, 960, 2), []byte{111}, []byte("oldnop"))
	for _, tt := range []struct {
		name    string
		payload []byte
		primary string
		copies  []redCopy
		bad     bool
	}{
		{name: "primary alone", payload: []byte{111, 'p'}, primary: "p"},
		{name: "empty primary", payload: []byte{111}},
		{name: "two copies", payload: two, primary: "p", copies: []redCopy{
			{payload: []byte("no"), back: 1, before: 960}, {payload: []byte("old"), back: 2, before: 1920},
		}},
		{
			name:    "a copy of another type, and an empty one",
			payload: slices.Concat(header(111, 2880, 1), header(13, 1920, 1), header(111, 960, 0), []byte{111}, []byte("acp")),
			primary: "p", copies: []redCopy{{payload: []byte("a"), back: 3, before: 2880}},
		},
		{
			name:    "more copies than are kept",
			payload: slices.Concat(slices.Repeat(header(111, 960, 1), maxCopies+1), []byte{111}, []byte("54321p")),
			primary: "p", copies: []redCopy{
				{payload: []byte("1"), back: 1, before: 960}, {payload: []byte("2"), back: 2, before: 960},
				{payload: []byte("3"), back: 3, before: 960}, {payload: []byte("4"), back: 4, before: 960},
			},
		},
		{name: "nothing", bad: true},
		{name: "half a header", payload: two[:6], bad: true},
		{name: "no last header", payload: two[:8], bad: true},
		{name: "half a block", payload: two[:11], bad: true},
		{name: "headers alone", payload: slices.Repeat([]byte{0xff}, 1500), bad: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseRED(tt.payload)
			if ok == tt.bad {
				t.Fatalf("parsed: %t", ok)
			}
			if string(got.primary) != tt.primary || got.n != len(tt.copies) {
				t.Fatalf("primary %q, %d copies; want %q and %d", got.primary, got.n, tt.primary, len(tt.copies))
			}
			for i, want := range tt.copies {
				if c := got.copies[i]; !bytes.Equal(c.payload, want.payload) || c.back != want.back || c.before != want.before {
					t.Errorf("copy %d: %+v, want %+v", i, c, want)
				}
			}
		})
	}
}

func FuzzRED(f *testing.F) {
	f.Add([]byte{111, 1})
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, ok := parseRED(payload)
		if !ok {
			return
		}
		total := len(p.primary)
		for _, c := range p.copies[:p.n] {
			total += len(c.payload)
			if len(c.payload) == 0 || c.back == 0 || c.before >= 1<<14 {
				t.Fatalf("copy %+v", c)
			}
		}
		if total >= len(payload) {
			t.Fatalf("%d bytes out of %d", total, len(payload))
		}
	})
}

// A fifth of all packets lost, which FEC restores in part, copies nearly all.
func TestCopiesAreBetterThanFEC(t *testing.T) {
	packets := encoded(t, speech(12*call.SampleRate, 5))
	reference := decoded(t, packets)
	run := func(copies int) (alike float64, b *jitterBuffer) {
		n := network{packets: packets, frames: len(packets), loss: 0.20, copies: copies}
		heard, b, lost := n.run(t)
		_, alike = likeness(heard, reference, -int(b.current()))
		t.Logf("%d copies: correlation %.3f, delay %.0f ms, lost %d, counted %d, %+v", copies, alike, ms(b.current()), lost, b.packets.lost, b.stats)
		if b.stats.malformed > 0 || int(b.packets.lost) < lost*9/10 {
			t.Errorf("%d copies: %d malformed; %d of %d counted as lost", copies, b.stats.malformed, b.packets.lost, lost)
		}
		return alike, b
	}
	fec, without := run(0)
	one, _ := run(1)
	two, b := run(2)
	if two < 0.97 || one < 0.97 || min(one, two) < fec {
		t.Errorf("correlation %.3f with two copies, %.3f with one, %.3f with FEC alone", two, one, fec)
	}
	if b.stats.madeUp > without.stats.madeUp/4 || b.stats.recovered < uint64(b.packets.lost)*9/10 {
		t.Errorf("made up %d samples beside %d without; recovered %d of %d", b.stats.madeUp, without.stats.madeUp, b.stats.recovered, b.packets.lost)
	}
	if d := ms(b.current()); d > 90 {
		t.Errorf("delay %.0f ms", d)
	}
}

// What comes twice, or late itself, is played once.
func TestCopiesOfWhatCame(t *testing.T) {
	packets := encoded(t, speech(6*call.SampleRate, 5))
	reference := decoded(t, packets)
	n := network{packets: packets, frames: len(packets), copies: 2, delay: uniform(60), duplicate: 0.1}
	heard, b, _ := n.run(t)
	snr, alike := likeness(heard, reference, -int(b.current()))
	t.Logf("%.1f dB, correlation %.3f, %+v", snr, alike, b.stats)
	if alike < 0.97 || b.stats.malformed > 0 || b.packets.lost > int64(len(packets)/30) {
		t.Errorf("%.1f dB, correlation %.3f, %+v, lost %d", snr, alike, b.stats, b.packets.lost)
	}
}
