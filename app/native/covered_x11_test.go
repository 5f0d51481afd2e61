//go:build linux && !wayland

package native

import (
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"go.uber.org/goleak"

	"foyer/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// screen is a display without a window manager, and a program with windows on it.
type screen struct {
	t    *testing.T
	conn *xgb.Conn
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	t.Setenv("DISPLAY", testenv.Display(t))
	conn, err := xgb.NewConn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return &screen{t, conn}
}

func (s *screen) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// open shows a window of that size at the top left.
func (s *screen) open(side uint16) xproto.Window {
	s.t.Helper()
	id, err := xproto.NewWindowId(s.conn)
	s.must(err)
	root := xproto.Setup(s.conn).DefaultScreen(s.conn)
	s.must(xproto.CreateWindowChecked(s.conn, root.RootDepth, id, root.Root, 0, 0, side, side, 0,
		xproto.WindowClassInputOutput, root.RootVisual, 0, nil).Check())
	s.must(xproto.MapWindowChecked(s.conn, id).Check())
	return id
}

func (s *screen) close(window xproto.Window) {
	s.t.Helper()
	s.must(xproto.DestroyWindowChecked(s.conn, window).Check())
}

func (s *screen) atom(name string) xproto.Atom {
	s.t.Helper()
	reply, err := xproto.InternAtom(s.conn, false, uint16(len(name)), name).Reply()
	s.must(err)
	return reply.Atom
}

// state sets what a window manager says of a window.
func (s *screen) state(window xproto.Window, names ...string) {
	s.t.Helper()
	value := make([]byte, 4*len(names))
	for i, name := range names {
		xgb.Put32(value[4*i:], uint32(s.atom(name)))
	}
	s.must(xproto.ChangePropertyChecked(s.conn, xproto.PropModeReplace, window, s.atom("_NET_WM_STATE"),
		xproto.AtomAtom, 32, uint32(len(names)), value).Check())
}

// A window that a larger one covers, or that the window manager hides, is told so, and
// when it is seen again; one that is covered in part is not. Nothing is told after the
// end.
func TestCoveredIsTold(t *testing.T) {
	s := newScreen(t)
	window := s.open(200)
	told := make(chan bool, 10)
	s.state(window, "_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_HIDDEN")
	stop := watch(window, func(covered bool) { told <- covered })
	want := func(what string, want bool) {
		t.Helper()
		select {
		case got := <-told:
			if got != want {
				t.Errorf("%s: told %v", what, got)
			}
		case <-time.After(testenv.Limit):
			t.Fatalf("%s: nothing was told", what)
		}
	}
	want("hidden from the beginning", true)
	s.state(window, "_NET_WM_STATE_MAXIMIZED_VERT")
	want("no longer hidden", false)
	part := s.open(100)
	whole := s.open(300)
	want("covered", true) // and nothing of the part
	s.state(window, "_NET_WM_STATE_HIDDEN")
	s.close(whole)
	s.state(window)
	want("neither covered nor hidden", false)
	s.close(part)
	stop()
	s.open(300)
	select {
	case got := <-told:
		t.Errorf("told %v after the end", got)
	default:
	}
}

// Where no X server is, nothing is told, and nothing waits.
func TestCoveredWithoutADisplay(t *testing.T) {
	t.Setenv("DISPLAY", ":9999")
	watch(1, func(bool) { t.Error("something was told") })()
}
