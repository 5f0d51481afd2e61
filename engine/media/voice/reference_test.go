package voice

import (
	"fmt"
	"math"
	"testing"
)

// TestReader_threeHours: clocks that differ. The reader stays where it should be, and
// never jumps.
func TestReader_threeHours(t *testing.T) {
	hearsMuch(t)
	for _, drift := range []float64{-2e-4, 0, 1e-4} {
		t.Run(fmt.Sprintf("%.0f ppm", drift*1e6), func(t *testing.T) {
			const piece, hours = 960, 3
			ref := &Reference{}
			r := ref.NewReader()
			stereo, frame := make([]int16, 2*piece), make([]float32, FrameSamples)
			var first, most float64
			for now := int64(FrameSamples); now < hours*3600*sampleRate; now += FrameSamples {
				for float64(ref.written) <= float64(now)*(1+drift) {
					ref.Write(stereo, int64(float64(ref.written)/(1+drift)))
				}
				before, running := r.at, r.running
				r.Read(frame, now)
				if by := r.at - before - FrameSamples; running && math.Abs(by) > FrameSamples*driftMost+1 {
					t.Fatalf("%d s: it jumps by %.0f samples", now/sampleRate, by)
				}
				switch behind := float64(now)*(1+drift) - r.at; {
				case now == 60*sampleRate:
					first = behind
				case now > 60*sampleRate:
					most = max(most, math.Abs(behind-first))
				}
			}
			t.Logf("%.1f ms behind after a minute, then at most %.2f ms elsewhere", first/48, most/48)
			if most > sampleRate/200 {
				t.Errorf("it wanders by %.1f ms", most/48)
			}
		})
	}
}

// TestReader_delayJumps: the loudspeaker stands still, and later takes what it has missed
// at once. The reader finds its place again within half a second.
func TestReader_delayJumps(t *testing.T) {
	const piece = 960
	ref := &Reference{}
	r := ref.NewReader()
	stereo, frame := make([]int16, 2*piece), make([]float32, FrameSamples)
	for i := range stereo {
		stereo[i] = 3000
	}
	now := int64(0)
	run := func(seconds float64, written func(now int64) int64) (heard int) {
		for end := now + int64(seconds*sampleRate); now < end; {
			now += FrameSamples
			for ref.written <= written(now) {
				ref.Write(stereo, now)
			}
			if r.Read(frame, now); peak(frame) > quiet {
				heard++
			}
		}
		return heard
	}
	even := func(now int64) int64 { return now }
	if got := run(3, even); got < 270 {
		t.Fatalf("heard %d frames of 300", got)
	}
	stopped := ref.written
	run(0.6, func(int64) int64 { return stopped - 1 })
	run(0.5, even)
	if got := run(1, even); got < 99 {
		t.Errorf("after it stood still: heard %d frames of 100", got)
	}
	if behind := float64(now) - r.at; behind < 0 || behind > sampleRate/4 {
		t.Errorf("%.0f ms behind", behind/48)
	}
	run(0.3, func(now int64) int64 { return now + sampleRate/4 }) // a larger buffer from now on
	if got := run(1, func(now int64) int64 { return now + sampleRate/4 }); got < 99 {
		t.Errorf("after it ran ahead: heard %d frames of 100", got)
	}
}

// TestReader_silence: silence is read without looking at it, in step with the rest.
func TestReader_silence(t *testing.T) {
	const piece = 960
	ref := &Reference{}
	r := ref.NewReader()
	stereo, frame := make([]int16, 2*piece), make([]float32, FrameSamples)
	click := int64(sampleRate)
	var at []float64
	for now := int64(FrameSamples); now < 3*sampleRate; now += FrameSamples {
		for ref.written <= now {
			clear(stereo)
			if ref.written <= click && click < ref.written+piece {
				k := 2 * (click - ref.written)
				stereo[k], stereo[k+1] = 20000, 20000
				click += sampleRate
			} else {
				stereo[0] = 5 // the last bits dither
			}
			ref.Write(stereo, ref.written)
		}
		if r.Read(frame, now); peak(frame) > 0.3 {
			for i, v := range frame {
				if v == peak(frame) {
					at = append(at, float64(now)+float64(i))
				}
			}
		}
	}
	if len(at) != 2 || math.Abs(at[1]-at[0]-sampleRate) > 30 {
		t.Errorf("two clicks, one second apart, are heard at %v", at)
	}
}
