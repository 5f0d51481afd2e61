//go:build linux

package desktop

import (
	"fmt"
	"image"
	"slices"

	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// Hand presses keys and buttons without a process for each, for whoever measures how
// long an answer takes: what it did has happened when its methods return.
type Hand struct {
	d    *Desktop
	keys []xproto.Keysym // of all key codes, from the first
	per  int             // of one code
}

// Hand returns that of the one who sits before the display.
func (d *Desktop) Hand() (*Hand, error) {
	if err := xtest.Init(d.conn); err != nil {
		return nil, fmt.Errorf("XTEST: %w", err)
	}
	setup := xproto.Setup(d.conn)
	keys, err := xproto.GetKeyboardMapping(d.conn, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode+1)).Reply()
	if err != nil {
		return nil, err
	}
	return &Hand{d, keys.Keysyms, int(keys.KeysymsPerKeycode)}, nil
}

func (h *Hand) fake(kind, detail byte, at image.Point) error {
	return xtest.FakeInputChecked(h.d.conn, kind, detail, 0, h.d.root, int16(at.X), int16(at.Y), 0).Check()
}

// Move moves the pointer.
func (h *Hand) Move(to image.Point) error { return h.fake(xproto.MotionNotify, 0, to) }

// Down presses a button of the mouse: 1 is the left one, 4 and 5 are the wheel.
func (h *Hand) Down(button byte) error { return h.fake(xproto.ButtonPress, button, image.Point{}) }

// Up releases it.
func (h *Hand) Up(button byte) error { return h.fake(xproto.ButtonRelease, button, image.Point{}) }

// Key presses and releases a key by its symbol (keysymdef.h; letters have their own
// number).
func (h *Hand) Key(symbol xproto.Keysym) error {
	at := slices.Index(h.keys, symbol)
	if at < 0 {
		return fmt.Errorf("no key has the symbol %#x", symbol)
	}
	code := byte(xproto.Setup(h.d.conn).MinKeycode) + byte(at/h.per)
	if err := h.fake(xproto.KeyPress, code, image.Point{}); err != nil {
		return err
	}
	return h.fake(xproto.KeyRelease, code, image.Point{})
}
