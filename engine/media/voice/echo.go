package voice

// Two cancellers hear the same. The linear one takes out an echo slowly and never all
// of it, but leaves a near voice alone. AEC3 takes out nearly everything at once, a
// part of the near voice too: while both speak, half of it. What is left by both is
// compared: where AEC3 leaves much of what the linear one does, that is a near voice,
// and the linear one's is heard; where it leaves little, that was echo.
const (
	// idleAfter is how many frames after the loudspeaker was last heard the echo is
	// still looked for: rooms and devices together do not hold it longer.
	idleAfter = 3 * frameRate
	idleFades = 25  // frames in which the linear one, all that is heard then, takes over
	blindFor  = 25  // frames in which a new AEC3 does not know the echo that is in the room
	aecDelay  = 431 // samples by which AEC3's filter bank is late, as measured
)

// Thresholds, of power if nothing else is said. Between two of them the decision is gradual.
const (
	voiceFrom  = 12    // times the expected echo: from here on it may be a near voice,
	voiceSure  = 35    // and from here on it surely is
	echoOnly   = 0.05  // share of the linear one's that AEC3 leaves of nothing but echo: -13 dB
	nearToo    = 0.2   // and of a near voice: -7 dB
	mostlyEcho = 0.05  // share of the microphone's that AEC3 leaves of nothing but echo: -13 dB
	unsure     = 0.16  // share that a linear one leaves that has not found the echo: -8 dB
	sure       = 0.04  // and one that has: -14 dB
	farMin     = 0.006 // the smallest share that is believed
	letsBy     = 0.6   // of passes: what AEC3 leaves is no echo, whether or not the linear one has found one
)

// Smoothing, a frame: what remains of the old value (decay), or the share of the way to
// the new one (rise, fall, step).
const (
	powerDecay  = 0.6  // of the powers that are compared
	shareDecay  = 0.85 // of the linear one's share in what is heard
	passesDecay = 0.985
	farRise     = 0.003 // of what the linear one leaves of an echo: slow when it leaves more,
	farFall     = 0.05  // faster when it leaves less
	factorStep  = 0.2
)

// Factors of what AEC3 leaves, when that is only echo.
const (
	echoFactor  = 0.2 // -14 dB
	blindFactor = 0.05
)

// echo takes what the loudspeaker plays out of what the microphone hears.
type echo struct {
	linear *linear
	rest   *pending[*aec3] // nil until something is played
	silent int             // frames since something was

	late              [aecDelay + FrameSamples]float32 // the linear one's, as late as AEC3's
	raw               [FrameSamples]float32
	before            float32 // power in the microphone
	leftLinear, left3 float32 // power that is left
	far               float32 // share that the linear one leaves of an echo
	found             bool    // the linear one has taken most of an echo out, and not lost it again
	passes            float32 // whether AEC3 has let a near voice through of late
	share             float32 // of the linear one in what is heard
	factor            float32 // of AEC3
	blind             int     // frames for which AEC3 is not to be trusted
}

// newEcho returns one for a microphone whose last frame was before: from its first frame on
// it is late.
func newEcho(f *fft, before *[FrameSamples]float32) *echo {
	e := &echo{linear: newLinear(f), silent: idleAfter + idleFades, far: 1, share: 1, factor: 1}
	copy(e.late[aecDelay:], before[:])
	return e
}

// prepare makes AEC3 ready before something is played.
func (e *echo) prepare(l *Library) {
	if e.rest == nil {
		e.rest = begin(l, newAEC3)
	}
}

func (e *echo) close() { e.rest.drop() }

// process takes the echo of ref, and of what was before it, out of mic, which is late
// by aecDelay then.
func (e *echo) process(l *Library, ref, mic []float32) error {
	copy(e.raw[:], mic)
	if e.silent++; peak(ref) > quiet {
		e.silent = 0
	}
	jumped := e.linear.process(ref, mic)
	copy(e.late[:], e.late[FrameSamples:])
	copy(e.late[aecDelay:], mic)
	copy(mic, e.late[:])
	if e.silent >= idleAfter+idleFades {
		e.share, e.factor = 1, 1
		return nil
	}
	e.prepare(l)
	aec, ready, err := e.rest.take()
	if !ready {
		return err
	}
	if jumped && e.found {
		err = aec.begin() // it needs seconds to find the echo again, and none to begin anew
		e.far, e.found, e.passes, e.blind = 1, false, 0, blindFor
	}
	before := power(e.raw[:])
	if err == nil {
		err = aec.process(ref, e.raw[:])
	}
	if err == nil {
		e.judge(before, power(mic), power(e.raw[:]))
		e.share = max(e.share, float32(e.silent-idleAfter)/idleFades)
		e.mix(mic)
	}
	return err
}

// judge decides which of the two is heard.
func (e *echo) judge(before, linear, aec float32) {
	e.before += (before - e.before) * (1 - powerDecay)
	e.leftLinear += (linear - e.leftLinear) * (1 - powerDecay)
	e.left3 += (aec - e.left3) * (1 - powerDecay)
	if e.left3 < mostlyEcho*e.before {
		leaves, learns := e.leftLinear/(e.before+floorPower), float32(farRise)
		switch {
		case leaves < e.far:
			learns = farFall
		case e.passes > 0.3:
			learns = 0
		}
		e.far = max(e.far+(min(leaves, 1)-e.far)*learns, farMin)
	}
	e.found = e.found || e.far < sure
	e.passes = max(between(e.left3, echoOnly*e.leftLinear, nearToo*e.leftLinear), e.passes*passesDecay)
	expected := e.far * e.before
	near := e.passes * between(e.leftLinear, voiceFrom*expected, voiceSure*expected) * (1 - between(e.far, sure, unsure))
	e.share = max(near, e.share*shareDecay)
}

// between is how far v is from low to high, 0 to 1.
func between(v, low, high float32) float32 {
	return min(max((v-low)/(high-low+1e-20), 0), 1)
}

// mix makes of mic, the linear one's, and raw, AEC3's, what is heard.
func (e *echo) mix(mic []float32) {
	want := float32(1)
	switch {
	case e.blind > 0:
		want = blindFactor
		e.blind--
	case e.share < 0.1 && e.passes < letsBy: // and not because there is no echo
		want = echoFactor
	}
	from := e.factor
	e.factor += (want - e.factor) * factorStep
	for i, v := range mic {
		f := from + (e.factor-from)*float32(i)/FrameSamples
		mic[i] = e.share*v + (1-e.share)*f*e.raw[i]
	}
}
