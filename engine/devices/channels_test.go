package devices

import (
	"fmt"
	"math"
	"testing"

	"foyer/engine/call"
)

func TestChannels_aVoiceOnOneIsAsLoudAsAlone(t *testing.T) {
	for _, n := range []int{1, 2, 6, 8, maxChannels} {
		for _, on := range []int{0, n / 2, n - 1} {
			t.Run(fmt.Sprintf("%d of %d", on+1, n), func(t *testing.T) {
				var l loudest
				var worst, sum float64
				const piece, pieces = 480, 100
				for p := range pieces {
					in := make([]int16, piece*n)
					for i := range piece {
						for c := range n {
							in[i*n+c] = int16(3000 + (i*7+c*13)%5) // a constant, and a whisper of noise
						}
						in[i*n+on] += int16(10000 * math.Sin(2*math.Pi*440*float64(p*piece+i)/call.SampleRate))
					}
					for i, h := range l.take(in, n) {
						want := float64(in[i*n+on])
						if p > 20 {
							worst = max(worst, math.Abs(float64(h.voice)-want))
							sum++
						}
						if n == 2 && (h.left != in[2*i] || h.right != in[2*i+1]) {
							t.Fatalf("left and right of %v: %v", in[2*i:2*i+2], h)
						}
					}
				}
				if sum == 0 || worst > 0 {
					t.Errorf("off by %.0f", worst)
				}
			})
		}
	}
}

func TestChannels_keepsToOne(t *testing.T) {
	var l loudest
	changes, before := 0, 0
	for p := range 200 {
		in := make([]int16, 2*480)
		for i := range 480 {
			v := 8000 * math.Sin(2*math.Pi*300*float64(p*480+i)/call.SampleRate)
			in[2*i], in[2*i+1] = int16(v), int16(v*(1+0.3*math.Sin(float64(p))))
		}
		l.take(in, 2)
		if l.chosen != before {
			changes, before = changes+1, l.chosen
		}
	}
	if changes > 0 {
		t.Errorf("changed %d times between two that are about as loud", changes)
	}
}

func TestChannels_nothingThatIsNone(t *testing.T) {
	var l loudest
	for _, n := range []int{-1, 0, maxChannels + 1} {
		if got := l.take(make([]int16, 100), n); got != nil {
			t.Errorf("%d channels: %d moments", n, len(got))
		}
	}
	if got := l.take(make([]int16, 7), 2); len(got) != 3 {
		t.Errorf("of an odd number: %d", len(got))
	}
	if got := l.take(nil, 2); len(got) != 0 {
		t.Errorf("of nothing: %d", len(got))
	}
}
