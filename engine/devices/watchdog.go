package devices

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"foyer/engine/call"
)

// The watchdog of audio: drivers never report that a device is dead, it just
// stops asking. Chunks come every 10 to 20 ms.
const (
	watchEvery  = 250 * time.Millisecond
	quietLimit  = time.Second     // after such a silence the sound system is asked
	askEvery    = 2 * time.Second // and anyway
	answerLimit = time.Second     // it must answer in that time
)

// heartbeat tells how long ago the driver called. Any goroutine.
type heartbeat struct {
	start time.Time
	last  atomic.Int64 // ns since start
}

func newHeartbeat() *heartbeat { return &heartbeat{start: time.Now()} }

func (h *heartbeat) hear()                { h.last.Store(int64(time.Since(h.start))) }
func (h *heartbeat) quiet() time.Duration { return time.Since(h.start) - time.Duration(h.last.Load()) }

// watchdog watches over one stream, in its owner's goroutine.
type watchdog struct {
	*handle
	stream AudioStream
	heart  *heartbeat
	wg     *sync.WaitGroup // counts the questions that are open
	answer chan error      // of the open question; nil if there is none
}

// run returns when the owner shall stop, or when the stream is dead: it has been
// quiet, and the sound system says that the device is gone, or does not answer.
// A source that merely has nothing to say is left alone. A device that is gone is
// lost even if something is still heard: PulseAudio moves the recorder of the
// last microphone to what the loudspeaker plays.
func (w *watchdog) run() {
	w.heart.hear()
	asked := time.Now()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-ticker.C:
		}
		if w.heart.quiet() < quietLimit && time.Since(asked) < askEvery {
			continue
		}
		err := w.ask()
		asked = time.Now()
		if w.stopping() {
			return
		}
		quiet := w.heart.quiet() >= quietLimit
		if err != nil && (quiet || errors.Is(err, call.ErrDeviceLost)) {
			w.lose(err)
			return
		}
		if quiet {
			w.heart.hear() // ask again only after another time of silence
		}
	}
}

// errNoAnswer is a sound system that hangs.
var errNoAnswer = errors.New("the sound system does not answer")

// ask asks the sound system whether the device is still there. A question that
// hangs stays the only one.
func (w *watchdog) ask() error {
	if w.answer == nil {
		answer := make(chan error, 1)
		w.wg.Go(func() { answer <- guardErr(w.stream.Check) })
		w.answer = answer
	}
	late := time.NewTimer(answerLimit)
	defer late.Stop()
	select {
	case err := <-w.answer:
		w.answer = nil
		return err
	case <-w.stop:
		return nil
	case <-late.C:
		return errNoAnswer
	}
}

// startAudio starts a microphone or speaker, and who watches it.
func (d *Devices) startAudio(
	ctx context.Context, h *handle, choice string, alive *heartbeat, open func() (AudioStream, error),
) error {
	return d.start(ctx, h.info.Source.String()+" "+choice, h, func() (openDevice, error) {
		stream, err := open()
		if err != nil {
			return openDevice{}, err
		}
		h.info = stream.Info()
		dog := &watchdog{handle: h, stream: stream, heart: alive, wg: &d.wg}
		return openDevice{run: dog.run, close: stream.Close}, nil
	})
}
