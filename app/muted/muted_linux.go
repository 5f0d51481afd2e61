// Package muted keeps what C libraries write to stderr, while a window is opened.
package muted

import (
	"bytes"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	stderr  = 2        // the file descriptor that C libraries write to
	maxSaid = 64 << 10 // bytes that are kept of it
)

// Stderr keeps what is written to stderr, by whatever language, until End, which returns
// it.
type Stderr struct{ End func() string }

// Begin begins to keep it.
func Begin() Stderr {
	nothing := Stderr{End: func() string { return "" }}
	saved, err := unix.FcntlInt(stderr, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nothing // it is closed: nobody reads it
	}
	from, to, err := os.Pipe()
	if err != nil {
		_ = unix.Close(saved)
		return nothing
	}
	terminal := os.NewFile(uintptr(saved), "stderr")
	if err := unix.Dup3(int(to.Fd()), stderr, 0); err != nil {
		_, _, _ = from.Close(), to.Close(), terminal.Close()
		return nothing
	}
	var said bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() {
		_, _ = io.Copy(&said, io.LimitReader(from, maxSaid))
		_, _ = io.Copy(io.Discard, from) // a writer of more does not wait
	})
	return Stderr{sync.OnceValue(func() string {
		_ = unix.Dup3(saved, stderr, 0)
		_ = to.Close() // the last writer: the reader ends
		reading.Wait()
		_, _ = from.Close(), terminal.Close()
		return said.String()
	})}
}

// Say writes, after End, what was kept.
func (h Stderr) Say(said string) { _, _ = io.WriteString(os.Stderr, said) }
