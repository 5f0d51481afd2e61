package voice

// Automatic gain brings a voice to one loudness, slowly. It listens while somebody
// speaks, so that it does not bring up the room in the pauses.
const (
	gainTarget  = -21.0 // dBFS of a voice, RMS
	gainMost    = 18.0  // dB
	gainLeast   = -12.0
	gainRise    = 4.0 / frameRate  // dB a frame
	gainFall    = 12.0 / frameRate // dB a frame
	gainLearn   = 0.02             // a frame: about half a second
	gainNear    = 1.5              // dB around the target where it rests
	floorMost   = -50.0            // dBFS: it does not bring the room above that
	limitAt     = 0.89             // -1 dBFS
	limitFreed  = 0.05             // share of the way back, a frame
	learntAfter = 20               // frames of voice before its level is believed
)

type gain struct {
	level   float32 // of the voice, dBFS
	floor   float32 // of the room, dBFS
	heard   int     // frames of voice
	dB      float32
	applied float32 // factor at the end of the last frame
	limit   float32 // factor of the limiter
}

func newGain() gain { return gain{floor: -70, applied: 1, limit: 1} }

// process makes a frame as loud as wanted. voice says whether somebody speaks.
func (g *gain) process(frame []float32, voice bool) {
	g.learn(decibels(power(frame)), voice)
	g.step()
	to := amplitude(g.dB)
	if top := peak(frame) * to * g.limit; top > limitAt {
		g.limit *= limitAt / top
	} else {
		g.limit += (1 - g.limit) * limitFreed
	}
	to *= g.limit
	from, n := g.applied, float32(len(frame))
	for i := range frame {
		frame[i] *= from + (to-from)*float32(i+1)/n
	}
	g.applied = to
	clip(frame)
}

func (g *gain) learn(level float32, voice bool) {
	if !voice {
		if level > -99 {
			g.floor += (level - g.floor) * gainLearn
		}
		return
	}
	if g.heard++; g.heard == 1 {
		g.level = level
	}
	rate := float32(gainLearn)
	if level < g.level {
		rate /= 4 // the gaps between words are no voice
	}
	g.level += (level - g.level) * rate
}

// step moves a little towards the target.
func (g *gain) step() {
	if g.heard < learntAfter {
		return
	}
	want := min(max(gainTarget-g.level, gainLeast), gainMost)
	want = min(want, max(0, floorMost-g.floor))
	switch d := want - g.dB; {
	case d > gainNear:
		g.dB += gainRise
	case d < -gainNear:
		g.dB -= gainFall
	}
}

// clip rounds off what is above the limit within one frame.
func clip(frame []float32) {
	const room = 1 - limitAt
	for i, v := range frame {
		switch over := max(v, -v) - limitAt; {
		case over <= 0:
		case v > 0:
			frame[i] = limitAt + room*over/(over+room)
		default:
			frame[i] = -limitAt - room*over/(over+room)
		}
	}
}
