//go:build linux && !wayland

package native

import (
	"slices"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// endLimit is how long the end waits for an X server that does not answer.
const endLimit = time.Second

// OnCovered implements [desk.Frame]. GLFW does not tell, so the X server is asked over
// a connection of its own. Under a compositing manager, Wayland's among them, windows
// lie beside each other, and no window learns what is shown of it.
func (f frame) OnCovered(covered func(bool)) (stop func()) {
	return watch(xproto.Window(f.w.GetX11Window()), covered)
}

// watch tells covered what becomes of a window, until it is stopped.
func watch(window xproto.Window, covered func(bool)) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		conn, err := xgb.NewConn()
		if err != nil {
			return
		}
		var closing sync.WaitGroup
		closing.Go(func() {
			<-over
			conn.Close()
		})
		c := &cover{conn: conn, window: window, tell: covered}
		c.run()
		closing.Wait()
	}()
	return func() {
		close(over)
		select {
		case <-done:
		case <-time.After(endLimit):
		}
	}
}

// cover is what the X server tells of a window.
type cover struct {
	conn   *xgb.Conn
	window xproto.Window
	tell   func(bool)

	state, hidden xproto.Atom // names of the property, and of what it may say
	obscured      bool        // other windows cover it
	unshown       bool        // the window manager shows nothing of it
	told          bool
}

// run ends with the connection.
func (c *cover) run() {
	const what = xproto.EventMaskVisibilityChange | xproto.EventMaskPropertyChange
	if xproto.ChangeWindowAttributesChecked(c.conn, c.window, xproto.CwEventMask, []uint32{what}).Check() != nil {
		return
	}
	c.state, c.hidden = c.atom("_NET_WM_STATE"), c.atom("_NET_WM_STATE_HIDDEN")
	c.unshown = c.isHidden()
	for {
		c.say()
		e, err := c.conn.WaitForEvent()
		if e == nil && err == nil {
			return
		}
		switch e := e.(type) {
		case xproto.VisibilityNotifyEvent:
			c.obscured = e.State == xproto.VisibilityFullyObscured
		case xproto.PropertyNotifyEvent:
			if e.Atom == c.state {
				c.unshown = c.isHidden()
			}
		}
	}
}

// say tells what has changed.
func (c *cover) say() {
	if now := c.obscured || c.unshown; now != c.told {
		c.told = now
		c.tell(now)
	}
}

func (c *cover) atom(name string) xproto.Atom {
	reply, err := xproto.InternAtom(c.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		return xproto.AtomNone
	}
	return reply.Atom
}

// isHidden reports whether the window manager says that nothing of the window would be
// seen on any desktop (_NET_WM_STATE_HIDDEN): it is rolled up, for example.
func (c *cover) isHidden() bool {
	const most = 64 // states, of which there are a dozen
	reply, err := xproto.GetProperty(c.conn, false, c.window, c.state, xproto.AtomAtom, 0, most).Reply()
	if err != nil || reply.Format != 32 {
		return false
	}
	for state := range slices.Chunk(reply.Value, 4) {
		if len(state) == 4 && xproto.Atom(xgb.Get32(state)) == c.hidden {
			return true
		}
	}
	return false
}
