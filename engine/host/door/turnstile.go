package door

import (
	"context"
	"sync"
	"time"
)

// turnstile counts the requests that are in the door: joins and connects to /rtc*. The
// zero value is open.
type turnstile struct {
	mu       sync.Mutex
	stopping bool
	shut     chan struct{} // closed when a pause is over; nil without one
	count    int           // of those inside: a pause needs none, and a WaitGroup does not tell

	arriving sync.WaitGroup // those that are not decided yet
	inside   sync.WaitGroup // all, until they are over: a join's answer, a connect's end
}

// enter counts a join or a connect to LiveKit, unless the server stops. In a pause
// it waits. The caller says with arrived, once or more, when it is decided, and with
// gone when it is over.
func (e *turnstile) enter(ctx context.Context) (arrived, gone func(), ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.shut != nil {
		shut := e.shut
		e.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
		}
		e.mu.Lock()
		if ctx.Err() != nil {
			return nil, nil, false
		}
	}
	if e.stopping {
		return nil, nil, false
	}
	e.count++
	e.inside.Add(1)
	e.arriving.Add(1)
	return sync.OnceFunc(e.arriving.Done), e.leave, true
}

func (e *turnstile) leave() {
	e.mu.Lock()
	e.count--
	e.mu.Unlock()
	e.inside.Done()
}

// pause runs f while nobody is inside and nobody comes in.
func (e *turnstile) pause(f func()) bool {
	e.mu.Lock()
	if e.count > 0 || e.stopping || e.shut != nil {
		e.mu.Unlock()
		return false
	}
	shut := make(chan struct{})
	e.shut = shut
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		e.shut = nil
		e.mu.Unlock()
		close(shut)
	}()
	f()
	return true
}

// refuse lets nobody in from now on.
func (e *turnstile) refuse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopping = true
}

func (e *turnstile) refuses() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stopping
}

// await waits for a group, but not for longer than timeout. The group must end
// some time.
func await(ctx context.Context, timeout time.Duration, group *sync.WaitGroup) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	empty := make(chan struct{})
	go func() {
		group.Wait()
		close(empty)
	}()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}
