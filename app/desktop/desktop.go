// Package desktop is the desktop around the window: the icon in its tray, its
// notifications, and a computer that stays awake during a call. On Linux it
// speaks D-Bus to whoever offers these; elsewhere it uses the system's own calls,
// and Fyne's. What is not there is left out, and nothing waits for it.
//
// All that belongs to a stay hangs on connections that end with it: when the
// program crashes, the system takes it away.
package desktop

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/ui/desk"
)

// Config is what a Desktop needs.
type Config struct {
	// Press is called when the user asks for something at the tray or at a
	// notification, Woke when the computer has slept for so long, Talk when the key
	// to speak with goes down or up, and Reach when it is known where that key
	// works. Any goroutine calls them, none after Deafen or Close.
	Press func(desk.Action)
	Woke  func(slept time.Duration)
	Talk  func(down bool)
	Reach func(desk.Reach)
	Log   logrus.FieldLogger
}

// Rest is how long a notification stands before the next one takes its place.
const Rest = 3 * time.Second

// Limits of a desktop that does not answer.
const (
	answerLimit = 2 * time.Second
	endLimit    = 300 * time.Millisecond // while the program waits for it
)

// system is what one kind of desktop can do. One goroutine uses the holder, one
// the teller, and one listens.
type system interface {
	// hold begins what a stay needs. It never fails: what is not there is left out.
	hold(ctx context.Context, stay desk.Stay) holder
	// teller begins to show notifications.
	teller(ctx context.Context) teller
	// listen tells t of a key until ctx ends, or until it cannot: then it returns
	// what is in the way. It calls t.everywhere once the key is heard in every window.
	listen(ctx context.Context, key desk.TalkKey, t *talk) desk.Obstacle
}

// holder is what a stay has of the desktop.
type holder interface {
	show(ctx context.Context, stay desk.Stay)
	release()
}

// teller shows one notification.
type teller interface {
	notify(ctx context.Context, note desk.Note)
	withdraw(ctx context.Context)
	close()
}

// Desktop implements [desk.Desktop]. Any goroutine may use it.
type Desktop struct {
	rest   time.Duration
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu     sync.RWMutex // held while a function of conf runs, and by Close
	closed bool
	conf   Config

	stay *newest[desk.Stay]
	note *newest[desk.Note] // the zero Note withdraws
	key  *newest[desk.TalkKey]
}

var _ desk.Desktop = (*Desktop)(nil)

// New begins to speak to the desktop, which is asked for nothing yet.
func New(conf Config) *Desktop { return start(conf, newSystem, Rest) }

func start(conf Config, open func(*Desktop) system, rest time.Duration) *Desktop {
	ctx, cancel := context.WithCancel(context.Background())
	d := &Desktop{
		rest: rest, cancel: cancel, conf: conf, stay: newNewest[desk.Stay](), note: newNewest[desk.Note](),
		key: newNewest[desk.TalkKey](),
	}
	sys := open(d)
	d.work.Go(func() { d.hold(ctx, sys) })
	d.work.Go(func() { d.tell(ctx, sys) })
	d.work.Go(func() { d.listen(ctx, sys) })
	return d
}

// Show implements [desk.Desktop].
func (d *Desktop) Show(stay desk.Stay) { d.stay.set(stay) }

// Notify implements [desk.Desktop].
func (d *Desktop) Notify(note desk.Note) { d.note.set(note) }

// Withdraw implements [desk.Desktop].
func (d *Desktop) Withdraw() { d.note.set(desk.Note{}) }

// Deafen has the functions of the Config not called any more, from now on, and waits
// for those calls that run.
func (d *Desktop) Deafen() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

// Close gives everything back and waits for it.
func (d *Desktop) Close() {
	d.Deafen()
	d.cancel()
	d.work.Wait()
}

// hold follows the stay.
func (d *Desktop) hold(ctx context.Context, sys system) {
	var held holder
	release := func() {
		if held != nil {
			held.release()
			held = nil
		}
	}
	defer release()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.stay.changed:
		}
		stay, _ := d.stay.take()
		switch {
		case stay == desk.Stay{}:
			release()
		case held == nil:
			held = sys.hold(ctx, stay)
		default:
			held.show(ctx, stay)
		}
	}
}

// tell shows the newest notification, but none within the rest after another. One
// that is withdrawn in that time is never shown.
func (d *Desktop) tell(ctx context.Context, sys system) {
	var t teller
	defer func() {
		if t != nil {
			t.close()
		}
	}()
	var rested <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-rested:
			rested = nil
		case <-d.note.changed:
		}
		note, is := d.note.take()
		switch {
		case !is:
		case note == desk.Note{}:
			if t != nil {
				t.withdraw(ctx)
			}
		case rested != nil:
			d.note.putBack(note)
		default:
			if t == nil {
				t = sys.teller(ctx)
			}
			t.notify(ctx, note)
			rested = time.After(d.rest)
		}
	}
}

// press hands on what the user asks for.
func (d *Desktop) press(a desk.Action) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.closed && a != desk.ActionUnknown {
		d.conf.Press(a)
	}
}

// woke tells that the computer has slept.
func (d *Desktop) woke(slept time.Duration) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if !d.closed {
		d.conf.Woke(slept)
	}
}

// newest hands the newest of several values to one goroutine, as the engine's package
// latest does, which is internal to engine.
type newest[T any] struct {
	changed chan struct{}

	mu    sync.Mutex
	value T
	is    bool
}

func newNewest[T any]() *newest[T] { return &newest[T]{changed: make(chan struct{}, 1)} }

func (n *newest[T]) set(value T) {
	n.mu.Lock()
	n.value, n.is = value, true
	n.mu.Unlock()
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

// take returns the newest value, once.
func (n *newest[T]) take() (value T, is bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	value, is = n.value, n.is
	n.is = false
	return value, is
}

// putBack keeps a value for later, unless there is a newer one. It wakes nobody.
func (n *newest[T]) putBack(value T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.is {
		n.value, n.is = value, true
	}
}
