package voice

import (
	"fmt"
	"time"

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
	budget   budget

	before [FrameSamples]float32 // the last frame ahead of the echo's part
	last   float32               // the last sample that went out
	bent   int                   // frames from now on that may come another way
}

// NewChain returns a chain that takes what ref plays out of a microphone. failed is told,
// on the goroutine of Process, of each part that does not work; the chain goes on
// without it.
func (l *Library) NewChain(ref *Reference, failed func(mic.Part, error)) *Chain {
	return &Chain{
		lib: l, reader: ref.NewReader(), failed: failed, fft: newFFT(), broken: map[mic.Part]bool{},
		level: mic.NoiseOff, high: newHighPass(), gain: newGain(), activity: newActivity(),
		ref: make([]float32, FrameSamples), dry: make([]float32, FrameSamples),
		budget: budget{now: time.Now},
	}
}

// Set changes what is done, from the next frame on. headset says that what is played
// does not reach the microphone.
func (c *Chain) Set(want mic.Voice, headset bool) {
	if want != c.want {
		clear(c.broken)
		c.bent = joined
	}
	c.want = want
	if c.want.Music || c.want.Echo == mic.EchoOff || c.want.Echo == mic.EchoAuto && headset {
		c.endEcho()
	} else if c.echo == nil && !c.broken[mic.PartEcho] {
		c.echo = newEcho(c.fft, &c.before)
		c.bent = joined
	}
	level := want.Noise
	switch {
	case want.Music || c.broken[mic.PartNoise]:
		level = mic.NoiseOff
	case level == mic.NoiseStrong && c.broken[mic.PartStrong]:
		level = mic.NoiseLight
	}
	if level != c.level {
		c.endNoise()
		c.setNoise(level)
	}
	if want.GainOff || want.Music {
		c.gain = newGain()
	}
	c.bent = min(c.bent, 1) // between two frames
}

func (c *Chain) setNoise(level mic.NoiseLevel) {
	c.level, c.primed, c.bent = level, 0, joined
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
		c.echo, c.bent = nil, joined
	}
}

func (c *Chain) endNoise() {
	c.noise.drop()
	c.noise, c.level, c.bent = nil, mic.NoiseOff, joined
}

// Process makes a frame of FrameSamples, which came at a local time in samples, fit for
// a call. It reports whether somebody speaks.
func (c *Chain) Process(frame []float32, at int64) (voice bool) {
	clean(frame)
	c.budget.begin()
	playing := c.reader.Read(c.ref, at)
	if c.want.Music {
		copy(c.before[:], frame)
		voice = c.activity.process(frame, -1)
	} else {
		voice = c.improve(frame, playing)
	}
	c.join(frame)
	return voice
}

func (c *Chain) improve(frame []float32, playing bool) (voice bool) {
	c.hiss.add(frame)
	if playing {
		c.hiss.add(c.ref)
	}
	c.rumble(frame)
	c.budget.spent(&c.budget.rest)
	if err := c.cancel(frame, playing); err != nil {
		c.endEcho()
		c.fail(mic.PartEcho, err)
	}
	c.budget.spent(&c.budget.echo)
	speech, err := c.suppress(frame)
	if err != nil {
		c.endNoise()
		c.fail(mic.PartNoise, err)
	}
	c.budget.spent(&c.budget.noise)
	voice = c.activity.process(frame, speech)
	if !c.want.GainOff {
		c.gain.process(frame, voice)
	}
	if c.budget.over() {
		c.relieve()
	}
	return voice
}

// cancel takes the echo out.
func (c *Chain) cancel(frame []float32, playing bool) error {
	if c.echo == nil {
		copy(c.before[:], frame)
		return nil
	}
	if playing {
		c.echo.prepare(c.lib)
	}
	return c.echo.process(c.lib, c.ref, frame)
}

// relieve gives up what takes the most time, before there are gaps in the audio.
func (c *Chain) relieve() {
	spent := c.budget
	c.budget.forget()
	switch {
	case c.noise != nil && (c.echo == nil || spent.noise >= spent.echo):
		part := mic.PartNoise
		if c.level == mic.NoiseStrong {
			part = mic.PartStrong
		}
		c.endNoise()
		if part == mic.PartStrong {
			c.setNoise(mic.NoiseLight)
		}
		c.fail(part, mic.ErrSlow)
	case c.echo != nil:
		c.endEcho()
		c.fail(mic.PartEcho, mic.ErrSlow)
	}
}

// joined is how many frames are: what fails does so within one, and is missing in the next.
const joined = 2

// join keeps a frame that came another way than the last one from clicking.
func (c *Chain) join(frame []float32) {
	const samples = FrameSamples / 2
	if c.bent > 0 {
		c.bent--
		step := c.last - frame[0]
		for i := range samples {
			share := 1 - float32(i)/samples
			frame[i] += step * share * share
		}
	}
	c.last = frame[len(frame)-1]
}

// rumble takes out what is below a voice. A suppressor does it better, without turning
// the phases of low voices.
func (c *Chain) rumble(frame []float32) {
	copy(c.dry, frame)
	c.high.process(c.dry) // always, so that nothing clicks when it is needed again
	from, to := c.high.share, float32(0)
	if c.noise == nil {
		to = 1
	}
	if c.high.share = to; from == 0 && to == 0 {
		return
	}
	for i, v := range c.dry {
		frame[i] += (from + (to-from)*float32(i+1)/FrameSamples) * (v - frame[i])
	}
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
