package devices

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"foyer/engine/call"
)

// The watchdog of sound: drivers never report that a device is dead, it just
// stops asking. Chunks come every 10 to 20 ms.
const (
	watchEvery  = 250 * time.Millisecond
	quietLimit  = time.Second // then the sound system is asked
	answerLimit = time.Second // it must answer in that time
)

// heart tells how long ago the driver called. Any goroutine.
type heart struct {
	start time.Time
	last  atomic.Int64 // ns since start
}

func newHeart() *heart { return &heart{start: time.Now()} }

func (h *heart) beat()                { h.last.Store(int64(time.Since(h.start))) }
func (h *heart) quiet() time.Duration { return time.Since(h.start) - time.Duration(h.last.Load()) }

// watch returns when the owner shall stop, or when the stream is dead: it has
// been quiet and the sound system says that the device is gone, or does not
// answer. A source that merely has nothing to say is left alone.
func (h *handle) watch(stream SoundStream, heart *heart, checks *sync.WaitGroup) {
	heart.beat()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-h.stop:
			return
		case <-ticker.C:
		}
		if heart.quiet() < quietLimit {
			continue
		}
		err := h.check(stream, checks)
		if h.stopping() {
			return
		}
		if err != nil && heart.quiet() >= quietLimit {
			h.lose(err)
			return
		}
		heart.beat() // ask again only after another time of silence
	}
}

func (h *handle) check(stream SoundStream, checks *sync.WaitGroup) error {
	answer := make(chan error, 1)
	checks.Go(func() { answer <- guardErr(stream.Check) })
	late := time.NewTimer(answerLimit)
	defer late.Stop()
	select {
	case err := <-answer:
		return err
	case <-h.stop:
		return nil
	case <-late.C:
		return fmt.Errorf("%w: the sound system does not answer", call.ErrDeviceLost)
	}
}

// startSound starts the owner of a microphone or speaker and waits until it is
// open or the context ends.
func (d *Devices) startSound(ctx context.Context, h *handle, choice string, beat *heart, open func() (SoundStream, error)) error {
	dev := h.info
	key := dev.Source.String() + " " + choice
	if err := d.enter(ctx, key, h); err != nil {
		return deviceError(dev, err)
	}
	go d.own(key, h, func() (func() error, func(), error) {
		stream, err := open()
		if err != nil {
			return nil, nil, err
		}
		h.info = stream.Info()
		var checks sync.WaitGroup
		closeStream := func() error {
			defer checks.Wait() // a check ends when the sound system answers or dies
			return stream.Close()
		}
		return closeStream, func() { h.watch(stream, beat, &checks) }, nil
	})
	return d.await(ctx, h, dev)
}
