package media

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
	"foyer/engine/internal/ratelimit"
	"foyer/engine/media/pixel"
	"foyer/engine/media/vp8"
)

const (
	// packetQueue is how many packets wait between network and decoder. When
	// it is full the network's own buffer fills, and that one drops.
	packetQueue = 256
	// keyRetry is the shortest time between two requests for a key frame, and
	// how long we wait for the first one before we ask.
	keyRetry = 500 * time.Millisecond
	// maxKeyRetry is the longest: nothing comes, so nobody may be sending.
	maxKeyRetry = 4 * time.Second
	// mutedPause is how long a track that is announced as muted stays visible
	// without new frames; the announcement alone may be out of date.
	mutedPause = time.Second
	// darkPause is how long a track without a frame keeps its decoder.
	darkPause = 5 * time.Second
	// blankSide: a server sends frames of 8x8 when a track is muted or ends
	// (LiveKit pkg/sfu/downtrack.go, VP8KeyFrame8x8).
	blankSide = 8
)

// videoReceiver decodes one VP8 track into its slot.
type videoReceiver struct {
	track call.RemoteTrack
	slot  call.FrameSlot
	log   logrus.FieldLogger
	stats receiverStats

	packets chan *packet
	pool    *sync.Pool // apart: what it lies in lives on until the second collection after its last use
	claim   *claim
	hidden  atomic.Bool   // nobody wants the frames
	overrun atomic.Bool   // packets were thrown away, as too many wait
	turn    chan struct{} // 1-slot: hidden has changed
	stop    chan struct{}
	once    sync.Once
	wg      sync.WaitGroup

	// Used only by the worker.
	resting   bool // hidden, and everything is given back
	reorder   reorder
	assembler assembler
	playout   playout
	sync      lipSync
	decoder   *vp8.Decoder    // nil until the first key frame, and while resting
	frame     call.VideoFrame // in the decoder's memory
	size      int             // pixels that were granted last
	resizes   ratelimit.Pace
	notBefore time.Time // of the next try, after one that was too much
	converter pixel.Converter
	have      bool      // frame is whole and may be shown
	playedAt  time.Time // when it was decoded
	shown     call.View // what the slot's frame was made for
	broken    bool      // the decoder needs a key frame before anything else
	wait      keyWait
}

// keyWait is the wait for a key frame.
type keyWait struct {
	wanted  bool
	asked   time.Time     // the last request
	retry   time.Duration // until the next one
	traffic bool          // packets have come since
}

func newVideoReceiver(b *budget, t call.RemoteTrack, clock playoutClock, log logrus.FieldLogger) *videoReceiver {
	r := newReceiverState(b, t, clock, log)
	r.wg.Go(r.read)
	r.wg.Go(r.work)
	return r
}

// newReceiverState is a receiver without its goroutines and its decoder.
func newReceiverState(b *budget, t call.RemoteTrack, clock playoutClock, log logrus.FieldLogger) *videoReceiver {
	info := t.Info()
	now := time.Now()
	r := &videoReceiver{
		track:   t,
		log:     log.WithFields(logrus.Fields{"track": info.SID, "identity": t.Owner()}),
		packets: make(chan *packet, packetQueue),
		claim:   b.claim(t.Owner()),
		turn:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		broken:  true,
		wait:    keyWait{wanted: true, asked: now.Add(-keyRetry), retry: keyRetry},
		sync:    lipSync{clock: clock, report: t.SenderReport, rate: max(t.ClockRate(), 1)},
	}
	r.stats.remote = call.RemoteStats{ID: t.Owner(), SID: info.SID, Source: info.Source, Codec: t.MIME()}
	r.pool = &sync.Pool{New: func() any { return new(packet) }}
	r.reorder.release = r.release
	return r
}

// Slot implements [call.Receiver].
func (r *videoReceiver) Slot() *call.FrameSlot { return &r.slot }

// Stats implements [call.Receiver].
func (r *videoReceiver) Stats() call.RemoteStats { return r.stats.read(time.Now()) }

// Close implements [call.Receiver].
func (r *videoReceiver) Close() {
	r.once.Do(func() { close(r.stop) })
	r.track.Interrupt()
	r.wg.Wait()
	r.claim.release()
}

// Show implements [call.Receiver].
func (r *videoReceiver) Show(wanted bool) {
	if r.hidden.Swap(!wanted) == wanted {
		select {
		case r.turn <- struct{}{}:
		default:
		}
	}
}

// SetGain implements [call.Receiver]: frames are not heard.
func (r *videoReceiver) SetGain(float32) {}

// release gives back a packet that has waited.
func (r *videoReceiver) release(p *packet) {
	r.claim.dequeue(maxRTPBytes)
	r.pool.Put(p)
}

// read carries packets from the network to the worker until the track ends.
func (r *videoReceiver) read() {
	defer guard.Recover(r.log, "reader of a video track")
	defer close(r.packets)
	var ps parser
	for {
		p := r.pool.Get().(*packet)
		n, err := r.track.ReadRTP(p.buf[:])
		switch {
		case errors.Is(err, io.ErrShortBuffer):
			r.pool.Put(p) // longer than any real packet
			continue
		case err != nil:
			r.log.WithError(err).Debug("video track ended")
			return
		}
		p.arrived = time.Now()
		r.stats.received(n)
		if err := ps.parse(p, n); err != nil {
			r.log.WithError(err).Trace("packet dropped")
			r.pool.Put(p)
			continue
		}
		if hidden := r.hidden.Load(); hidden || !r.claim.enqueue(maxRTPBytes) {
			r.overrun.Store(!hidden)
			r.pool.Put(p)
			continue
		}
		select {
		case r.packets <- p:
		case <-r.stop:
			return
		}
	}
}

// work shows frames until the track ends or the receiver is closed. A panic
// ends the track: nobody would decode the rest.
func (r *videoReceiver) work() {
	func() {
		defer guard.Recover(r.log, "decoder of a video track")
		r.decodeAll()
	}()
	select {
	case <-r.stop:
	default:
		r.track.Interrupt()
		r.drain()
	}
}

// decodeAll turns packets into frames.
func (r *videoReceiver) decodeAll() {
	defer r.rest()
	timer := time.NewTimer(keyRetry)
	defer timer.Stop()
	tick := time.NewTicker(keyRetry)
	defer tick.Stop()
	for {
		select {
		case p, open := <-r.packets:
			if !open {
				return
			}
			r.accept(p)
		case <-timer.C:
		case <-tick.C:
			r.houseKeep(time.Now())
		case <-r.turn:
			r.turned(time.Now())
		case <-r.stop:
			return
		}
		timer.Reset(r.advance(time.Now()))
	}
}

// drain reads on without a decoder until the track ends.
func (r *videoReceiver) drain() {
	for p := range r.packets {
		r.release(p)
	}
}

// accept takes a packet from the network.
func (r *videoReceiver) accept(p *packet) {
	if r.resting {
		r.release(p)
		return
	}
	if r.overrun.Swap(false) {
		r.overload(p.arrived)
	}
	r.wait.traffic = true
	r.stats.jitter(p, r.sync.rate)
	now := p.arrived // push may give p back to the reader
	if r.reorder.push(p, now) {
		r.log.Debug("another stream begins on the same track")
		r.lose(now)
	}
	r.assemble(now)
}

// assemble hands on what is in order.
func (r *videoReceiver) assemble(now time.Time) {
	for p := r.reorder.next(now); p != nil; p = r.reorder.next(now) {
		frames, ok := r.assembler.add(p)
		r.release(p)
		for _, f := range frames {
			r.enqueue(f, now)
		}
		if !ok {
			r.needKey(now)
		}
		if !r.claim.hold(r.assembler.held() + r.playout.bytes) {
			r.overload(now)
		}
	}
}

// enqueue gives a complete frame its time.
func (r *videoReceiver) enqueue(f *encodedFrame, now time.Time) {
	if f.key {
		r.wait.wanted, r.wait.retry = false, keyRetry
	} else if r.wait.wanted {
		r.needKey(now)
	}
	r.playout.put(f, r.sync.due(f.timestamp, now))
}

// advance gives up what has waited too long, shows what is due, and returns how
// long until there is something to do again.
func (r *videoReceiver) advance(now time.Time) time.Duration {
	until, open := r.reorder.gap()
	for open && !now.Before(until) {
		r.stats.lose(r.reorder.skip(now))
		r.lose(now)
		r.assemble(now)
		until, open = r.reorder.gap()
	}
	if open {
		r.stats.stall()
	}
	r.play(now)
	wake := now.Add(keyRetry)
	if open && until.Before(wake) {
		wake = until
	}
	if due, ok := r.playout.next(); ok && due.Before(wake) {
		wake = due
	}
	return max(wake.Sub(now), 0)
}

// lose records that packets are missing.
func (r *videoReceiver) lose(now time.Time) {
	r.assembler.lose()
	r.needKey(now)
}

// needKey asks for a key frame, unless one was asked for just now.
func (r *videoReceiver) needKey(now time.Time) {
	r.stats.stall()
	r.wait.wanted = true
	if now.Sub(r.wait.asked) >= keyRetry && !now.Before(r.notBefore) {
		r.askKey(now)
	}
}

func (r *videoReceiver) askKey(now time.Time) {
	r.wait.asked, r.wait.traffic = now, false
	r.stats.keyRequest()
	r.track.RequestKeyFrame()
}

// houseKeep asks again for a key frame, ever more rarely while nothing comes,
// and keeps the slot in step with what no packet tells.
func (r *videoReceiver) houseKeep(now time.Time) {
	if r.resting {
		return
	}
	if r.claim.yielded() {
		r.refuse(now)
	}
	if r.wait.traffic {
		r.wait.retry = keyRetry
	}
	if r.wait.wanted && now.Sub(r.wait.asked) >= r.wait.retry && !now.Before(r.notBefore) {
		r.wait.retry = min(2*r.wait.retry, maxKeyRetry)
		r.askKey(now)
	}
	switch {
	case !r.have:
		if r.decoder != nil && now.Sub(r.playedAt) > darkPause {
			r.closeDecoder()
			r.broken = true
		}
	case r.track.Info().Muted && now.Sub(r.playedAt) > mutedPause:
		r.blank()
	case r.slot.View() != r.shown:
		r.show() // the tile changed and no new frame has come
	}
}

// play decodes and shows what is due.
func (r *videoReceiver) play(now time.Time) {
	for {
		f, last := r.playout.take(now)
		if f == nil {
			return
		}
		if r.decode(f, now) && last {
			r.show()
		}
		r.assembler.recycle(f)
	}
}
