package devices

import (
	"context"
	"sync"

	"foyer/engine/call"
)

// lister enumerates one driver, never twice at the same time: a driver that
// hangs costs one goroutine however often it is asked.
type lister struct {
	list  func() ([]call.Device, error)
	begin func() error // counts the run in, unless everything is closed
	end   func()

	mu      sync.Mutex
	running chan struct{} // nil while idle; closed at the end of the run
	known   []call.Device
	err     error
}

// cached is what the last run has found.
func (l *lister) cached() []call.Device {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known
}

// refresh enumerates anew and waits for the answer or the context.
func (l *lister) refresh(ctx context.Context) ([]call.Device, error) {
	l.mu.Lock()
	if l.running == nil {
		if err := l.begin(); err != nil {
			l.mu.Unlock()
			return nil, err
		}
		l.running = make(chan struct{})
		go l.run(l.running)
	}
	done := l.running
	l.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
		return l.cached(), interrupted(ctx, call.ErrDeviceFailed)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known, l.err
}

func (l *lister) run(done chan struct{}) {
	defer l.end()
	known, err := guardDriver(l.list)
	l.mu.Lock()
	l.known, l.err, l.running = known, err, nil
	l.mu.Unlock()
	close(done)
}
