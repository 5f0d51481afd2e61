package audio

import "slices"

// clip is audio that is played once.
type clip struct {
	samples []int16
	ended   func()
}

// Play mixes samples (48 kHz mono) into what the speaker plays, from its next
// samples on. ended is called once when the speaker has taken all of them, by its
// own thread: it must not block, nor call the mixer. It is not called after stop.
// Without a speaker the clip waits.
func (m *Mixer) Play(samples []int16, ended func()) (stop func()) {
	c := &clip{samples: samples, ended: ended}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clips = append(m.clips, c)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.clips = slices.DeleteFunc(m.clips, func(other *clip) bool { return other == c })
	}
}

// playClips adds what is played once to the mix. m.mu is held.
func (m *Mixer) playClips(stereo []int16) {
	if len(m.clips) == 0 {
		return
	}
	for _, c := range m.clips {
		n := min(len(c.samples), len(stereo)/2)
		for i, v := range c.samples[:n] {
			stereo[2*i] = clamp(int(stereo[2*i]) + int(v))
			stereo[2*i+1] = clamp(int(stereo[2*i+1]) + int(v))
		}
		if c.samples = c.samples[n:]; len(c.samples) == 0 {
			c.ended()
		}
	}
	m.clips = slices.DeleteFunc(m.clips, func(c *clip) bool { return len(c.samples) == 0 })
}

func clamp(v int) int16 { return int16(max(-1<<15, min(v, 1<<15-1))) }

// recording keeps what a microphone hears.
type recording struct {
	samples []int16
	n       int
	full    func([]int16)
}

// Record keeps the next n samples. full is called once with them, by the pump's
// goroutine: it must not block. A recording that begins takes the place of another.
func (p *Pump) Record(n int, full func([]int16)) (stop func()) {
	r := &recording{samples: make([]int16, 0, n), n: n, full: full}
	p.kept.Store(r)
	return func() { p.kept.CompareAndSwap(r, nil) }
}

// keep adds to the recording, if there is one.
func (p *Pump) keep(pcm []int16) {
	r := p.kept.Load()
	if r == nil {
		return
	}
	r.samples = append(r.samples, pcm[:min(len(pcm), r.n-len(r.samples))]...)
	if len(r.samples) == r.n && p.kept.CompareAndSwap(r, nil) {
		r.full(r.samples)
	}
}
