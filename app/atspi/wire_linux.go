package atspi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Limits of what comes from a bus, and of how fast it is read.
const (
	maxGreeting = 16 << 10  // bytes, before the first message
	maxMessage  = 256 << 10 // bytes
	span        = 100 * time.Millisecond
	maxPerSpan  = 500 // messages
)

var (
	errMalformed = errors.New("the message bus sent no valid message")
	errTooLong   = errors.New("the message bus sent a message that is too long")
)

// wire is a connection to a message bus that nothing holds up: a bus that takes nothing
// any more loses us after writeLimit. godbus believes whatever length it reads, and a
// bus of whoever runs the session could have it take all memory: it gets whole messages
// that are what they say.
type wire struct {
	net.Conn
	greeted bool   // messages follow
	heard   int    // bytes of the greeting
	message []byte // what is left of one
	since   time.Time
	read    int // messages since then
}

// Write implements io.Writer.
func (w *wire) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	if !w.greeted && bytes.HasPrefix(p, []byte("BEGIN")) {
		w.greeted = true // godbus reads messages from now on, on a goroutine that begins after this
	}
	n, err := w.Conn.Write(p)
	if err != nil {
		_ = w.Conn.Close() // half a message is none
	}
	return n, err
}

// Read implements io.Reader. One goroutine at a time calls it.
func (w *wire) Read(p []byte) (int, error) {
	if !w.greeted {
		if w.heard >= maxGreeting {
			return 0, errTooLong
		}
		n, err := w.Conn.Read(p[:min(len(p), maxGreeting-w.heard)])
		w.heard += n
		return n, err
	}
	if len(w.message) == 0 {
		if err := w.next(); err != nil {
			_ = w.Conn.Close()
			return 0, err
		}
	}
	n := copy(p, w.message)
	w.message = w.message[n:]
	return n, nil
}

// next reads a message and checks it.
func (w *wire) next() error {
	w.pace()
	head := make([]byte, headLength)
	if _, err := io.ReadFull(w.Conn, head); err != nil {
		return err
	}
	c, length, ok := newChecker(head)
	switch {
	case !ok:
		return errMalformed
	case length > maxMessage:
		return errTooLong
	}
	c.b = append(head, make([]byte, int(length)-headLength)...)
	if _, err := io.ReadFull(w.Conn, c.b[headLength:]); err != nil {
		return err
	}
	if !c.message() {
		return errMalformed
	}
	w.message = c.b
	return nil
}

// pace lets a bus that sends without end wait: godbus begins a goroutine for every
// question.
func (w *wire) pace() {
	if now := time.Now(); now.Sub(w.since) >= span {
		w.since, w.read = now, 0
	}
	if w.read++; w.read > maxPerSpan {
		time.Sleep(time.Until(w.since.Add(span))) //nolint:forbidigo // a pace, no event
	}
}

// bus is a connection to a message bus.
type bus struct {
	*dbus.Conn
	wire    *wire
	changes notes // something that we asked to be told of
}

// notes takes the signals that we asked for, whatever they say: one that waits stands
// for all.
type notes chan struct{}

// DeliverSignal implements dbus.SignalHandler. A bus tells us of our own name, too.
func (n notes) DeliverSignal(_, member string, _ *dbus.Signal) {
	if member != propertiesChanged && member != ownerChanged {
		return
	}
	select {
	case n <- struct{}{}:
	default:
	}
}

// dial connects to the bus of an address.
func dial(ctx context.Context, address string) (*bus, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	socket, err := socketOf(address)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // godbus has no limit for it
	b := &bus{wire: &wire{Conn: conn}, changes: make(notes, 1)}
	b.Conn, err = dbus.NewConn(b.wire, dbus.WithSignalHandler(b.changes))
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	// The other ways to say who we are have files read whose names the bus chooses.
	if err = b.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err == nil {
		err = b.Hello()
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close ends the connection at once: first the wire, as godbus waits for what is being
// written.
func (b *bus) Close() {
	_ = b.wire.Close()
	_ = b.Conn.Close()
}

// call asks within answerLimit.
func (b *bus) call(
	ctx context.Context, name string, path dbus.ObjectPath, method string, flags dbus.Flags, args ...any,
) *dbus.Call {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	return b.Object(name, path).CallWithContext(ctx, method, flags, args...)
}

// errNoAddress says that there is no bus of a kind that can be reached.
var errNoAddress = errors.New("no address of a message bus")

// sessionAddress is that of the bus of the user's session.
func sessionAddress() string {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return "unix:path=" + filepath.Join(dir, "bus")
	}
	return ""
}

// socketOf is the socket of the first address in a list that is one of this computer.
func socketOf(addresses string) (string, error) {
	for address := range strings.SplitSeq(addresses, ";") {
		options, unix := strings.CutPrefix(address, "unix:")
		if !unix {
			continue
		}
		for option := range strings.SplitSeq(options, ",") {
			key, value, _ := strings.Cut(option, "=")
			value, err := url.PathUnescape(value)
			switch {
			case err != nil:
			case key == "path":
				return value, nil
			case key == "abstract":
				return "@" + value, nil
			}
		}
	}
	return "", fmt.Errorf("%w: %q", errNoAddress, addresses)
}
