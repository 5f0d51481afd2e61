package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/dropped"
)

const (
	// maxDropped is how many of the things that are dropped at once are looked at.
	maxDropped = 16
	// dropTimeout is how long the end of the window waits for a file that is being
	// read: a disk on the network may not answer.
	dropTimeout = 500 * time.Millisecond
)

// dropped takes a link that was dropped on the window, or a file that has one.
// Files are read beside the main goroutine.
func (o *outside) dropped(_ fyne.Position, items []fyne.URI) {
	if o.closed || len(items) == 0 {
		return
	}
	names := make([]string, 0, maxDropped)
	for _, item := range items[:min(len(items), maxDropped)] {
		names = append(names, item.Path())
	}
	o.drops.Go(func() {
		link, err := dropped.Link(names)
		if !o.stopped.Load() {
			o.cfg.Dispatch(func() { o.takeDropped(link, err) })
		}
	})
}

func (o *outside) takeDropped(link string, err error) {
	switch {
	case o.closed:
	case err != nil:
		o.state.Refuse("join", call.SourceUnknown, err, o.cfg.Now())
		o.refresh()
	default:
		o.open(link)
	}
}

// stop waits for what reads files, but not for ever.
func (o *outside) stop() {
	o.stopped.Store(true)
	read := make(chan struct{})
	go func() {
		o.drops.Wait()
		close(read)
	}()
	select {
	case <-read:
	case <-time.After(dropTimeout):
	}
}
