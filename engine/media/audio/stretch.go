package audio

import "math"

const (
	// historyFrames is how much played audio is kept, to repeat a period of it.
	historyFrames = maxPeriod + 240
	// timelineFrames is room for the history, for one pull that is not yet
	// served, for the longest packet after it and for what stretching adds.
	timelineFrames = 12288

	// Periods of the voice that are looked for, 66..400 Hz.
	minPeriod = 2*samplesPerMS + samplesPerMS/2
	maxPeriod = 15 * samplesPerMS
	// overlap is how long the two sides of a splice are mixed.
	overlap = 10 * samplesPerMS

	// coarse is the step of the first search; the lowest octaves decide.
	coarse = 4
	// softEnergy is a mean square (about -57 dBov) below which any splice will do.
	softEnergy = 45 * 45
)

// timeline is decoded audio in interleaved stereo: a little that has been played
// and what is to be played. It can be shortened and lengthened at its playing
// position by about one period of the voice without changing the pitch (WSOLA:
// overlap-add at the lag where the audio is most like itself).
//
// Positions count frames, one sample per channel.
type timeline struct {
	pcm  [2 * timelineFrames]int16
	pos  int // next to be played
	end  int
	mono [maxPeriod + overlap]float32 // scratch of the search
}

// ready is how many frames wait.
func (t *timeline) ready() int { return t.end - t.pos }

// last is the newest audio, at most n frames.
func (t *timeline) last(n int) []int16 {
	n = min(n, t.end)
	return t.pcm[2*(t.end-n) : 2*t.end]
}

// extend returns room for n frames at the end, which count once commit is called.
func (t *timeline) extend(n int) []int16 {
	if t.end+n > timelineFrames-2*maxPeriod {
		keep := min(t.pos, historyFrames)
		copy(t.pcm[:], t.pcm[2*(t.pos-keep):2*t.end])
		t.end, t.pos = t.end-t.pos+keep, keep
	}
	return t.pcm[2*t.end : 2*(t.end+n)]
}

// commit makes n frames of the room from extend a part of the audio.
func (t *timeline) commit(n int) { t.end += n }

// read takes len(dst)/2 frames; fewer must not be ready.
func (t *timeline) read(dst []int16) {
	copy(dst, t.pcm[2*t.pos:2*t.end])
	t.pos += len(dst) / 2
}

// shorten leaves out up to most frames at the playing position and returns how
// many; 0 when nothing there is alike enough.
func (t *timeline) shorten(most int, alike float64) int {
	most = min(most, maxPeriod, t.ready()-overlap)
	if most < minPeriod {
		return 0
	}
	lag := t.search(1, most, alike)
	if lag == 0 {
		return 0
	}
	mixed := t.mixed(t.pos, t.pos+lag)
	copy(t.pcm[2*(t.pos+lag):], mixed[:])
	// What was heard must stay in front of the playing position.
	keep := min(t.pos, historyFrames)
	copy(t.pcm[2*(t.pos+lag-keep):2*(t.pos+lag)], t.pcm[2*(t.pos-keep):2*t.pos])
	t.pos += lag
	return lag
}

// lengthen repeats up to most frames at the playing position and returns how
// many; 0 when nothing there is alike enough.
func (t *timeline) lengthen(most int, alike float64) int {
	most = min(most, maxPeriod, t.pos)
	if most < minPeriod || t.ready() < overlap || t.end+most > timelineFrames {
		return 0
	}
	lag := t.search(-1, most, alike)
	if lag == 0 {
		return 0
	}
	mixed := t.mixed(t.pos, t.pos-lag)
	copy(t.pcm[2*(t.pos+overlap):], t.pcm[2*(t.pos-lag+overlap):2*t.end])
	copy(t.pcm[2*t.pos:], mixed[:])
	t.end += lag
	return lag
}

// mixed goes from the audio at position a to that at position b.
func (t *timeline) mixed(a, b int) [2 * overlap]int16 {
	var m [2 * overlap]int16
	for i := range m {
		w := int32(i / 2)
		m[i] = int16((int32(t.pcm[2*a+i])*(overlap-w) + int32(t.pcm[2*b+i])*w) / overlap)
	}
	return m
}

// search finds the lag between minPeriod and most at which the audio from the
// playing position is most like the audio that many frames later (direction 1) or
// earlier (-1). It is 0 when the likeness, a correlation of -1..1, is less than
// alike. Soft audio is like anything.
func (t *timeline) search(direction, most int, alike float64) int {
	from, to := t.pos, t.pos+most+overlap
	if direction < 0 {
		from, to = t.pos-most, t.pos+overlap
	}
	m := t.mono[:to-from]
	for i := range m {
		m[i] = float32(t.pcm[2*(from+i)]) + float32(t.pcm[2*(from+i)+1])
	}
	origin := t.pos - from
	here := m[origin : origin+overlap]
	if power(here, 1) < 4*softEnergy*overlap {
		return most
	}
	likeness := func(lag, step int) float64 {
		there := m[origin+direction*lag:]
		return correlation(here, there[:overlap], step)
	}
	best, bestLag := math.Inf(-1), minPeriod
	for lag := minPeriod; lag <= most; lag += coarse {
		if c := likeness(lag, coarse); c > best {
			best, bestLag = c, lag
		}
	}
	middle := bestLag
	best = math.Inf(-1)
	for lag := max(minPeriod, middle-coarse+1); lag <= min(most, middle+coarse-1); lag++ {
		if c := likeness(lag, 1); c > best {
			best, bestLag = c, lag
		}
	}
	if best < alike {
		return 0
	}
	return bestLag
}

func power(a []float32, step int) float64 {
	var sum float32
	for i := 0; i < len(a); i += step {
		sum += a[i] * a[i]
	}
	return float64(sum)
}

// correlation is the normalised one, -1..1, of every step-th sample.
func correlation(a, b []float32, step int) float64 {
	var ab, bb float32
	for i := 0; i < len(a); i += step {
		ab += a[i] * b[i]
		bb += b[i] * b[i]
	}
	norm := math.Sqrt(power(a, step) * float64(bb))
	if norm == 0 {
		return 0
	}
	return float64(ab) / norm
}
