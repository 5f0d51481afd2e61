package media

import (
	"errors"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/ratelimit"
	"foyer/engine/media/pixel"
	"foyer/engine/media/vp8"
)

const (
	// A track may change the size of its frames so often: each change makes the
	// decoder's buffers anew. A server goes through two or three sizes whenever a
	// camera is on again, and people press the button a few times in a row.
	resizesPerSecond = 4
	resizesBurst     = 24
	// refusedPause is how long a track waits that was too much.
	refusedPause = 4 * time.Second
)

// decode reports whether there is a new frame to show.
func (r *videoReceiver) decode(f *encodedFrame, now time.Time) bool {
	if f.afterLoss {
		r.broken = true
	}
	if now.Before(r.notBefore) {
		return false
	}
	if r.broken && !f.key {
		r.needKey(now) // the one that came may have been refused, or was in time for a pause
		return false
	}
	if f.key && !r.admit(f.data, now) {
		return false
	}
	if r.decoder == nil {
		return false // a delta after the decoder was given back
	}
	frame, err := r.decoder.Peek(f.data)
	r.frame = frame // the one before is gone, whatever came of it
	if err != nil && !errors.Is(err, vp8.ErrHidden) {
		r.log.WithError(err).Debug("frame dropped")
		r.broken, r.have = true, false
		r.needKey(now)
		return false
	}
	r.broken = false
	if err != nil {
		return false
	}
	r.have, r.playedAt = true, now
	r.stats.decoded(f, now, r.frame.Width, r.frame.Height)
	return true
}

// admit makes room for the frames that a key frame begins, and a decoder if
// there is none. It reports false if they are too much, or change too often.
func (r *videoReceiver) admit(data []byte, now time.Time) bool {
	h, err := vp8.ParseHeader(data)
	if err != nil {
		r.log.WithError(err).Debug("frame dropped")
		r.broken, r.have = true, false
		r.needKey(now)
		return false
	}
	if h.Width == blankSide && h.Height == blankSide {
		r.blank() // and the decoder keeps its buffers: the camera may be on again in a moment
		r.broken = true
		return false
	}
	pixels := h.Width * h.Height
	changes := r.size != pixels
	if changes && !r.resizes.Allow(now, resizesPerSecond, resizesBurst) || !r.claim.resize(pixels) {
		r.log.WithField("pixels", pixels).Debug("frames refused")
		r.refuse(now)
		return false
	}
	r.size = pixels
	if r.decoder != nil {
		return true
	}
	if r.decoder, err = vp8.NewDecoder(); err != nil {
		r.log.WithError(err).Error("no video decoder")
		r.decoder = nil
		r.refuse(now)
		return false
	}
	r.stats.refused(false)
	return true
}

// refuse gives everything back that the frames have taken, and tries again
// after a pause.
func (r *videoReceiver) refuse(now time.Time) {
	r.closeDecoder()
	r.stats.refused(true)
	r.notBefore = now.Add(refusedPause)
	r.broken, r.wait.wanted = true, true
}

// closeDecoder gives back the decoder, its frames and their share of the
// budget.
func (r *videoReceiver) closeDecoder() {
	r.have = false
	r.slot.Release()
	r.frame, r.converter = call.VideoFrame{}, pixel.Converter{}
	if r.decoder != nil {
		r.decoder.Close()
		r.decoder = nil
		r.claim.budget.trim.soon()
	}
	r.claim.resize(0)
}

// overload throws away what waits: more comes than the track's share.
func (r *videoReceiver) overload(now time.Time) {
	r.reorder.drain()
	r.reorder.started = false
	r.discard()
	r.lose(now)
}

// discard empties the queues of frames.
func (r *videoReceiver) discard() {
	r.playout = playout{}
	if r.assembler.building != nil {
		r.assembler.lose()
	}
	r.assembler.spare = nil
	r.claim.hold(0)
}

// turned follows what [videoReceiver.Show] was last told.
func (r *videoReceiver) turned(now time.Time) {
	switch hidden := r.hidden.Load(); {
	case hidden == r.resting:
	case hidden:
		r.rest()
	default:
		r.resting = false
		r.stats.pause(false)
		r.wait = keyWait{retry: keyRetry}
		r.notBefore, r.resizes = time.Time{}, ratelimit.Pace{} // it is our wish, not the sender's
		r.assembler.lost = true                                // whatever came meanwhile
		r.needKey(now)
	}
}

// rest gives everything back.
func (r *videoReceiver) rest() {
	r.resting = true
	r.stats.pause(true)
	r.closeDecoder()
	r.reorder.drain()
	r.reorder.started = false
	r.discard()
	r.broken = true
}

// show converts the frame for the tile.
func (r *videoReceiver) show() {
	v := r.slot.View()
	r.shown = v
	if r.frame.Width == 0 {
		return // a hidden frame came after it; the next frame is drawn
	}
	r.slot.SetSourceSize(r.frame.Width, r.frame.Height)
	render(&r.slot, &r.converter, &r.frame, v)
}

func (r *videoReceiver) blank() {
	r.have = false
	r.slot.Clear()
}

// render converts f into the slot, unless nobody looks. A tile that is larger than the
// frame enlarges it by itself.
func render(slot *call.FrameSlot, c *pixel.Converter, f *call.VideoFrame, v call.View) {
	if v.Width <= 0 || v.Height <= 0 || v.Width > pixel.MaxSide || v.Height > pixel.MaxSide {
		return
	}
	v = pixel.Unenlarged(f.Width, f.Height, v)
	if c.Convert(slot.Begin(v.Width, v.Height), f, v) {
		slot.Commit()
	}
}
