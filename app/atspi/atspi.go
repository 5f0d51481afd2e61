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
	"context"
	"image"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"github.com/sirupsen/logrus"

	"foyer/ui/access"
)

// Frame is a window as the window system knows it.
type Frame interface {
	Focused() bool                       // it has the keyboard
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
}

// Limits: of what others are waited for, and of the main goroutine.
const (
	answerLimit = 2 * time.Second
	mainLimit   = time.Second
	writeLimit  = 2 * time.Second
	restart     = time.Second // until a bus that went away is looked for again
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

	mu   sync.RWMutex
	deaf bool          // nothing may come to the main goroutine any more
	turn chan struct{} // of one who waits for the main goroutine
}

// New begins to listen for assistive programs.
func New(conf Config) *Reader {
	if conf.Dispatch == nil {
		conf.Dispatch = fyne.Do
	}
	if conf.Frame == nil {
		conf.Frame = func(fyne.Window) Frame { return nil }
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &Reader{conf: conf, cancel: cancel, frames: map[fyne.Window]Frame{}, turn: make(chan struct{}, 1)}
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

// ask runs f on the main goroutine and returns what it returns, unless that takes too
// long. One asks at a time: nothing piles up at a window that hangs.
func ask[T any](ctx context.Context, r *Reader, f func() T) (answer T, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, mainLimit)
	defer cancel()
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return answer, false
	}
	answers := make(chan T, 1)
	r.mu.RLock()
	if r.deaf {
		r.mu.RUnlock()
		<-r.turn
		return answer, false
	}
	r.conf.Dispatch(func() {
		defer func() { <-r.turn }()
		// Between the end of Fyne's loop and Deafen it runs here, and GLFW, which has
		// ended, panics: no reader may end the program before it has left the room.
		defer func() {
			if p := recover(); p != nil {
				r.conf.Log.WithField("panic", p).Debug("nothing to read any more")
			}
		}()
		if ctx.Err() == nil { // what counts as failed is not done later
			answers <- f()
		}
	})
	r.mu.RUnlock()
	select {
	case answer = <-answers:
		return answer, true
	case <-ctx.Done():
		return answer, false
	}
}

// window is one of the windows, as it was when it was looked at.
type window struct {
	root   *access.Node
	active bool
	at     image.Point // on the desktop
	scale  float32     // pixels of a unit
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
		win := window{root: access.Read(c, w.Title()), scale: c.Scale(), active: f == nil}
		if f != nil {
			win.active = f.Focused()
			win.at, _ = f.Position()
		}
		all = append(all, win)
	}
	r.frames = known
	return all
}

// do has something done with a control on the main goroutine, if it is still there and
// in reach: not below a question that has come since.
func (r *Reader) do(ctx context.Context, key any, act func(*access.Node) bool) bool {
	done, ok := ask(ctx, r, func() bool {
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
