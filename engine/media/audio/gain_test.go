package audio

import (
	"math"
	"testing"

	"foyer/engine/call"
)

// loudness is the root of the mean square.
func loudness(pcm []int16) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(1, len(pcm))))
}

// steepest is the largest step from one sample to the next.
func steepest(pcm []int16) (most int) {
	for i := 1; i < len(pcm); i++ {
		d := int(pcm[i]) - int(pcm[i-1])
		most = max(most, d, -d)
	}
	return most
}

// The volume of one voice at the speaker: half, nothing, as it was, and twice, and
// the other voice is as loud as before. Nothing clicks on the way.
func TestGainAtTheSpeaker(t *testing.T) {
	packets := encoded(t, tone(440, 4000, 4*call.SampleRate))
	r := newRoom(t)
	v := r.join(packets)
	r.play(50) // the jitter buffer has settled
	as := loudness(left(r.play(25)))
	smooth := steepest(left(r.play(10)))
	if as < 2000 {
		t.Fatalf("the tone has %.0f", as)
	}
	for _, gain := range []float32{0.5, 0, 1, 2, 0.1, 1} {
		v.SetGain(gain)
		way := left(r.play(2)) // 40 ms
		heard := loudness(left(r.play(25)))
		if want := as * float64(gain); math.Abs(heard-want) > 0.03*as+1 {
			t.Errorf("gain %v: %.0f, want %.0f", gain, heard, want)
		}
		// A tone of twice the size is twice as steep; a click is a jump.
		if most := steepest(way); float64(most) > 2.2*float64(smooth)+60 {
			t.Errorf("gain %v: a step of %d on the way, in the tone %d", gain, most, smooth)
		}
	}
	other := r.join(encoded(t, tone(630, 4000, 4*call.SampleRate)))
	r.play(50)
	both := loudness(left(r.play(25)))
	v.SetGain(0)
	r.play(2)
	alone := loudness(left(r.play(25)))
	if math.Abs(alone-as) > 0.05*as || both < 1.2*alone {
		t.Errorf("with the other one %.0f, alone %.0f, one voice has %.0f", both, alone, as)
	}
	if s := v.Stats(); s.Level == 0 {
		t.Error("the level of somebody who is silent for us is that of what they say")
	}
	other.SetGain(2)
}

// More than the speaker can do is not clipped.
func TestGainDoesNotClip(t *testing.T) {
	r := newRoom(t)
	r.join(encoded(t, tone(440, 30000, 2*call.SampleRate))).SetGain(2)
	for _, v := range r.play(80)[20000:] {
		if v == math.MaxInt16 || v <= -math.MaxInt16 {
			t.Fatal("clipped")
		}
	}
}
