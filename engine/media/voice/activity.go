package voice

// A voice is louder than the room and has a pitch.
const (
	activityOver    = 9.0  // dB over the room
	activityLeast   = -55  // dBFS; softer is nobody
	activityHold    = 20   // frames: 200 ms, over the stops inside words
	activityFall    = 0.25 // share of the way down, a frame
	activityRise    = 0.02 // dB a frame: 2 dB a second
	activityStart   = -60
	activityPitch   = 0.4 // correlation of a pitch period with the next
	activitySpeech  = 0.5 // of a suppressor that is sure of a voice
	activityNoSpeak = 0.1

	slowRate   = 8000
	slowEvery  = sampleRate / slowRate
	slowFrame  = FrameSamples / slowEvery
	slowBuffer = 4 * slowFrame          // 40 ms
	pitchLow   = slowRate / 400         // samples of a period
	pitchHigh  = slowRate / 80          // samples
	pitchOver  = slowBuffer - pitchHigh // samples that are compared
)

// activity reports whether somebody speaks into the microphone.
type activity struct {
	floor float32 // level of the room, dBFS
	hold  int
	slow  [slowBuffer]float32 // at slowRate
}

func newActivity() activity { return activity{floor: activityStart} }

// process judges a frame. speech is what a suppressor thinks, negative if none does.
func (a *activity) process(frame []float32, speech float32) bool {
	copy(a.slow[:], a.slow[slowFrame:])
	for i := range slowFrame {
		var sum float32
		for _, v := range frame[i*slowEvery : (i+1)*slowEvery] {
			sum += v
		}
		a.slow[slowBuffer-slowFrame+i] = sum / slowEvery
	}
	level := decibels(power(frame))
	if level < a.floor {
		a.floor += (level - a.floor) * activityFall
		a.floor = max(a.floor, activityStart-20)
	} else {
		a.floor += activityRise
	}
	loud := level > activityLeast && level > a.floor+activityOver
	switch {
	case loud && speech >= activitySpeech, loud && (speech < 0 || speech > activityNoSpeak) && a.pitch() > activityPitch:
		a.hold = activityHold
	case a.hold > 0:
		a.hold--
	}
	return a.hold > 0
}

// pitch is how like one period is to the next, at the best of all periods.
//
//go:norace
func (a *activity) pitch() float32 {
	var best float32
	now := a.slow[pitchHigh:]
	energy := power(now) * pitchOver
	for lag := pitchLow; lag <= pitchHigh; lag++ {
		before := a.slow[pitchHigh-lag : pitchHigh-lag+pitchOver]
		var both, old float32
		for i, v := range before {
			both += v * now[i]
			old += v * v
		}
		if both <= 0 {
			continue
		}
		if c := both * both / (energy*old + 1e-12); c > best {
			best = c
		}
	}
	return best
}
