package voice

import (
	"fmt"

	"foyer/engine/call/mic"
)

// Chain is all that a microphone goes through.
type Chain struct {
	lib    *Library
	reader *Reader
	failed func(mic.Part, error)

	want   mic.Voice
	broken map[mic.Part]bool // until the settings change

	high     highPass
	fft      *fft
	echo     *echo // nil: off
	noise    *pending[suppressor]
	level    mic.NoiseLevel // of noise
	primed   int            // frames that noise has heard
	gain     gain
	activity activity
	ref, dry []float32
	hiss     hiss
}

// NewChain returns a chain that takes what ref plays out of a microphone. failed is told,
// on the goroutine of Process, of each part that does not work; the chain goes on
// without it.
func (l *Library) NewChain(ref *Reference, failed func(mic.Part, error)) *Chain {
	return &Chain{
		lib: l, reader: ref.NewReader(), failed: failed, fft: newFFT(), broken: map[mic.Part]bool{},
		level: mic.NoiseOff, high: newHighPass(), gain: newGain(), activity: newActivity(),
		ref: make([]float32, FrameSamples), dry: make([]float32, FrameSamples),
	}
}

// Set changes what is done, from the next frame on. headset says that what is played
// does not reach the microphone.
func (c *Chain) Set(want mic.Voice, headset bool) {
	if want != c.want {
		clear(c.broken)
	}
	c.want = want
	if c.want.Music || c.want.Echo == mic.EchoOff || c.want.Echo == mic.EchoAuto && headset {
		c.endEcho()
	} else if c.echo == nil && !c.broken[mic.PartEcho] {
		c.echo = newEcho(c.fft)
	}
	level := want.Noise
	if want.Music || c.broken[mic.PartNoise] {
		level = mic.NoiseOff
	}
	if level != c.level {
		c.endNoise()
		c.setNoise(level)
	}
	if want.GainOff || want.Music {
		c.gain = newGain()
	}
}

func (c *Chain) setNoise(level mic.NoiseLevel) {
	c.level, c.primed = level, 0
	switch level {
	case mic.NoiseLight:
		c.noise = begin(c.lib, newRNNoise)
	case mic.NoiseStrong:
		c.noise = begin(c.lib, newGTCRN)
	case mic.NoiseOff:
	}
}

func (c *Chain) endEcho() {
	if c.echo != nil {
		c.echo.close()
		c.echo = nil
	}
}

func (c *Chain) endNoise() {
	c.noise.drop()
	c.noise, c.level = nil, mic.NoiseOff
}

// Process makes a frame of FrameSamples, which came at a local time in samples, fit for
// a call. It reports whether somebody speaks.
func (c *Chain) Process(frame []float32, at int64) (voice bool) {
	clean(frame)
	playing := c.reader.Read(c.ref, at)
	if c.want.Music {
		return c.activity.process(frame, -1)
	}
	c.hiss.add(frame)
	if playing {
		c.hiss.add(c.ref)
	}
	c.rumble(frame)
	if c.echo != nil {
		if playing {
			c.echo.prepare(c.lib)
		}
		if err := c.echo.process(c.lib, c.ref, frame); err != nil {
			c.endEcho()
			c.fail(mic.PartEcho, err)
		}
	}
	speech, err := c.suppress(frame)
	if err != nil {
		c.endNoise()
		c.fail(mic.PartNoise, err)
	}
	voice = c.activity.process(frame, speech)
	if !c.want.GainOff {
		c.gain.process(frame, voice)
	}
	return voice
}

// rumble takes out what is below a voice. A suppressor does it better, without turning
// the phases of low voices.
func (c *Chain) rumble(frame []float32) {
	if c.noise == nil {
		c.high.process(frame)
		return
	}
	copy(c.dry, frame)
	c.high.process(c.dry) // so that nothing clicks when it is needed again
}

// suppress takes noise out. Until the suppressor has heard as much as it holds back,
// the frame passes as it is; one frame fades over.
func (c *Chain) suppress(frame []float32) (speech float32, err error) {
	if c.noise == nil {
		return -1, nil
	}
	s, ready, err := c.noise.take()
	if !ready {
		return -1, err
	}
	copy(c.dry, frame)
	if speech, err = s.process(frame); err != nil {
		copy(frame, c.dry)
		return -1, err
	}
	switch needs := (s.delay()+FrameSamples-1)/FrameSamples + 1; {
	case c.primed < needs:
		copy(frame, c.dry)
		c.primed++
	case c.primed == needs:
		for i, dry := range c.dry {
			share := float32(i+1) / FrameSamples
			frame[i] = share*frame[i] + (1-share)*dry
		}
		c.primed++
	}
	return speech, nil
}

func (c *Chain) fail(part mic.Part, err error) {
	c.broken[part] = true
	if c.failed != nil {
		c.failed(part, fmt.Errorf("voice: %w", err))
	}
}

// Close gives the parts back.
func (c *Chain) Close() {
	c.endEcho()
	c.endNoise()
}
