package desktop

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/sirupsen/logrus/hooks/test"

	"foyer/internal/deskbus"
	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/desk"
)

// F9 and F7 on the keyboard of Xvfb.
const (
	f9Symbol = xproto.Keysym(0xffc6)
	f9Code   = xproto.Keycode(75)
	f7Code   = xproto.Keycode(73)
)

var f9 = desk.TalkKey{Name: fyne.KeyF9, Says: "Speak while you hold the key"}

// talker is a user at a display on which another program has the keyboard.
type talker struct {
	*user
	screen  *desktop.Desktop
	display *drive.Display
	conn    *xgb.Conn
}

func newTalker(t *testing.T) *talker {
	t.Helper()
	display := testenv.ManagedDisplay(t)
	t.Setenv("DISPLAY", display.Name)
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("XDG_SESSION_TYPE", "x11")
	screen, err := desktop.Open(display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(screen.Close)
	conn, err := xgb.NewConn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return &talker{newUser(t), screen, display, conn}
}

// remap puts a symbol on a key.
func (u *talker) remap(code xproto.Keycode, symbol xproto.Keysym) {
	u.t.Helper()
	u.must(xproto.ChangeKeyboardMappingChecked(u.conn, 1, code, 1, []xproto.Keysym{symbol}).Check())
}

// soon waits until cond holds, but not for ever.
func soon(t *testing.T, cond func() bool) error {
	ctx, cancel := context.WithTimeout(t.Context(), deskbus.Limit)
	defer cancel()
	return drive.Until(ctx, cond)
}

// reaches waits until it is known where the key works.
func (u *user) reaches(want desk.Reach) {
	u.t.Helper()
	want.Key = string(f9.Name)
	if err := soon(u.t, func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		return u.reach == want
	}); err != nil {
		u.t.Fatalf("it reaches %+v, want %+v", u.reach, want)
	}
}

// talked waits for what was heard of the key.
func (u *user) talked(want ...bool) {
	u.t.Helper()
	if err := soon(u.t, func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		return slices.Equal(u.talk, want)
	}); err != nil {
		u.t.Fatalf("the key went %v, want %v", u.talk, want)
	}
}

func (u *talker) hold()    { u.must(u.screen.Hold(u.t.Context(), "F9")) }
func (u *talker) release() { u.must(u.screen.Release(u.t.Context(), "F9")) }

func (u *user) must(err error) {
	u.t.Helper()
	if err != nil {
		u.t.Fatal(err)
	}
}

// isFree waits until another program can have the key.
func (u *talker) isFree() {
	u.t.Helper()
	if err := soon(u.t, func() bool {
		free, err := u.screen.TakeKey(f9Symbol)
		if err != nil {
			return false
		}
		free()
		return true
	}); err != nil {
		u.t.Fatal("nobody else can have the key")
	}
}

// The key is ours in another program's window, for as long as it is held: a key that
// repeats is not released, and a lock makes no other key of it.
func TestTheKeyInAnotherWindow(t *testing.T) {
	u := newTalker(t)
	u.must(u.screen.OpenWindow())
	u.must(xproto.ChangeKeyboardControlChecked(
		u.conn, xproto.KbAutoRepeatMode, []uint32{xproto.AutoRepeatModeOn},
	).Check())
	u.Talk(f9)
	u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
	if _, err := u.screen.TakeKey(f9Symbol); err == nil {
		t.Error("another program can have the key as well")
	}
	u.hold()
	u.talked(true)
	u.rests(1500 * time.Millisecond) // the server repeats the key from 660 ms on, every 40 ms
	u.talked(true)
	u.release()
	u.talked(true, false)
	for _, lock := range []string{"Num_Lock", "Caps_Lock"} {
		u.must(u.screen.Key(t.Context(), lock))
	}
	u.hold()
	u.talked(true, false, true)
	u.Talk(desk.TalkKey{}) // while it is held
	u.talked(true, false, true, false)
	u.isFree()
	u.release()
}

// others is what another program's window, which has the keyboard, gets of it.
type others struct {
	mu      sync.Mutex
	pressed []xproto.Keycode
	focus   int // how often the keyboard came
}

// otherWindow opens it, and waits until it has the keyboard.
func (u *talker) otherWindow() *others {
	u.t.Helper()
	id, err := xproto.NewWindowId(u.conn)
	u.must(err)
	screen := xproto.Setup(u.conn).DefaultScreen(u.conn)
	const side = 200
	u.must(xproto.CreateWindowChecked(
		u.conn, screen.RootDepth, id, screen.Root, 0, 0, side, side, 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwEventMask, []uint32{xproto.EventMaskKeyPress | xproto.EventMaskFocusChange},
	).Check())
	u.must(xproto.MapWindowChecked(u.conn, id).Check())
	o := &others{}
	go func() { // until the connection is closed
		for {
			e, err := u.conn.WaitForEvent()
			if e == nil && err == nil {
				return
			}
			o.mu.Lock()
			switch e := e.(type) {
			case xproto.KeyPressEvent:
				o.pressed = append(o.pressed, e.Detail)
			case xproto.FocusInEvent:
				o.focus++
			}
			o.mu.Unlock()
		}
	}()
	u.must(soon(u.t, func() bool { // once it is there
		_ = xproto.SetInputFocusChecked(u.conn, xproto.InputFocusPointerRoot, id, xproto.TimeCurrentTime).Check()
		return o.focused() > 0
	}))
	return o
}

func (o *others) focused() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.focus
}

func (o *others) keys() []xproto.Keycode {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.pressed)
}

// While the key is held, another program's window gets all other keys.
func TestTheOtherKeysWhileTheKeyIsHeld(t *testing.T) {
	u := newTalker(t)
	window := u.otherWindow()
	u.must(xproto.ChangeKeyboardControlChecked(
		u.conn, xproto.KbAutoRepeatMode, []uint32{xproto.AutoRepeatModeOn},
	).Check())
	u.Talk(f9)
	u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
	u.hold()
	u.talked(true)
	u.rests(time.Second) // the server repeats the key from 660 ms on
	const presses = 20
	for range presses {
		u.must(u.screen.Key(t.Context(), "a"))
	}
	// The first one ends the repetition, and may fall into the moment of one.
	if err := soon(t, func() bool { return len(window.keys()) >= presses-1 }); err != nil {
		t.Errorf("the other window got %d of %d keys", len(window.keys()), presses)
	}
	if slices.Contains(window.keys(), f9Code) {
		t.Error("the other window got the key as well")
	}
	u.talked(true)
	u.release()
	u.talked(true, false)
}

// holdsAnew holds a key that was released unheard until that is heard. Nobody's hand
// is quicker than the program's looks at the key, which a busy machine delays.
func (u *talker) holdsAnew() {
	u.t.Helper()
	before := u.heard()
	u.must(soon(u.t, func() bool {
		u.rests(2 * xLook)
		u.hold()
		ctx, cancel := context.WithTimeout(u.t.Context(), time.Second)
		defer cancel()
		if drive.Until(ctx, func() bool { return u.heard() > before }) == nil {
			return true
		}
		u.release()
		return false
	}))
}

// heard is how often the key was heard to go down or up.
func (u *user) heard() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.talk)
}

// rests waits for something that must not happen: nothing tells that it did not.
func (u *user) rests(d time.Duration) { time.Sleep(d) }

// What is in the way is said, and what is gone in the middle ends a press.
func TestTheKeyThatIsNotThere(t *testing.T) {
	t.Run("taken", func(t *testing.T) {
		u := newTalker(t)
		free, err := u.screen.TakeKey(f9Symbol)
		u.must(err)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleTaken})
		free()
		u.Talk(desk.TalkKey{})
		u.isFree()
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
	})
	t.Run("not on the keyboard", func(t *testing.T) {
		u := newTalker(t)
		u.remap(f9Code, 0)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleNoKey})
	})
	t.Run("moved on the keyboard", func(t *testing.T) {
		u := newTalker(t)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
		u.remap(f7Code, f9Symbol)
		u.remap(f9Code, 0)
		u.must(soon(t, func() bool { // until it is taken where it is now
			u.hold()
			u.release()
			u.mu.Lock()
			defer u.mu.Unlock()
			return len(u.talk) > 0
		}))
		u.must(soon(t, func() bool {
			u.mu.Lock()
			defer u.mu.Unlock()
			return !u.talk[len(u.talk)-1]
		}))
	})
	t.Run("no display", func(t *testing.T) {
		u := newTalker(t)
		t.Setenv("DISPLAY", ":4711")
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleLost})
	})
	t.Run("the display ends", func(t *testing.T) {
		u := newTalker(t)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
		u.hold()
		u.talked(true)
		u.display.Close()
		u.talked(true, false)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleLost})
	})
	t.Run("the display hangs", func(t *testing.T) {
		u := newTalker(t)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
		u.hold()
		u.talked(true)
		u.must(u.display.Freeze())
		u.talked(true, false)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleLost})
		began := time.Now()
		u.Desktop.Close()
		if took := time.Since(began); took > answerLimit {
			t.Errorf("the end took %v", took)
		}
		u.must(u.display.Thaw())
		u.isFree()
	})
}

// A release that somebody else has got does not keep the key down.
func TestTheReleaseThatIsLost(t *testing.T) {
	u := newTalker(t)
	k := &xKey{conn: u.conn, symbol: f9Symbol, t: &talk{d: u.Desktop}}
	if o := k.grab(); o != desk.ObstacleNone {
		t.Fatal(o)
	}
	k.happened(xproto.KeyPressEvent{Detail: k.codes[0]}) // and nothing more
	u.talked(true)
	if o := k.look(); o != desk.ObstacleNone {
		t.Error(o)
	}
	u.talked(true, false)
}

// Locking the screen or suspending the computer releases the key.
func TestLockedWhileTheKeyIsHeld(t *testing.T) {
	for name, lock := range map[string]func(s *deskbus.Services) error{
		"locked": func(s *deskbus.Services) error { return s.Lock(true) },
		"sleep":  func(s *deskbus.Services) error { return s.Sleep(true) },
	} {
		t.Run(name, func(t *testing.T) {
			u := newTalker(t)
			u.Talk(f9)
			u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
			u.hold()
			u.talked(true)
			u.must(lock(u.services))
			u.talked(true, false)
			u.release()
			u.holdsAnew()
			u.talked(true, false, true)
			u.release()
			u.talked(true, false, true, false)
		})
	}
}

// keyVariable makes this test's program one that has the key and waits.
const keyVariable = "FOYER_DESKTOP_KEY"

// A program that was killed has the key no more.
func TestKilledWithTheKey(t *testing.T) {
	if os.Getenv(keyVariable) != "" {
		log, _ := test.NewNullLogger()
		d := New(Config{Talk: func(bool) {}, Reach: func(r desk.Reach) { fmt.Println(r.Stage) }, Log: log})
		d.Talk(f9)
		select {}
	}
	u := newTalker(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledWithTheKey$")
	cmd.Env = append(os.Environ(), keyVariable+"=1")
	out, err := cmd.StdoutPipe()
	u.must(err)
	u.must(cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	_, taken := u.screen.TakeKey(f9Symbol)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	u.must(err)
	if line != fmt.Sprintln(desk.ReachEverywhere) || taken == nil {
		t.Errorf("it reaches %s, and another program can have the key: %v", line, taken == nil)
	}
	u.isFree()
}

// portalUser is a user of a Wayland desktop, whose portal gives keys.
func portalUser(t *testing.T) (*user, *deskbus.Shortcuts) {
	t.Helper()
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	u := newUser(t)
	portal, err := deskbus.OfferShortcuts(u.bus.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(portal.Close)
	return u, portal
}

// The portal's key: asked for in words, held and released, and given back.
func TestTheKeyOfThePortal(t *testing.T) {
	u, portal := portalUser(t)
	u.Talk(f9)
	u.reaches(desk.Reach{Stage: desk.ReachEverywhere, Called: "Press <F9>"})
	if key, says := portal.Given(); key != "F9" || says != f9.Says {
		t.Errorf("asked for %q, %q", key, says)
	}
	for range 50 { // in their order
		u.must(portal.Press(true))
		u.must(portal.Press(false))
	}
	var want []bool
	for range 50 {
		want = append(want, true, false)
	}
	u.talked(want...)
	u.must(portal.Press(true))
	u.talked(append(want, true)...)
	u.Talk(desk.TalkKey{})
	u.talked(append(want, true, false)...)
	u.must(portal.Until(t.Context(), func() bool {
		key, _ := portal.Given()
		return key == ""
	}))
}

// Every end of the portal closes the microphone.
func TestThePortalEnds(t *testing.T) {
	for name, end := range map[string]func(p *deskbus.Shortcuts) error{
		"the session": func(p *deskbus.Shortcuts) error { return p.End() },
		"the portal": func(p *deskbus.Shortcuts) error {
			p.Close()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			u, portal := portalUser(t)
			u.Talk(f9)
			u.reaches(desk.Reach{Stage: desk.ReachEverywhere, Called: "Press <F9>"})
			u.must(portal.Press(true))
			u.talked(true)
			u.must(end(portal))
			u.talked(true, false)
			u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleLost})
		})
	}
	t.Run("locked", func(t *testing.T) {
		u, portal := portalUser(t)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachEverywhere, Called: "Press <F9>"})
		u.must(portal.Press(true))
		u.talked(true)
		u.must(u.services.Lock(true))
		u.talked(true, false)
	})
	t.Run("the bus", func(t *testing.T) {
		u, portal := portalUser(t)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachEverywhere, Called: "Press <F9>"})
		u.must(portal.Press(true))
		u.talked(true)
		u.bus.Close()
		u.talked(true, false)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleLost})
	})
}

// A desktop that gives no key says so.
func TestThePortalRefuses(t *testing.T) {
	t.Run("the user says no", func(t *testing.T) {
		u, portal := portalUser(t)
		portal.Deny()
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleDenied})
	})
	t.Run("the user gives no key", func(t *testing.T) {
		u, portal := portalUser(t)
		portal.Unset()
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleDenied})
		u.must(portal.Press(true)) // now there is one
		u.talked(true)
		u.reaches(desk.Reach{Stage: desk.ReachEverywhere})
	})
	t.Run("no portal", func(t *testing.T) {
		t.Setenv("WAYLAND_DISPLAY", "wayland-0")
		u := newUser(t)
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleWayland})
	})
	t.Run("no bus", func(t *testing.T) {
		t.Setenv("WAYLAND_DISPLAY", "wayland-0")
		u := newUser(t)
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
		u.Talk(f9)
		u.reaches(desk.Reach{Stage: desk.ReachHere, Obstacle: desk.ObstacleWayland})
	})
}
