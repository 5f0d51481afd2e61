package devices

// Microphones have one channel or many, and somebody may speak into any of them: the
// mean of eight is 18 dB too quiet for a voice on one.
const (
	maxChannels   = 32
	loudnessKeeps = 0.999 // a sample: 20 ms
	loudnessOver  = 4     // times as loud: 6 dB
)

// heard is one moment of a microphone: a voice, and what is left and right of it.
type heard struct{ voice, left, right int16 }

// loudest chooses among the channels of a microphone. It belongs to the thread that
// delivers.
type loudest struct {
	channels int
	chosen   int
	mean     [maxChannels]float32 // of late
	energy   [maxChannels]float32
	out      []heard
}

// take turns a piece of interleaved audio into moments, which are valid until the next
// call.
func (l *loudest) take(samples []int16, channels int) []heard {
	if channels < 1 || channels > maxChannels {
		return nil
	}
	if channels != l.channels {
		*l = loudest{channels: channels, out: l.out}
	}
	n := len(samples) / channels
	if cap(l.out) < n {
		l.out = make([]heard, n)
	}
	out := l.out[:n]
	if channels == 1 {
		for i, v := range samples {
			out[i] = heard{v, v, v}
		}
		return out
	}
	before := l.chosen
	l.choose(samples)
	for i := range out {
		at := samples[i*channels : (i+1)*channels]
		v := at[l.chosen]
		if before != l.chosen { // fade over
			v = int16((int(v)*i + int(at[before])*(n-i)) / n)
		}
		out[i] = heard{v, v, v}
		if channels == 2 {
			out[i].left, out[i].right = at[0], at[1]
		}
	}
	return out
}

// choose keeps to a channel until another is clearly louder. A constant is not heard.
func (l *loudest) choose(samples []int16) {
	const learns = 1 - loudnessKeeps
	for c := range l.channels {
		mean, energy := l.mean[c], l.energy[c]
		for i := c; i < len(samples); i += l.channels {
			v := float32(samples[i])
			mean += (v - mean) * learns
			energy += ((v-mean)*(v-mean) - energy) * learns
		}
		l.mean[c], l.energy[c] = mean, energy
	}
	for c := range l.channels {
		if l.energy[c] > loudnessOver*l.energy[l.chosen] {
			l.chosen = c
		}
	}
}
