package voice

import "math"

// rumble is below this: voices begin at 85 Hz.
const rumble = 80.0 // Hz

// highPass takes out rumble, hum and what a microphone has at 0 Hz: a Butterworth
// filter of second order (Bristow-Johnson's Audio EQ Cookbook).
type highPass struct {
	b0, b1, b2, a1, a2 float64
	x1, x2, y1, y2     float64
	share              float32 // of it in what is heard
}

func newHighPass() highPass {
	sin, cos := math.Sincos(2 * math.Pi * rumble / sampleRate)
	alpha := sin / math.Sqrt2
	a0 := 1 + alpha
	return highPass{
		b0: (1 + cos) / 2 / a0, b1: -(1 + cos) / a0, b2: (1 + cos) / 2 / a0,
		a1: -2 * cos / a0, a2: (1 - alpha) / a0,
	}
}

func (h *highPass) process(frame []float32) {
	for i, v := range frame {
		x := float64(v)
		y := h.b0*x + h.b1*h.x1 + h.b2*h.x2 - h.a1*h.y1 - h.a2*h.y2
		h.x1, h.x2, h.y1, h.y2 = x, h.x1, y, h.y1
		frame[i] = float32(y)
	}
}
