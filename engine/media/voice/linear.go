package voice

// The linear part of the echo is taken out by a filter in the frequency domain, in
// partitions of one frame, that a Kalman filter adapts: Enzner and Vary, "Frequency-
// domain adaptive Kalman filter for acoustic echo control in hands-free telephones"
// (Signal Processing 86, 2006), in partitions as Kuech, Mabande and Enzner have it
// ("State-space architecture of the partitioned-block-based acoustic echo
// controller", ICASSP 2014). It knows how sure it is of each coefficient, so a near
// voice does not lead it astray, and needs no detector of double talk.
const (
	partitions = 40                           // 400 ms from the reference to the end of the echo
	voiced     = 12000 * fftSize / sampleRate // bins: above that there is hardly anything of a voice
	persists   = 0.9996
	firstGuess = 0.005 // power of a coefficient before anything is known
	overlap    = float32(FrameSamples) / fftSize
	nearKeeps  = 0.8  // of the near side's power, from one frame to the next
	constrain  = 4    // partitions a frame whose circular part is taken out
	floorPower = 1e-7 // of a bin: beneath 16 bit
	worse      = 1.4  // as loud as without it: the path has jumped
	powerKeeps = 0.9
	foundAt    = 0.1 // left of what was heard: the echo is found
	lostFrom   = 0.1 // of the power heard has to be echo
	lostBelow  = 0.4 // of the echo is there
	lostFrames = 4
	lostKeeps  = 0.8
)

// linear is a canceller for one path from loudspeaker to microphone.
type linear struct {
	fft   *fft
	ref   [fftSize]float32 // the newest reference
	block [fftSize]float32
	echo  spectrum // as estimated
	err   spectrum // what is left

	head  int // of x: the newest frame's
	x     [partitions]spectrum
	power [partitions][bins]float32 // of x
	w     [partitions]spectrum      // the path
	doubt [partitions][bins]float32 // expected square error of w
	near  [bins]float32             // power of what is no echo
	total [bins]float32

	next          int     // partition to be constrained
	silent        int     // frames since something was heard in ref
	before, after float32 // power heard, and left; averaged, as all of these
	both          float32 // product of what is heard and what is expected
	expected      float32 // power of the echo
	found         bool    // most of the echo was taken out since the path has jumped
	losing        int     // frames in which it was not
}

func newLinear(f *fft) *linear {
	l := &linear{fft: f, silent: partitions}
	l.forget()
	return l
}

// forget begins anew: nothing is known of the path.
func (l *linear) forget() {
	clear(l.w[:])
	for p := range l.doubt {
		for k := range l.doubt[p] {
			l.doubt[p][k] = firstGuess
		}
	}
	l.before, l.after, l.both, l.expected = 0, 0, 0, 0
	l.found, l.losing = false, 0
}

// process takes the echo of ref, and of what was before it, out of mic.
// It reports whether the path has jumped.
//
//go:norace
func (l *linear) process(ref, mic []float32) (jumped bool) {
	copy(l.ref[:], l.ref[FrameSamples:])
	copy(l.ref[fftSize-FrameSamples:], ref)
	if l.silent++; peak(ref) > quiet {
		l.silent = 0
	}
	if l.silent > partitions+2 {
		return false // all of x is silence
	}
	l.hear()
	l.estimate()
	l.fft.inverse(&l.echo, &l.block)
	clear(l.block[:fftSize-FrameSamples])
	var before, after, both, echo float32
	left := l.block[fftSize-FrameSamples:]
	for i, v := range mic {
		e := v - left[i]
		both += v * left[i]
		echo += left[i] * left[i]
		before += v * v
		after += e * e
		left[i] = e
	}
	l.fft.forward(&l.block, &l.err)
	l.before += (before - l.before) * (1 - powerKeeps)
	l.after += (after - l.after) * (1 - powerKeeps)
	l.both += (both - l.both) * (1 - lostKeeps)
	l.expected += (echo - l.expected) * (1 - lostKeeps)
	l.found = l.found || l.after < foundAt*l.before
	if l.after > worse*l.before || l.lost() {
		l.forget()
		return true
	}
	if l.after < l.before {
		copy(mic, left)
	}
	l.adapt()
	l.limit()
	return false
}

// lost reports whether the echo is not where it was. What is expected of it is in what
// was heard, with a near voice or without, unless the path has changed.
func (l *linear) lost() bool {
	if l.found && l.expected > lostFrom*l.before && l.both < lostBelow*l.expected {
		l.losing++
	} else {
		l.losing = 0
	}
	return l.losing > lostFrames
}

// hear takes in the newest frame of the reference.
//
//go:norace
func (l *linear) hear() {
	l.head = (l.head + partitions - 1) % partitions
	x, power := &l.x[l.head], &l.power[l.head]
	l.fft.forward(&l.ref, x)
	for k := range voiced {
		power[k] = x.re[k]*x.re[k] + x.im[k]*x.im[k]
	}
}

// estimate adds up the echoes of all frames, and how sure they are.
//
//go:norace
func (l *linear) estimate() {
	clear(l.echo.re[:])
	clear(l.echo.im[:])
	clear(l.total[:])
	for p := range partitions {
		i := (l.head + p) % partitions
		x, w, power, doubt := &l.x[i], &l.w[p], &l.power[i], &l.doubt[p]
		for k := range voiced {
			l.echo.re[k] += w.re[k]*x.re[k] - w.im[k]*x.im[k]
			l.echo.im[k] += w.re[k]*x.im[k] + w.im[k]*x.re[k]
			l.total[k] += doubt[k] * power[k]
		}
	}
}

// adapt learns from what is left.
//
//go:norace
func (l *linear) adapt() {
	for k := range voiced {
		e := l.err.re[k]*l.err.re[k] + l.err.im[k]*l.err.im[k]
		l.near[k] += (e - l.near[k]) * (1 - nearKeeps)
		l.total[k] = 1 / (overlap*l.total[k] + l.near[k] + floorPower)
	}
	const keeps = float32(persists * persists)
	for p := range partitions {
		i := (l.head + p) % partitions
		x, w, power, doubt := &l.x[i], &l.w[p], &l.power[i], &l.doubt[p]
		for k := range voiced {
			gain := doubt[k] * l.total[k]
			w.re[k] += gain * (x.re[k]*l.err.re[k] + x.im[k]*l.err.im[k])
			w.im[k] += gain * (x.re[k]*l.err.im[k] - x.im[k]*l.err.re[k])
			path := w.re[k]*w.re[k] + w.im[k]*w.im[k]
			doubt[k] = keeps*(1-overlap*gain*power[k])*doubt[k] + (1-keeps)*path
		}
	}
}

// limit takes out what wraps around, of some partitions at a time.
func (l *linear) limit() {
	for range constrain {
		w := &l.w[l.next]
		l.fft.inverse(w, &l.block)
		clear(l.block[FrameSamples:])
		l.fft.forward(&l.block, w)
		l.next = (l.next + 1) % partitions
	}
}

// peak is the loudest sample.
func peak(x []float32) float32 {
	var most float32
	for _, v := range x {
		most = max(most, v, -v)
	}
	return most
}
