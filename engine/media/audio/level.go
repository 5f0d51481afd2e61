package audio

import "math"

// Loudness is measured in dBov: 0 is the loudest possible (a full-scale square
// wave), -127 stands for silence (RFC 6464).
const (
	silentDBov = 127
	meterFloor = 60 // dB below the top where the meter of the window ends

	meterBlock  = 960 // 20 ms
	meterBlocks = 5   // 100 ms
)

// energy is the sum of the squares.
func energy(s []int16) float64 {
	var sum int64
	for _, v := range s {
		sum += int64(v) * int64(v)
	}
	return float64(sum)
}

// minusDBov is the loudness in -dBov, 0 loudest .. 127 silent.
func minusDBov(meanSquare float64) float64 {
	if meanSquare <= 0 {
		return silentDBov
	}
	return min(max(-10*math.Log10(meanSquare/(32767*32767)), 0), silentDBov)
}

// meterLevel is how far a meter goes out, 0..1, linear in dB over the range that
// speech uses.
func meterLevel(meanSquare float64) float32 {
	return float32(max(0, 1-minusDBov(meanSquare)/meterFloor))
}

// meter is the loudness of the last 100 ms. It belongs to one goroutine.
type meter struct {
	blocks [meterBlocks]float64 // mean squares of 20 ms each
	next   int
	sum    float64
	n      int
}

// add measures some more samples (of any number of channels).
func (m *meter) add(samples []int16, channels int) {
	m.sum += energy(samples)
	m.n += len(samples)
	if m.n >= meterBlock*channels {
		m.blocks[m.next] = m.sum / float64(m.n)
		m.next = (m.next + 1) % meterBlocks
		m.sum, m.n = 0, 0
	}
}

// level is the meter's reading, 0..1.
func (m *meter) level() float32 {
	sum := 0.0
	for _, b := range m.blocks {
		sum += b
	}
	return meterLevel(sum / meterBlocks)
}

// voiceDetector tells speech from the room by its loudness over the background.
// It is meant for the V bit of RFC 6464 and for a speaking mark, not for cutting
// anything out.
type voiceDetector struct {
	floor float64 // background in dBov
	hold  int     // frames for which the mark stays
}

const (
	voiceOverFloor  = 9.0   // dB
	voiceMinimum    = -55.0 // dBov; softer is nobody
	voiceHoldFrames = 10    // 200 ms, over the stops inside words
	floorRise       = 0.04  // dB a frame: 2 dB a second
	floorFall       = 0.5   // share of the way down
	floorStart      = -60.0
)

func newVoiceDetector() voiceDetector { return voiceDetector{floor: floorStart} }

// frame judges 20 ms by their loudness in dBov.
func (v *voiceDetector) frame(dBov float64) bool {
	if dBov < v.floor {
		v.floor += (dBov - v.floor) * floorFall
	} else {
		v.floor += floorRise
	}
	if dBov > voiceMinimum && dBov > v.floor+voiceOverFloor {
		v.hold = voiceHoldFrames
	} else if v.hold > 0 {
		v.hold--
	}
	return v.hold > 0
}
