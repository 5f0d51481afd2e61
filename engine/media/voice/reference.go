package voice

import "sync"

// Reference is what the loudspeaker plays, on its way to those who have to take it out
// of a microphone.
type Reference struct {
	mu      sync.Mutex
	samples [referenceLength]float32
	written int64   // ever
	loud    int64   // of them, up to the last that can be heard
	at      int64   // local time of the last piece
	burst   float64 // the longest piece of late
}

const (
	referenceLength = sampleRate // a second
	burstMost       = sampleRate / 4
	burstForgets    = 1.0 / 200
)

// Write adds what is played: interleaved stereo, in pieces as the loudspeaker takes
// them. at is the local time in samples. It allocates nothing and waits for nobody.
func (r *Reference) Write(stereo []int16, at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(stereo) / 2
	i := int(r.written % referenceLength)
	for k := range n {
		v := (float32(stereo[2*k]) + float32(stereo[2*k+1])) / (2 << 15)
		if r.samples[i] = v; v > quiet || v < -quiet {
			r.loud = r.written + int64(k) + 1
		}
		if i++; i == referenceLength {
			i = 0
		}
	}
	r.written += int64(n)
	r.at = at
	r.burst = min(max(float64(n), r.burst-(r.burst-float64(n))*burstForgets), burstMost)
}

// window copies what there is from first on. Before the first sample and after the last
// there is silence.
//
//go:norace
func (r *Reference) window(first int64, to *[2 * kernelSide]float32) {
	at := int(first % referenceLength)
	if first >= 0 && first+int64(len(to)) <= r.written && at+len(to) <= referenceLength {
		copy(to[:], r.samples[at:])
		return
	}
	for t := range to {
		to[t] = 0
		if i := first + int64(t); i >= 0 && i < r.written {
			to[t] = r.samples[i%referenceLength]
		}
	}
}

// Reader follows a reference at the pace of a microphone, whose clock is another: it
// keeps a distance to what was written last, and reads a little faster or slower for
// that. It belongs to one goroutine.
type Reader struct {
	ref     *Reference
	kernel  *kernel
	running bool
	at      float64 // position of the next sample
	off     float64 // how much further behind it is than it should be, averaged
	rate    float64 // samples of the reference for one of the microphone, less 1
	reserve float64 // beside the longest piece
	short   int     // frames that were not there in time, of late
	seen    int64   // written
	waits   int     // frames since something was written
	started int     // frames since the first
}

const (
	startsAfter  = 10                    // frames in which pieces are measured
	stallsAfter  = 30                    // frames without a piece: nothing is played
	reserveFirst = sampleRate / 200      // 5 ms
	reserveMost  = sampleRate / 10       //
	shortMost    = 8                     // then the reserve grows
	offLearns    = 1.0 / (1 * frameRate) // the average is over a second
	offJump      = sampleRate / 20       // off by so much, it is no drift
	driftMost    = 4e-4                  // clocks differ by less than that
	driftPull    = 1.5e-6                // of the rate, for each sample off: 14 s until it is right
	driftLearns  = 2.5e-10               // the same, for each frame
	hurriesFor   = 15 * frameRate        // it is faster at first
	hurries      = 1.5
)

// NewReader returns a reader of what is played from now on.
func (r *Reference) NewReader() *Reader {
	return &Reader{ref: r, kernel: newKernel(), reserve: reserveFirst}
}

// Read fills a frame with what goes with the microphone's frame that came at a local
// time in samples, and reports whether anything is played.
func (r *Reader) Read(frame []float32, at int64) bool {
	ref := r.ref
	ref.mu.Lock()
	defer ref.mu.Unlock()
	if r.waits++; ref.written != r.seen {
		r.seen, r.waits = ref.written, 0
	}
	if r.started++; r.waits > stallsAfter || ref.written == 0 {
		r.running, r.started = false, 0
	}
	// The loudspeaker takes pieces, and plays evenly.
	ahead := float64(ref.written) + float64(min(at-ref.at, burstMost)) - ref.burst - FrameSamples - r.reserve
	if !r.running {
		if r.started < startsAfter {
			clear(frame)
			return false
		}
		r.running, r.at, r.off, r.short = true, ahead, 0, 0
	}
	r.follow(ahead - r.at)
	step := 1 + min(max(r.rate+r.off*driftPull*r.hurry(), -driftMost), driftMost)
	if r.at-kernelSide > float64(ref.loud) { // most of the time, in most calls
		clear(frame)
		r.at += step * float64(len(frame))
	} else {
		for i := range frame {
			frame[i] = r.kernel.between(ref, r.at)
			r.at += step
		}
	}
	r.inTime(float64(ref.written))
	return true
}

// follow learns how far off the place is.
func (r *Reader) follow(off float64) {
	r.off += (off - r.off) * offLearns
	if r.off > offJump || r.off < -offJump {
		r.running, r.started = false, startsAfter // begin anew at the next frame
		return
	}
	r.rate = min(max(r.rate+r.off*driftLearns*r.hurry()*r.hurry(), -driftMost), driftMost)
}

// hurry is how much faster it learns than later.
func (r *Reader) hurry() float64 { return 1 + hurries*max(0, 1-float64(r.started)/hurriesFor) }

// inTime sees to it that what is read has been written.
func (r *Reader) inTime(written float64) {
	if r.at+kernelSide <= written {
		if r.short > 0 && r.started%frameRate == 0 {
			r.short--
		}
		return
	}
	if r.short++; r.short > shortMost {
		r.reserve = min(2*r.reserve, reserveMost)
		r.running = false
	}
}
