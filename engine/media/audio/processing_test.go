package audio

import (
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/mic"
	"foyer/engine/internal/silent"
)

// TestProcessing_toldOnce: a part that failed with one microphone is not tried with the
// next, until the user wants something else.
func TestProcessing_toldOnce(t *testing.T) {
	m := NewMixer(silent.Log())
	defer m.Close()
	p := NewProcessing(m, silent.Log())
	defer p.Close()
	var told []mic.Part
	failed := func(part mic.Part, _ error) { told = append(told, part) }
	strong := mic.Voice{Noise: mic.NoiseStrong}
	p.Set(strong, failed)
	bad := errors.New("trap")
	for range 2 { // microphones, or calls, that do not know of each other
		w := &wish{voice: strong, failed: failed}
		p.lacks(w, mic.PartEcho, bad)
		p.lacks(w, mic.PartStrong, bad)
	}
	p.Set(strong, failed)
	p.Hears(nil)
	if want := []mic.Part{mic.PartEcho, mic.PartStrong}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
	if got, want := p.want.Load().done(), (mic.Voice{Echo: mic.EchoOff}); got != want {
		t.Errorf("done: %+v, want %+v", got, want)
	}
	p.lacks(p.want.Load(), mic.PartNoise, bad)
	if got, want := p.want.Load().done(), (mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff}); got != want {
		t.Errorf("done: %+v, want %+v", got, want)
	}
	old := p.want.Load()
	p.Set(mic.Voice{}, failed)
	p.lacks(old, mic.PartEcho, bad) // late: of what is not wanted any more
	if got := p.want.Load().done(); got != (mic.Voice{}) || len(told) != 3 {
		t.Errorf("done: %+v; told of %q", got, told)
	}
}

// TestProcessing_rounds: 200 microphones come and go with everything on, most of them
// while their parts are being made. Each is gone at once, and nothing of them stays.
func TestProcessing_rounds(t *testing.T) {
	const rounds, limit = 200, 100 * time.Millisecond
	m := NewMixer(silent.Log())
	defer m.Close()
	p := NewProcessing(m, silent.Log())
	defer p.Close()
	p.Set(mic.Voice{Noise: mic.NoiseStrong}, func(part mic.Part, err error) {
		if !errors.Is(err, mic.ErrSlow) { // this computer may be
			t.Errorf("%s: %v", part, err)
		}
	})
	played := tone(300, 9000, 2*960)
	var took []time.Duration
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for round := range rounds {
		dev := newFakeMic()
		pump := NewPump(dev, p, silent.Log())
		pump.Send(&fakeTrack{})
		for range 8 + round%16 {
			m.reference.Write(played, m.clock())
			dev.say(t, tone(500, 9000, 960))
		}
		began := time.Now()
		_ = dev.Close()
		pump.Close()
		took = append(took, time.Since(began))
	}
	p.Close() // waits for the parts that nobody wants any more
	runtime.GC()
	runtime.ReadMemStats(&after)
	slices.Sort(took)
	t.Logf("closed in %v, p99 %v", took[rounds/2], took[rounds*99/100])
	if p99 := took[rounds*99/100]; p99 > limit {
		t.Errorf("closed in %v, want %v", p99, limit)
	}
	if after.HeapAlloc > before.HeapAlloc+8<<20 {
		t.Errorf("%d MB at the end, %d MB at first", after.HeapAlloc>>20, before.HeapAlloc>>20)
	}
}

// TestProcessing_testTone: the test device is sent as it is.
func TestProcessing_testTone(t *testing.T) {
	m := NewMixer(silent.Log())
	defer m.Close()
	p := NewProcessing(m, silent.Log())
	defer p.Close()
	if p.processor(call.Device{ID: call.DeviceTest}) != nil {
		t.Error("the test tone is changed")
	}
}
