package dropped

import (
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
)

const (
	// Most is how many of the things that are dropped at once are looked at.
	Most = 16
	// timeout is how long the end waits for a file that is being read: a disk on the
	// network may not answer.
	timeout = 500 * time.Millisecond
)

// Reader looks for a link in what is dropped, beside the goroutine of its owner. The
// zero value has nothing to read.
type Reader struct {
	work    sync.WaitGroup
	stopped atomic.Bool
}

// Read gives found, in another goroutine, what [Link] finds, unless it is stopped before.
func (r *Reader) Read(items []fyne.URI, found func(link string, err error)) {
	names := make([]string, 0, Most)
	for _, item := range items[:min(len(items), Most)] {
		names = append(names, item.Path())
	}
	r.work.Go(func() {
		if link, err := Link(names); !r.stopped.Load() {
			found(link, err)
		}
	})
}

// Wait waits until everything was read.
func (r *Reader) Wait() { r.work.Wait() }

// Stop waits for what is being read, but not for ever. Nothing is found any more.
func (r *Reader) Stop() {
	r.stopped.Store(true)
	read := make(chan struct{})
	go func() {
		r.Wait()
		close(read)
	}()
	select {
	case <-read:
	case <-time.After(timeout):
	}
}
