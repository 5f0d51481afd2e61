package desktop

import (
	"context"
	"errors"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	fynedesktop "fyne.io/fyne/v2/driver/desktop"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"foyer/ui/desk"
)

// Times of an X server.
const (
	xLimit = time.Second           // it may take for an answer
	xLook  = 40 * time.Millisecond // between two looks at a key that is held
)

// keysym is the key's symbol (keysymdef.h), 0 if there is none.
func keysym(name fyne.KeyName) xproto.Keysym {
	const f1 = 0xffbe
	if n := desk.FunctionKey(name); n > 0 {
		return f1 + xproto.Keysym(n) - 1
	}
	switch name {
	case fyne.KeyInsert:
		return 0xff63
	case fynedesktop.KeyMenu:
		return 0xff67
	case fynedesktop.KeyControlRight:
		return 0xffe4
	case fynedesktop.KeySuperRight:
		return 0xffec
	default:
		return 0
	}
}

// Symbols of the keys whose modifiers may be on beside ours.
const (
	numLock    = 0xff7f
	scrollLock = 0xff14
)

// xKey is a key that the X server gives only to us, for as long as the connection
// lasts: when the program is killed, the server takes it back.
//
// The owner is the goroutine of listenX. What waits for the server runs on another
// one, since xgb has no limit for an answer: see ask.
type xKey struct {
	conn   *xgb.Conn
	symbol xproto.Keysym
	codes  []xproto.Keycode // of the keyboard's keys that have the symbol
	locks  []uint16         // all states of the locks
	held   xproto.Keycode   // 0: none of them
	stale  bool             // the keyboard has changed while a key was held
	t      *talk
}

// listenX listens to a key of the X server's.
func listenX(ctx context.Context, name fyne.KeyName, t *talk) desk.Obstacle {
	conn, ok := dialX(ctx)
	if !ok {
		return desk.ObstacleLost
	}
	k := &xKey{conn: conn, symbol: keysym(name), t: t}
	events, closed := k.read()
	defer closed()
	if o := k.grab(); o != desk.ObstacleNone {
		return o
	}
	t.everywhere("")
	for {
		var o desk.Obstacle
		var look <-chan time.Time
		if k.held != 0 {
			look = time.After(xLook)
		}
		select {
		case <-ctx.Done():
			return desk.ObstacleNone
		case e, open := <-events:
			if !open {
				return desk.ObstacleLost
			}
			o = k.happened(e)
		case <-look:
			o = k.look()
		}
		if o != desk.ObstacleNone {
			return o
		}
	}
}

// dialX connects to the display. A server that does not answer in time is answered
// by nobody: the connection is closed when it comes.
func dialX(ctx context.Context) (*xgb.Conn, bool) {
	dialed := make(chan *xgb.Conn, 1)
	go func() {
		conn, _ := xgb.NewConn() // nil without one
		dialed <- conn
	}()
	select {
	case conn := <-dialed:
		return conn, conn != nil
	case <-ctx.Done():
	case <-time.After(answerLimit):
	}
	go func() {
		if conn := <-dialed; conn != nil {
			conn.Close()
		}
	}()
	return nil, false
}

// read hands on the server's events. closed ends the connection and waits for its
// end, but no longer than a server may take: what is left then ends with the server.
func (k *xKey) read() (events <-chan xgb.Event, closed func()) {
	all, over, done := make(chan xgb.Event), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer close(all)
		for {
			e, err := k.conn.WaitForEvent()
			if e == nil && err == nil {
				return
			}
			if e == nil {
				continue
			}
			select {
			case all <- e:
			case <-over: // the connection drains
			}
		}
	}()
	return all, func() {
		close(over)
		go k.conn.Close()
		select {
		case <-done:
		case <-time.After(xLimit):
		}
	}
}

// ask runs what waits for the server, and reports whether it answered in time. If
// not, the connection must not be used any more.
func ask(f func()) bool {
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		f()
	}()
	select {
	case <-answered:
		return true
	case <-time.After(xLimit):
		return false
	}
}

// grab takes the key, whatever the locks are.
func (k *xKey) grab() (o desk.Obstacle) {
	if !ask(func() { o = k.grabNow() }) {
		return desk.ObstacleLost
	}
	return o
}

func (k *xKey) grabNow() desk.Obstacle {
	if err := k.find(); err != nil {
		return desk.ObstacleLost
	}
	if len(k.codes) == 0 {
		return desk.ObstacleNoKey
	}
	var asked []xproto.GrabKeyCookie
	for _, screen := range xproto.Setup(k.conn).Roots {
		for _, code := range k.codes {
			for _, lock := range k.locks {
				asked = append(asked, xproto.GrabKeyChecked(
					k.conn, false, screen.Root, lock, code, xproto.GrabModeAsync, xproto.GrabModeAsync,
				))
			}
		}
	}
	var all error
	for _, c := range asked {
		all = errors.Join(all, c.Check())
	}
	_, taken := errors.AsType[xproto.AccessError](all)
	switch {
	case all == nil:
		return desk.ObstacleNone
	case taken:
		return desk.ObstacleTaken
	default:
		return desk.ObstacleLost
	}
}

// ungrab gives it back.
func (k *xKey) ungrab() {
	for _, screen := range xproto.Setup(k.conn).Roots {
		for _, code := range k.codes {
			xproto.UngrabKey(k.conn, code, screen.Root, xproto.ModMaskAny)
		}
	}
}

// find looks for the key and the locks on the keyboard.
func (k *xKey) find() error {
	setup := xproto.Setup(k.conn)
	first := setup.MinKeycode
	count := byte(setup.MaxKeycode - first + 1)
	keyboard, err := xproto.GetKeyboardMapping(k.conn, first, count).Reply()
	if err != nil {
		return err
	}
	modifiers, err := xproto.GetModifierMapping(k.conn).Reply()
	if err != nil {
		return err
	}
	with := func(symbol xproto.Keysym) (codes []xproto.Keycode) {
		for i := range int(count) {
			per := int(keyboard.KeysymsPerKeycode)
			if symbol != 0 && slices.Contains(keyboard.Keysyms[i*per:(i+1)*per], symbol) {
				codes = append(codes, first+xproto.Keycode(i))
			}
		}
		return codes
	}
	k.codes, k.locks = with(k.symbol), []uint16{0}
	masks := []uint16{xproto.ModMaskLock}
	for _, lock := range []xproto.Keysym{numLock, scrollLock} {
		codes := with(lock)
		for i, code := range modifiers.Keycodes {
			mask := uint16(1) << (i / int(modifiers.KeycodesPerModifier))
			if slices.Contains(codes, code) && !slices.Contains(masks, mask) {
				masks = append(masks, mask)
			}
		}
	}
	for _, mask := range masks {
		for _, before := range k.locks {
			k.locks = append(k.locks, before|mask)
		}
	}
	return nil
}

// happened takes over an event.
func (k *xKey) happened(e xgb.Event) desk.Obstacle {
	switch e := e.(type) {
	case xproto.KeyPressEvent:
		if !slices.Contains(k.codes, e.Detail) {
			break
		}
		// The press has given us the whole keyboard until the release. Other programs
		// need the other keys, and a locker the keyboard; the release is then theirs,
		// and ours to look for. A key that repeats is pressed, and so taken, anew.
		xproto.UngrabKeyboard(k.conn, xproto.TimeCurrentTime)
		if k.held == 0 {
			k.held = e.Detail
			k.t.set(true)
		}
	case xproto.KeyReleaseEvent:
		// A key that repeats is told to be released each time. Whether it is, the
		// keyboard knows.
		if e.Detail == k.held {
			return k.look()
		}
	case xproto.MappingNotifyEvent:
		if e.Request == xproto.MappingPointer {
			break
		}
		k.stale = true
		return k.again()
	}
	return desk.ObstacleNone
}

// look ends what the key does when it is not down any more, even if another window got
// its release.
func (k *xKey) look() desk.Obstacle {
	if k.held == 0 {
		return desk.ObstacleNone
	}
	var keys *xproto.QueryKeymapReply
	var err error
	if !ask(func() { keys, err = xproto.QueryKeymap(k.conn).Reply() }) || err != nil || keys == nil {
		return desk.ObstacleLost
	}
	if keys.Keys[k.held/8]&(1<<(k.held%8)) != 0 {
		return desk.ObstacleNone
	}
	k.held = 0
	k.t.set(false)
	return k.again()
}

// again takes the key anew on a keyboard that has changed, once it is not held.
func (k *xKey) again() desk.Obstacle {
	if !k.stale || k.held != 0 {
		return desk.ObstacleNone
	}
	k.stale = false
	k.ungrab()
	return k.grab()
}
