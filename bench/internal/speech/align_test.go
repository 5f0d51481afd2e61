//go:build linux

package speech

import (
	"math"
	"slices"
	"testing"
)

func TestAlign(t *testing.T) {
	t.Parallel()
	said := talk(4, 1)
	// It comes 250 ms later, and 50 ms are inserted after 1 s and 1.5 s.
	more := make([]float64, rate/20)
	heard := slices.Concat(make([]float64, rate/4), said[:rate], more, said[rate:3*rate/2], more, said[3*rate/2:])
	got := Align(said, heard, 0, rate/2)
	if len(got) != len(said) {
		t.Fatalf("%d samples, want %d", len(got), len(said))
	}
	if score := STOI(said, got); score < 0.9 {
		t.Errorf("aligned speech scores %.3f", score)
	}
	if score := STOI(said, heard[rate/4:]); score > 0.8 {
		t.Errorf("speech that is not aligned scores %.3f: the test shows nothing", score)
	}
	if got := Align(said, nil, 0, rate/2); STOI(said, got) != 0 {
		t.Error("something is heard in nothing")
	}
}

func TestSlower(t *testing.T) {
	t.Parallel()
	tone := func(hz float64) []int16 {
		s := make([]int16, 48000)
		for i := range s {
			s[i] = int16(10000 * math.Sin(2*math.Pi*hz*float64(i)/48000))
		}
		return s
	}
	level := func(s []float64) float64 {
		sum := 0.0
		for _, v := range s[1000 : len(s)-1000] {
			sum += v * v
		}
		return math.Sqrt(2 * sum / float64(len(s)-2000))
	}
	for _, tt := range []struct{ hz, from, to float64 }{{200, 9900, 10100}, {3900, 9800, 10200}, {7000, 0, 50}} {
		got := Slower(tone(tt.hz))
		if len(got) != 10000 {
			t.Fatalf("%d samples a second", len(got))
		}
		if l := level(got); l < tt.from || l > tt.to {
			t.Errorf("%v Hz: level %.0f, want %.0f to %.0f", tt.hz, l, tt.from, tt.to)
		}
	}
}
