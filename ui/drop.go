package ui

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/words"
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
		link, err := findLink(names)
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

// findLink returns the first link among what was dropped. The error is the first
// link's that cannot be used, else [words.ErrDropped].
func findLink(names []string) (string, error) {
	var broken error
	for _, name := range names {
		text, direct := droppedLink(name)
		if !direct {
			var err error
			if text, err = readDropped(name); err != nil {
				continue
			}
		}
		link, err := call.ParseLink(text)
		switch {
		case err == nil && link.Plain():
			return strings.TrimSpace(text), nil
		case err == nil:
			return link.String(), nil
		case broken == nil && (direct || !errors.Is(err, call.ErrLinkUnreadable)):
			broken = err
		}
	}
	if broken == nil {
		broken = words.ErrDropped
	}
	return "", broken
}

// droppedLink returns a link that was dropped itself, which Fyne takes for the
// name of a file in the current folder, with one slash of two.
func droppedLink(name string) (link string, ok bool) {
	for _, scheme := range []string{"foyer:/", "wss:/", "ws:/"} {
		if _, rest, found := strings.Cut(name, "/"+scheme); found {
			return scheme + "/" + strings.TrimPrefix(rest, "/"), true
		}
	}
	return "", false
}

// readDropped reads the beginning of a file, if it is one.
func readDropped(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", info.Mode().Type())
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, call.MaxPasted))
	return string(text), err
}
