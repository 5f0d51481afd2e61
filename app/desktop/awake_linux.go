package desktop

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/sirupsen/logrus"
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
	log     logrus.FieldLogger
	session *bus
	cookies map[object]uint32

	cancel context.CancelFunc
	work   sync.WaitGroup // that asks login1
	block  int            // a file of login1's; -1: none. Of work, until that has ended
}

// stayAwake asks whom it finds. The bus of the session may be nil. login1 is asked
// beside: it may take its time. retry is how long after a try without an answer the next
// one comes.
func stayAwake(
	ctx context.Context, session *bus, reason string, retry time.Duration, log logrus.FieldLogger,
) *awake {
	a := &awake{log: log, session: session, cookies: map[object]uint32{}, block: -1}
	ctx, a.cancel = context.WithCancel(ctx)
	a.work.Go(func() { a.askLogin(ctx, reason, retry) })
	if session != nil {
		for _, o := range []object{screenSaver, power} {
			var cookie uint32
			if session.call(ctx, answerLimit, o, "Inhibit", false, programName, reason).Store(&cookie) == nil {
				a.cookies[o] = cookie
			}
		}
	}
	return a
}

// maxRetry is the longest time between two tries.
const maxRetry = time.Minute

// askLogin asks login1 until it has answered, or the stay ends.
func (a *awake) askLogin(ctx context.Context, reason string, retry time.Duration) {
	for {
		fd, err := askLoginOnce(ctx, reason)
		switch {
		case err == nil:
			a.block = fd
			return
		case ctx.Err() != nil:
			return
		case !errors.Is(err, context.DeadlineExceeded): // there is none, or it does not want to
			a.log.WithError(err).Debug("login1 does not keep the computer awake")
			return
		}
		a.log.WithField("again_in", retry).Warn("login1 does not answer: the computer may fall asleep in the call")
		select {
		case <-ctx.Done():
			return
		case <-time.After(retry):
		}
		retry = min(2*retry, maxRetry)
	}
}

// askLoginOnce asks over a connection of its own, which ends with the answer. An answer
// that comes too late for us has a file that nobody would close: it is looked for when
// nothing can come any more.
func askLoginOnce(ctx context.Context, reason string) (fd int, err error) {
	b, err := systemBus(ctx)
	if err != nil {
		return -1, err
	}
	defer b.Close()
	answered := make(chan *dbus.Call, 1)
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	b.Object(login.name, login.path).Go(
		login.iface+".Inhibit", dbus.FlagNoAutoStart, answered, "idle", programName, reason, "block",
	)
	select {
	case c := <-answered:
		return fileOf(c)
	case <-ctx.Done():
	}
	b.Close()
	select {
	case c := <-answered:
		if fd, err := fileOf(c); err == nil {
			return fd, nil
		}
	default:
	}
	return -1, ctx.Err()
}

func fileOf(c *dbus.Call) (int, error) {
	var fd dbus.UnixFD
	if err := c.Store(&fd); err != nil {
		return -1, err
	}
	unix.CloseOnExec(int(fd))
	return int(fd), nil
}

// release lets it sleep again.
func (a *awake) release() {
	a.cancel()
	a.work.Wait()
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

// asleep is how long the computer has slept since it was started. Of the two clocks one
// goes on meanwhile.
func asleep() time.Duration {
	var with, without unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &without) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &with) != nil {
		return 0
	}
	return time.Duration(with.Nano() - without.Nano())
}

// sleepWatch notices that the computer has slept, by its clocks: it needs no service for
// it, and no answer. That login1 says so, too, makes it sooner.
type sleepWatch struct {
	asleep func() time.Duration
	every  time.Duration // between two looks
	woke   func(slept time.Duration)

	hint   chan struct{}
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// shortSleep is what the two clocks may differ by without a sleep between two looks.
const shortSleep = 100 * time.Millisecond

func watchSleep(
	ctx context.Context, asleep func() time.Duration, every time.Duration, woke func(time.Duration),
) *sleepWatch {
	w := &sleepWatch{asleep: asleep, every: every, woke: woke, hint: make(chan struct{}, 1)}
	ctx, w.cancel = context.WithCancel(ctx)
	before := asleep()
	w.work.Go(func() { w.run(ctx, before) })
	return w
}

func (w *sleepWatch) run(ctx context.Context, before time.Duration) {
	looks := time.NewTicker(w.every)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-looks.C:
		case <-w.hint:
		}
		now := w.asleep()
		if slept := now - before; slept >= shortSleep {
			w.woke(slept)
		}
		before = now
	}
}

// listen lets login1 say when to look.
func (w *sleepWatch) listen(ctx context.Context, system *bus) {
	system.follow(ctx, login, func(*dbus.Signal) {
		select {
		case w.hint <- struct{}{}:
		default:
		}
	}, "PrepareForSleep")
}

func (w *sleepWatch) close() {
	w.cancel()
	w.work.Wait()
}
