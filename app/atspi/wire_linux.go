package atspi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// wire is a connection to a message bus that nothing holds up: a bus that takes nothing
// any more loses us after writeLimit.
type wire struct{ net.Conn }

// Write implements io.Writer.
func (w wire) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	n, err := w.Conn.Write(p)
	if err != nil {
		_ = w.Conn.Close() // half a message is none
	}
	return n, err
}

// bus is a connection to a message bus.
type bus struct {
	*dbus.Conn
	wire wire
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
	b := &bus{wire: wire{conn}}
	if b.Conn, err = dbus.NewConn(b.wire); err == nil {
		if err = b.Auth(nil); err == nil {
			err = b.Hello()
		}
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
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
