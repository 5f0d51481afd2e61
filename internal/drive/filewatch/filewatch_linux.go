// Package filewatch looks at a file that stands for a camera, from outside.
package filewatch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Watch counts how often a file is opened and read, by whoever does: a file
// that stands for a camera shows so, from outside, whether its frames pause.
// Methods are safe from any goroutine.
type Watch struct {
	file *os.File // inotify
	done chan struct{}

	mu     sync.Mutex
	opens  int
	reads  []time.Time
	broken error
}

// Open begins to watch.
func Open(path string) (*Watch, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("inotify: %w", err)
	}
	w := &Watch{file: os.NewFile(uintptr(fd), "inotify"), done: make(chan struct{})}
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_OPEN|unix.IN_ACCESS); err != nil {
		w.file.Close()
		return nil, fmt.Errorf("inotify: %w", err)
	}
	go w.run()
	return w, nil
}

func (w *Watch) run() {
	defer close(w.done)
	buf := make([]byte, 256*unix.SizeofInotifyEvent) // a watched file's events have no name
	for {
		n, err := w.file.Read(buf)
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				w.mu.Lock()
				w.broken = err
				w.mu.Unlock()
			}
			return
		}
		w.take(buf[:n])
	}
}

func (w *Watch) take(events []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; len(events) >= unix.SizeofInotifyEvent; events = events[unix.SizeofInotifyEvent:] {
		switch mask := binary.NativeEndian.Uint32(events[4:]); { // struct inotify_event: wd, mask, cookie, len
		case mask&unix.IN_OPEN != 0:
			w.opens++
		case mask&unix.IN_ACCESS != 0:
			w.reads = append(w.reads, time.Now())
		case mask&unix.IN_Q_OVERFLOW != 0:
			w.broken = errors.New("inotify: events were lost")
		}
	}
}

// Opens is how often the file was opened until now.
func (w *Watch) Opens() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.opens
}

// Pause is the longest time without a read between two moments.
func (w *Watch) Pause(from, to time.Time) (longest time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := from
	for _, at := range w.reads {
		if at.After(from) && at.Before(to) {
			longest, last = max(longest, at.Sub(last)), at
		}
	}
	return max(longest, to.Sub(last))
}

// Close ends the watch and tells what went wrong with it.
func (w *Watch) Close() error {
	err := w.file.Close()
	<-w.done
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.broken, err)
}
