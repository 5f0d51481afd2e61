package voice

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"foyer/engine/call/mic"
)

// slow is a clock that moves by so much at every look.
func slow(by time.Duration) func() time.Time {
	now := time.Unix(1e9, 0)
	return func() time.Time {
		now = now.Add(by)
		return now
	}
}

// TestChain_tooSlow: on a computer that cannot keep up, what takes most goes first, until
// the rest is done in time; within less audio than a microphone keeps for a late reader.
func TestChain_tooSlow(t *testing.T) {
	const keeps = 200 * time.Millisecond
	l, ref := newLibrary(t), &Reference{}
	var told []mic.Part
	var late time.Duration
	c := l.NewChain(ref, func(p mic.Part, err error) {
		if told = append(told, p); !errors.Is(err, mic.ErrSlow) {
			t.Errorf("%s: %v", p, err)
		}
	})
	defer c.Close()
	c.Set(mic.Voice{Noise: mic.NoiseStrong, GainOff: true}, false)
	c.echo.prepare(l)
	l.wg.Wait()
	const look = 4 * time.Millisecond // 3 of them a frame: 12 of 10 ms
	clock := slow(look)
	c.budget.now = clock
	x := tone(FrameSamples * 300)
	for i := 0; i < len(x); i += FrameSamples {
		if len(told) < 3 {
			late += 3*look - frameLength
		}
		c.Process(x[i:i+FrameSamples], int64(i))
	}
	if want := []mic.Part{mic.PartStrong, mic.PartNoise, mic.PartEcho}; !slices.Equal(told, want) {
		t.Errorf("given up: %q, want %q", told, want)
	}
	if late > 2*keeps {
		t.Errorf("late by %v", late)
	}
	if c.noise != nil || c.echo != nil {
		t.Error("something is still done")
	}
}

// TestChain_stoppedComputer: one that slept, or was busy for a moment, is not slow.
func TestChain_stoppedComputer(t *testing.T) {
	l, ref := newLibrary(t), &Reference{}
	c := newChain(t, l, ref, mic.Voice{GainOff: true})
	now, looks := time.Unix(1e9, 0), 0
	c.budget.now = func() time.Time {
		switch looks++; {
		case looks%1600 == 3:
			now = now.Add(time.Hour)
		case looks%100 == 2:
			now = now.Add(40 * time.Millisecond)
		default:
			now = now.Add(time.Millisecond)
		}
		return now
	}
	x := tone(FrameSamples * 1000)
	for i := 0; i < len(x); i += FrameSamples {
		c.Process(x[i:i+FrameSamples], int64(i))
	}
	if c.noise == nil || c.echo == nil {
		t.Error("something is not done any more")
	}
}

// TestChain_changesWithoutAClick: whatever is switched on and off, and whatever fails,
// while somebody hums.
func TestChain_changesWithoutAClick(t *testing.T) {
	l, ref := newLibrary(t), &Reference{}
	c := l.NewChain(ref, nil)
	defer c.Close()
	c.budget.now = stands
	const level, hertz = 0.3, 220
	steepest := level * 2 * math.Pi * hertz / sampleRate
	phase, last := 0, float32(0)
	frames := func(what string, n int) {
		t.Helper()
		most := 0.0
		frame := make([]float32, FrameSamples)
		for range n {
			for i := range frame {
				frame[i] = level * float32(math.Sin(2*math.Pi*hertz*float64(phase)/sampleRate))
				phase++
			}
			c.Process(frame, int64(phase))
			for _, v := range frame {
				most = max(most, math.Abs(float64(v-last)))
				last = v
			}
		}
		if most > 2.5*steepest {
			t.Errorf("%s: jumps by %.3f from one sample to the next, a hum by %.3f", what, most, steepest)
		}
	}
	everything := mic.Voice{Noise: mic.NoiseStrong, GainOff: true}
	for _, s := range []struct {
		what  string
		voice mic.Voice
	}{
		{"nothing", mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff, GainOff: true}},
		{"echo", onlyEcho},
		{"light", mic.Voice{Echo: mic.EchoOff, GainOff: true}},
		{"everything", everything},
		{"music", mic.Voice{Music: true}},
		{"everything again", everything},
	} {
		c.Set(s.voice, false)
		frames(s.what+", not ready", 3)
		l.wg.Wait()
		frames(s.what, 37)
	}
	for c.noise != nil || c.echo != nil {
		c.relieve()
		frames("given up", 5)
	}
}
