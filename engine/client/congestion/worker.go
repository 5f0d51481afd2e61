package congestion

import (
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/sirupsen/logrus"

	"foyer/engine/internal/guard"
)

// worker is an interceptor that has a goroutine, from when RTCP can be written until
// the connection ends.
type worker struct {
	interceptor.NoOp
	log   logrus.FieldLogger
	stop  chan struct{}
	wake  chan struct{} // 1 slot: something is to be done
	once  sync.Once
	group sync.WaitGroup
}

func newWorker(log logrus.FieldLogger) *worker {
	return &worker{log: log, stop: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// start begins the goroutine; what names it. It calls work when it is woken, and as
// long after the last time as that said; 0: when it is woken.
func (w *worker) start(what string, work func() (next time.Duration)) {
	w.group.Go(func() {
		defer guard.Recover(w.log, what)
		timer := time.NewTimer(0)
		defer timer.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-w.wake:
			case <-timer.C:
			}
			if next := work(); next > 0 {
				timer.Reset(next)
			}
		}
	})
}

// nudge wakes the goroutine.
func (w *worker) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Close implements [interceptor.Interceptor]: the goroutine has ended when it returns.
func (w *worker) Close() error {
	w.once.Do(func() { close(w.stop) })
	w.group.Wait()
	return nil
}

// tap calls f for each packet that is read, before whoever reads it has it. A panic costs
// what f does with the packet: pion reads some packets in goroutines of its own, in which
// one would end the program.
func (w *worker) tap(reader interceptor.RTPReader, f func(h *rtp.Header, packet []byte)) interceptor.RTPReader {
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := reader.Read(b, a)
		if err != nil {
			return n, a, err
		}
		if a == nil {
			a = interceptor.Attributes{}
		}
		if h, err := a.GetRTPHeader(b[:n]); err == nil {
			w.guarded("reader of packets", func() { f(h, b[:n]) })
		}
		return n, a, nil
	})
}

// guarded calls f, and logs its panic.
func (w *worker) guarded(what string, f func()) {
	defer guard.Recover(w.log, what)
	f()
}
