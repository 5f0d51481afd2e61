// Package atspi hands the windows to screen readers and other assistive programs of a
// Linux desktop, over D-Bus (AT-SPI2): what each control is called, what it is and how
// it stands, what changes, and what is said in passing. They can press what can be
// pressed.
//
// As long as the desktop says that nobody listens, nothing is read, and nothing is sent.
// What readers ask is answered from a copy: a reader that hangs holds nothing up, and
// one that asks without end does not disturb the window.
package atspi

import (
	"cmp"
	"context"
	"image"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"github.com/sirupsen/logrus"

	"foyer/ui/access"
)

// Frame is a window as the window system knows it.
type Frame interface {
	Focused() bool                       // it has the keyboard
	Minimized() bool                     // nothing in it is shown
	Position() (at image.Point, ok bool) // on the desktop, in pixels
}

// Config is what a Reader needs. App and Voice are required.
type Config struct {
	App   fyne.App
	Voice *access.Voice
	// Frame returns the frame of a window; nil, and a nil answer, mean that nothing is
	// known of it. The main goroutine calls it.
	Frame func(fyne.Window) Frame
	// Dispatch runs a function on the main goroutine, later; nil means fyne.Do.
	Dispatch func(func())
	Name     string // of the program
	Log      logrus.FieldLogger

	limit time.Duration // of the main goroutine; zero means mainLimit
}

// Limits: of what others are waited for, and of the main goroutine. A computer that
// draws slowly looks after functions between two frames, one at a time: it may take
// many frames until one has its turn.
const (
	answerLimit = 2 * time.Second
	mainLimit   = 5 * time.Second
	writeLimit  = 2 * time.Second
	maxActing   = 4 // readers that wait for something to be done
	// every is how often the windows are looked at while somebody listens. Fyne does
	// not tell when the keyboard goes elsewhere.
	every = 80 * time.Millisecond
)

// Reader is the windows' side of assistive programs.
type Reader struct {
	conf   Config
	cancel context.CancelFunc
	work   sync.WaitGroup
	frames map[fyne.Window]Frame // of the main goroutine

	mu     sync.RWMutex
	deaf   bool  // nothing may come to the main goroutine any more
	looks  turns // at the windows
	acting turns // of readers that want something done: they wait for no look
}

// turns are for those who wait for the main goroutine: nothing piles up at a window that
// hangs.
type turns chan struct{}

// New begins to listen for assistive programs.
func New(conf Config) *Reader {
	if conf.Dispatch == nil {
		conf.Dispatch = fyne.Do
	}
	if conf.Frame == nil {
		conf.Frame = func(fyne.Window) Frame { return nil }
	}
	conf.limit = cmp.Or(conf.limit, mainLimit)
	ctx, cancel := context.WithCancel(context.Background())
	r := &Reader{
		conf: conf, cancel: cancel, frames: map[fyne.Window]Frame{}, looks: make(turns, 1), acting: make(turns, maxActing),
	}
	r.work.Go(func() { r.run(ctx) })
	return r
}

// Deafen has nothing come to the main goroutine any more. Call it when the App's Run
// has returned.
func (r *Reader) Deafen() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = true
}

// Close ends all connections and waits for that, for no time worth telling.
func (r *Reader) Close() {
	r.Deafen()
	r.cancel()
	r.work.Wait()
	r.conf.Voice.Listen(false)
}

// What has become of something that is asked of the main goroutine.
const (
	askWaits = iota
	askRuns
	askGivenUp
)

// ask runs f on the main goroutine and returns what it returns, unless that takes too
// long: then f does not run later either. What has begun by then is waited for, so that
// nobody is told that nothing was done when it was.
func ask[T any](ctx context.Context, r *Reader, turn turns, f func() T) (answer T, ok bool) {
	limit, cancel := context.WithTimeout(ctx, r.conf.limit)
	defer cancel()
	select {
	case turn <- struct{}{}:
	case <-limit.Done():
		return answer, false
	}
	over := sync.OnceFunc(func() { <-turn })
	var state atomic.Int32
	answers := make(chan T, 1)
	if !r.dispatch(func() {
		defer over()
		defer close(answers)
		defer r.survive()
		if state.CompareAndSwap(askWaits, askRuns) {
			answers <- f()
		}
	}) {
		over()
		return answer, false
	}
	select {
	case answer, ok = <-answers:
		return answer, ok
	case <-limit.Done():
	}
	if state.CompareAndSwap(askWaits, askGivenUp) {
		return answer, false
	}
	select {
	case answer, ok = <-answers:
	case <-ctx.Done():
	case <-time.After(mainLimit):
	}
	return answer, ok
}

// dispatch reports whether the main goroutine takes f: not after the end.
func (r *Reader) dispatch(f func()) (taken bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.deaf {
		return false
	}
	defer r.survive() // of Fyne, at whose end its queue is closed
	r.conf.Dispatch(f)
	return true
}

// survive takes a panic: between the end of Fyne's loop and Deafen a function runs at
// once, and GLFW, which has ended, panics. No reader may end the program before it has
// left the room.
func (r *Reader) survive() {
	if p := recover(); p != nil {
		r.conf.Log.WithField("panic", p).Debug("nothing to read any more")
	}
}

// window is one of the windows, as it was when it was looked at.
type window struct {
	root   *access.Node
	active bool
	hidden bool        // minimized: nothing in it is shown
	at     image.Point // on the desktop
	scale  float32     // pixels of a unit
}

// look reads all of the windows, and has their program say what is new. It runs on the
// main goroutine.
func (r *Reader) look() []window {
	r.conf.Voice.Gather()
	return r.windows()
}

// windows reads all of them. It runs on the main goroutine.
func (r *Reader) windows() []window {
	var all []window
	known := map[fyne.Window]Frame{}
	for _, w := range r.conf.App.Driver().AllWindows() {
		f, is := r.frames[w]
		if !is || f == nil {
			f = r.conf.Frame(w)
		}
		known[w] = f
		c := w.Canvas()
		win := window{scale: c.Scale(), active: f == nil}
		if f != nil {
			win.active, win.hidden = f.Focused(), f.Minimized()
			win.at, _ = f.Position()
		}
		if win.hidden { // what was shown last is not true any more
			win.root = &access.Node{Key: c, Role: access.RoleWindow, Name: w.Title(), Size: c.Size()}
		} else {
			win.root = access.Read(c, w.Title())
		}
		all = append(all, win)
	}
	r.frames = known
	return all
}

// do has something done with a control on the main goroutine, if it is still there and
// in reach: not below a question that has come since.
func (r *Reader) do(ctx context.Context, key any, act func(*access.Node) bool) bool {
	done, ok := ask(ctx, r, r.acting, func() bool {
		for _, w := range r.windows() {
			if n := find(w.root, key); n != nil {
				return act(n)
			}
		}
		return false
	})
	return ok && done
}

func find(n *access.Node, key any) *access.Node {
	if n.Key == key {
		return n
	}
	for _, c := range n.Children {
		if found := find(c, key); found != nil {
			return found
		}
	}
	return nil
}
