// Package fangate makes a file behave like a device that does not answer.
package fangate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Gate makes a file behave like a slow or stalled device: while it is shut,
// opening (or reading) the file waits in the kernel, as in a driver that does
// not answer. It uses fanotify's permission events, which need root.
type Gate struct {
	fan  *os.File
	done chan struct{}

	mu      sync.Mutex
	open    bool
	held    []waiter
	waiters map[int]bool
	err     error
}

// waiter is an event that waits for our answer.
type waiter struct {
	fd  int32
	pid int
}

// What a Gate stops.
const (
	OnOpen = unix.FAN_OPEN_PERM
	OnRead = unix.FAN_ACCESS_PERM
)

// New puts a gate before a file that exists. It is shut if shut is set.
func New(path string, what uint64, shut bool) (*Gate, error) {
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC|unix.FAN_NONBLOCK,
		unix.O_RDONLY|unix.O_LARGEFILE|unix.O_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("fanotify: %w", err)
	}
	if err := unix.FanotifyMark(fd, unix.FAN_MARK_ADD, what, unix.AT_FDCWD, path); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("fanotify: %w", err)
	}
	g := &Gate{
		fan: os.NewFile(uintptr(fd), "fanotify"), done: make(chan struct{}), open: !shut,
		waiters: make(map[int]bool),
	}
	go g.run()
	return g, nil
}

// eventSize is sizeof(struct fanotify_event_metadata).
const eventSize = int(unsafe.Sizeof(unix.FanotifyEventMetadata{}))

func (g *Gate) run() {
	defer close(g.done)
	buf := make([]byte, 64*eventSize)
	for {
		n, err := g.fan.Read(buf)
		if err != nil {
			g.fail(err)
			return
		}
		for b := buf[:n]; len(b) >= eventSize; {
			length := binary.NativeEndian.Uint32(b[0:])
			fd, pid := int32(binary.NativeEndian.Uint32(b[16:])), int32(binary.NativeEndian.Uint32(b[20:]))
			g.take(fd, int(pid))
			b = b[min(int(length), len(b)):]
		}
	}
}

func (g *Gate) fail(err error) {
	if errors.Is(err, os.ErrClosed) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = err
}

func (g *Gate) take(fd int32, pid int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiters[pid] = true
	if !g.open {
		g.held = append(g.held, waiter{fd, pid})
		return
	}
	g.allow(fd)
}

// allow lets one go on. The caller holds mu.
func (g *Gate) allow(fd int32) {
	var answer [8]byte // struct fanotify_response
	binary.NativeEndian.PutUint32(answer[0:], uint32(fd))
	binary.NativeEndian.PutUint32(answer[4:], unix.FAN_ALLOW)
	if _, err := g.fan.Write(answer[:]); err != nil && !errors.Is(err, unix.ENOENT) { // ENOENT: it was killed meanwhile
		g.err = err
	}
	unix.Close(int(fd))
}

// Came reports whether a process has come to the gate so far.
func (g *Gate) Came(pid int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiters[pid]
}

// Waits reports whether a process waits at the gate.
func (g *Gate) Waits(pid int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.ContainsFunc(g.held, func(w waiter) bool { return w.pid == pid })
}

// Shut closes the gate from now on.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = false
}

// Open lets everybody through, those who wait and those who will come.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = true
	for _, w := range g.held {
		g.allow(w.fd)
	}
	g.held = nil
}

// Close takes the gate away and reports what went wrong with it.
func (g *Gate) Close() error {
	g.Open()
	err := g.fan.Close()
	<-g.done
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.err, err)
}
