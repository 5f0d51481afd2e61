package desktop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus is a connection to a message bus. It ends with the context that it was made
// with, at the latest.
type bus struct {
	*dbus.Conn
	cancel context.CancelFunc
	work   sync.WaitGroup // that reads its signals
}

// errNoBus says that there is no bus to speak to.
var errNoBus = errors.New("no message bus")

// sessionBus connects to the bus of the user's session. None is started: it would
// outlive us.
func sessionBus(ctx context.Context) (*bus, error) {
	return connect(ctx, func(opts ...dbus.ConnOption) (*dbus.Conn, error) {
		return dbus.SessionBusPrivateNoAutoStartup(opts...)
	})
}

// systemBus connects to the bus of the computer.
func systemBus(ctx context.Context) (*bus, error) {
	return connect(ctx, func(opts ...dbus.ConnOption) (*dbus.Conn, error) {
		return dbus.SystemBusPrivate(opts...)
	})
}

// connect connects within answerLimit.
func connect(ctx context.Context, dial func(...dbus.ConnOption) (*dbus.Conn, error)) (*bus, error) {
	ctx, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(answerLimit, cancel) // godbus has no other limit for it
	// In their order, however many: a key that goes up must not overtake its press.
	conn, err := dial(dbus.WithContext(ctx), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil {
		late.Stop()
		cancel()
		return nil, errors.Join(errNoBus, err)
	}
	if err = conn.Auth(nil); err == nil {
		err = conn.Hello()
	}
	if err == nil && !late.Stop() {
		err = context.DeadlineExceeded
	}
	if err != nil {
		_ = conn.Close()
		cancel()
		return nil, errors.Join(errNoBus, err)
	}
	return &bus{Conn: conn, cancel: cancel}, nil
}

// Close ends the connection, and with it all that was asked for over it.
func (b *bus) Close() {
	if b != nil {
		b.cancel()
		_ = b.Conn.Close()
		b.work.Wait()
	}
}

// follow has f called with every signal that a service sends, until the bus ends.
func (b *bus) follow(ctx context.Context, o object, f func(*dbus.Signal), members ...string) {
	signals := make(chan *dbus.Signal, 8)
	b.Signal(signals)
	b.work.Go(func() {
		for {
			select {
			case <-b.Context().Done():
				return
			case s := <-signals:
				if s == nil {
					return
				}
				if s.Path == o.path && slices.Contains(members, strings.TrimPrefix(s.Name, o.iface+".")) && b.sent(s, o) {
					f(s)
				}
			}
		}
	})
	for _, member := range members {
		rule := fmt.Sprintf("type='signal',sender='%s',path='%s',interface='%s',member='%s'", o.name, o.path, o.iface, member)
		b.call(ctx, answerLimit, busItself, "AddMatch", false, rule)
	}
}

// sent reports whether a signal is the service's own. Anybody on the bus may send
// one to us.
func (b *bus) sent(s *dbus.Signal, o object) bool {
	if s.Sender == o.name {
		return true
	}
	var owner string
	err := b.call(b.Context(), answerLimit, busItself, "GetNameOwner", false, o.name).Store(&owner)
	return err == nil && s.Sender == owner
}

// call asks an object within a limit, and stores the answer. No service is started
// for it unless start is set.
func (b *bus) call(
	ctx context.Context, limit time.Duration, o object, method string, start bool, args ...any,
) *dbus.Call {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	flags := dbus.FlagNoAutoStart
	if start {
		flags = 0
	}
	return b.Object(o.name, o.path).CallWithContext(ctx, o.iface+"."+method, flags, args...)
}

// object is an interface of an object on the bus.
type object struct {
	name  string
	path  dbus.ObjectPath
	iface string
}

// busItself is the daemon.
var busItself = object{"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"}

// linux is a desktop that is reached over D-Bus.
type linux struct {
	d      *Desktop
	asleep func() time.Duration // how long the computer has slept since it was started
	every  time.Duration        // how often that is looked at
	retry  time.Duration        // how long a service that did not answer is left alone at first
}

func newSystem(d *Desktop) system {
	return linux{d: d, asleep: asleep, every: 2 * time.Second, retry: time.Second}
}

// programName is the program for whoever lists what keeps a computer awake or has
// an icon, appID its entry in the menu.
const (
	programName = "Foyer"
	appID       = "app.foyer.Foyer"
)

// pid is part of the name under which the tray finds the icon.
func pid() int { return os.Getpid() }
