package voice

import "time"

// A frame has to be done well before the next one comes: the encoder, and all else on
// this computer, need time too.
const (
	frameLength   = time.Second / frameRate
	budgetShare   = 0.6
	budgetAverage = 50                    // frames: faster than what waits is dropped
	budgetMost    = 50 * time.Millisecond // of one: a computer that was stopped is not slow
)

// budget is how much of the time there is the parts have taken of late.
type budget struct {
	now               func() time.Time
	echo, noise, rest float32 // of frameLength
	lap               time.Time
}

func (b *budget) begin() { b.lap = b.now() }

// spent notes that the time since the last lap went into part.
func (b *budget) spent(part *float32) {
	now := b.now()
	took := min(now.Sub(b.lap), budgetMost)
	b.lap = now
	*part += (float32(took)/float32(frameLength) - *part) / budgetAverage
}

func (b *budget) over() bool { return b.echo+b.noise+b.rest > budgetShare }

// forget begins anew, after something was given up.
func (b *budget) forget() { b.echo, b.noise, b.rest = 0, 0, 0 }
