//go:build linux

// Package voices measures what is done to a microphone.
package voices

import (
	"context"
	"fmt"
	"time"

	"foyer/bench/internal/harness"
	"foyer/engine"
	"foyer/engine/call/mic"
	"foyer/engine/media/voice"
	"foyer/internal/drive"
)

const (
	// ready is how long the parts may take until they are.
	ready  = 5 * time.Second
	frames = 1500 // 15 s of audio
	piece  = 960  // that the loudspeaker takes at a time
	most   = 10   // per cent of a core
)

// Cost measures how much of a core it takes while somebody else speaks too.
func Cost(ctx context.Context, b *harness.Bench) error {
	near, err := drive.Speak(ctx, "I would like to be understood even though the others are talking at the same time.", 80)
	if err != nil {
		return err
	}
	far, err := drive.Speak(ctx,
		"Meetings are better when everybody can hear everybody else, and nobody hears themselves.", 40)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name  string
		voice mic.Voice
	}{
		{"Microphone with echo cancellation, light noise suppression and gain", mic.Voice{}},
		{"... with strong noise suppression", mic.Voice{Noise: mic.NoiseStrong}},
		{"... with neither echo cancellation nor noise suppression", mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff}},
	} {
		took, err := process(c.voice, near, far)
		if err != nil {
			return err
		}
		core := 100 * took.Seconds() * 100 / frames
		b.Table.Row(c.name, fmt.Sprintf("%.1f %% of a core", core), fmt.Sprintf("<= %d %%", most), core <= most)
	}
	return nil
}

// process is the processor time of the frames once the parts are ready.
func process(v mic.Voice, near, far []int16) (took time.Duration, err error) {
	lib := voice.NewLibrary(engine.SilentLog())
	defer lib.Close()
	ref := &voice.Reference{}
	chain := lib.NewChain(ref, func(p mic.Part, e error) { err = fmt.Errorf("%s: %w", p, e) })
	defer chain.Close()
	chain.Set(v, false)
	stereo, frame := make([]int16, 2*piece), make([]float32, voice.FrameSamples)
	at := int64(0)
	one := func(i int) {
		if i%(piece/voice.FrameSamples) == 0 {
			for k := range piece {
				s := far[(i*voice.FrameSamples+k)%len(far)]
				stereo[2*k], stereo[2*k+1] = s, s
			}
			ref.Write(stereo, at)
		}
		for k := range frame {
			n := i*voice.FrameSamples + k
			frame[k] = float32(near[n%len(near)])/32768 + float32(far[(n+len(far)-4000)%len(far)])/65536
		}
		chain.Process(frame, at)
		at += voice.FrameSamples
	}
	i := 0
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for until := time.Now().Add(ready); time.Now().Before(until) && err == nil; i++ {
		one(i) // the parts are made meanwhile, at the pace of a microphone
		<-pace.C
	}
	began := harness.Own()
	for n := range frames {
		one(i + n)
	}
	return harness.Own() - began, err
}
