package desktop

import (
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// The services that let a computer sleep. Desktops have some of them.
var (
	screenSaver = object{"org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver"}
	power       = object{
		"org.freedesktop.PowerManagement", "/org/freedesktop/PowerManagement/Inhibit",
		"org.freedesktop.PowerManagement.Inhibit",
	}
	login = object{"org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"}
)

// awake keeps the computer and its screen awake. Every service forgets what was
// asked for when the connection, or the file that it gave, is closed.
type awake struct {
	session *bus
	cookies map[object]uint32
	block   int // a file of login1's; -1: none
}

// stayAwake asks whom it finds. The buses may be nil.
func stayAwake(ctx context.Context, session, system *bus, reason string) *awake {
	a := &awake{session: session, cookies: map[object]uint32{}, block: -1}
	if session != nil {
		for _, o := range []object{screenSaver, power} {
			var cookie uint32
			if session.call(ctx, answerLimit, o, "Inhibit", false, programName, reason).Store(&cookie) == nil {
				a.cookies[o] = cookie
			}
		}
	}
	if system != nil {
		var fd dbus.UnixFD
		asked := system.call(ctx, answerLimit, login, "Inhibit", false, "idle", programName, reason, "block")
		switch err := asked.Store(&fd); {
		case err == nil:
			unix.CloseOnExec(int(fd))
			a.block = int(fd)
		case errors.Is(err, context.DeadlineExceeded):
			system.Close() // an answer that came now would leave its file open
		}
	}
	return a
}

// release lets it sleep again.
func (a *awake) release() {
	if a.block >= 0 {
		_ = unix.Close(a.block)
		a.block = -1
	}
	ctx, cancel := context.WithTimeout(context.Background(), endLimit)
	defer cancel()
	for o, cookie := range a.cookies {
		a.session.call(ctx, endLimit, o, "UnInhibit", false, cookie)
	}
	clear(a.cookies)
}

// watchSleep calls woke whenever the computer has slept, until the bus ends.
func watchSleep(ctx context.Context, system *bus, woke func(time.Duration)) {
	var began time.Time
	system.follow(ctx, login, func(s *dbus.Signal) {
		var begins bool
		if dbus.Store(s.Body, &begins) != nil {
			return
		}
		switch now := time.Now().Round(0); { // the wall clock: the other one sleeps, too
		case begins:
			began = now
		case !began.IsZero():
			woke(now.Sub(began))
			began = time.Time{}
		}
	}, "PrepareForSleep")
}
