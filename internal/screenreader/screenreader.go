//go:build linux

// Package screenreader is an assistive program for tests: it has the real registry of
// AT-SPI2, finds controls by what they are called, and hears what is said.
package screenreader

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"

	"foyer/internal/drive"
)

// Where Debian and others have the launcher of the bus for assistive programs.
var accessLaunchers = []string{"/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher"}

// withGroup runs the launcher until our end of its input is closed, even by our crash:
// the bus that the launcher starts outlives it otherwise.
const withGroup = `"$0" --launch-immediately </dev/null & read -r _; kill -KILL 0`

const (
	startLimit = 20 * time.Second // for the launcher to come up on a busy machine
	pollEvery  = 5 * time.Millisecond
)

// Names of AT-SPI2.
const (
	accessBus   = "org.a11y.Bus"
	accessRoot  = "/org/a11y/atspi/accessible/root"
	accessIface = "org.a11y.atspi."
	busService  = "org.freedesktop.DBus"
)

// Reader is such a program on a desktop.
type Reader struct {
	launcher *exec.Cmd
	life     io.Closer // its end ends the launcher and what that started
	home     string
	session  *dbus.Conn
	conn     *dbus.Conn // to the bus of assistive programs

	mu      sync.Mutex
	said    []string
	changed chan struct{}
	work    sync.WaitGroup
}

// Start starts the registry on a bus and a display, and says on the bus that somebody
// listens.
func Start(ctx context.Context, b *drive.Bus, d *drive.Display) (*Reader, error) {
	i := slices.IndexFunc(accessLaunchers, func(path string) bool { _, err := os.Stat(path); return err == nil })
	if i < 0 {
		return nil, errors.New("programs are missing: make deps-test, or apt-get install at-spi2-core")
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	home, err := os.MkdirTemp("", "fa")
	if err != nil {
		return nil, err
	}
	a := &Reader{home: home, changed: make(chan struct{})}
	a.launcher = exec.Command("sh", "-c", withGroup, accessLaunchers[i])
	a.launcher.Env = append(without("DISPLAY", "WAYLAND_DISPLAY", "AT_SPI_BUS_ADDRESS"), slices.Concat(
		b.Env(), d.Env(), []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home, "GSETTINGS_BACKEND=memory"},
	)...)
	a.launcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.life, err = a.launcher.StdinPipe(); err == nil {
		err = a.launcher.Start()
	}
	if err == nil {
		err = a.connect(ctx, b)
	}
	if err != nil {
		a.Close()
		return nil, fmt.Errorf("start AT-SPI2: %w", err)
	}
	return a, nil
}

// without is our environment but for some variables.
func without(names ...string) []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(names, name)
	})
}

func (a *Reader) connect(ctx context.Context, b *drive.Bus) (err error) {
	if a.session, err = dbus.Connect(b.Address); err != nil {
		return err
	}
	launcher := a.session.Object(accessBus, "/org/a11y/bus")
	address := ""
	if err = drive.UntilEvery(ctx, pollEvery, func() bool {
		return launcher.CallWithContext(ctx, accessBus+".GetAddress", 0).Store(&address) == nil && address != ""
	}); err != nil {
		return err
	}
	if a.conn, err = dbus.Connect(address); err != nil {
		return err
	}
	signals := make(chan *dbus.Signal, 100)
	a.conn.Signal(signals)
	if err = a.conn.AddMatchSignal(
		dbus.WithMatchInterface(accessIface+"Event.Object"), dbus.WithMatchMember("Announcement"),
	); err != nil {
		return err
	}
	a.work.Go(func() { // until the connection is closed
		for s := range signals {
			a.heard(s)
		}
	})
	return a.Listen(ctx, true)
}

// Listen says on the desktop whether somebody listens.
func (a *Reader) Listen(ctx context.Context, on bool) error {
	return a.session.Object(accessBus, "/org/a11y/bus").CallWithContext(
		ctx, busService+".Properties.Set", 0, "org.a11y.Status", "IsEnabled", dbus.MakeVariant(on),
	).Err
}

func (a *Reader) heard(s *dbus.Signal) {
	if s.Name != accessIface+"Event.Object.Announcement" || len(s.Body) < 4 {
		return
	}
	v, _ := s.Body[3].(dbus.Variant)
	text, _ := v.Value().(string)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said = append(a.said, text)
	close(a.changed)
	a.changed = make(chan struct{})
}

// Said lists what was said aloud, in its order.
func (a *Reader) Said() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.said)
}

// UntilSaid waits until something was said for which match holds, and returns it.
func (a *Reader) UntilSaid(ctx context.Context, match func(string) bool) (string, error) {
	for {
		a.mu.Lock()
		i, changed := slices.IndexFunc(a.said, match), a.changed
		said := slices.Clone(a.said)
		a.mu.Unlock()
		if i >= 0 {
			return said[i], nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("%w; said was %q", ctx.Err(), said)
		case <-changed:
		}
	}
}

// accessRef is an object on the bus.
type accessRef struct {
	Name string
	Path dbus.ObjectPath
}

// Control is something in a window, as it was when it was asked for.
type Control struct {
	Role, Name, Detail string

	a      *Reader
	ref    accessRef
	parent accessRef
	states []uint32
}

// States of a control, as AT-SPI2 numbers them.
const (
	StateChecked   = 4
	StateEnabled   = 8
	StateFocusable = 11
	StateFocused   = 12
	StateIconified = 15
	StateShowing   = 25
)

// Has reports whether a state holds.
func (c Control) Has(state int) bool { return c.states[state/32]>>(state%32)&1 == 1 }

// Within reports whether a control is directly in another one.
func (c Control) Within(other Control) bool { return c.parent == other.ref }

// Controls lists what the programs of that name have in their windows.
func (a *Reader) Controls(ctx context.Context, program string) ([]Control, error) {
	var programs []accessRef
	registry := a.conn.Object(accessIface+"Registry", accessRoot)
	if err := registry.CallWithContext(ctx, accessIface+"Accessible.GetChildren", 0).Store(&programs); err != nil {
		return nil, err
	}
	var all []Control
	for _, p := range programs {
		var name string
		if a.conn.Object(p.Name, p.Path).StoreProperty(accessIface+"Accessible.Name", &name) != nil || name != program {
			continue
		}
		of, err := a.controlsOf(ctx, p.Name)
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

func (a *Reader) controlsOf(ctx context.Context, name string) ([]Control, error) {
	var items []struct {
		Object, Application, Parent accessRef
		Index, Children             int32
		Interfaces                  []string
		Name                        string
		Role                        uint32
		Description                 string
		States                      []uint32
	}
	cache := a.conn.Object(name, "/org/a11y/atspi/cache")
	if err := cache.CallWithContext(ctx, accessIface+"Cache.GetItems", 0).Store(&items); err != nil {
		return nil, err
	}
	all := make([]Control, len(items))
	for i, it := range items {
		all[i] = Control{
			Role: roleWords()[it.Role], Name: it.Name, Detail: it.Description, a: a, ref: it.Object, parent: it.Parent,
			states: it.States,
		}
	}
	return all, nil
}

// roleWords are the names of the roles that a window has.
func roleWords() map[uint32]string {
	return map[uint32]string{
		2: "alert", 7: "check box", 11: "combo box", 16: "dialog", 23: "frame", 27: "image", 29: "label", 31: "list",
		32: "list item", 33: "menu", 35: "menu item", 37: "page tab", 38: "page tab list", 39: "panel",
		42: "progress bar", 43: "button", 44: "radio button", 51: "slider", 75: "application", 79: "entry",
		83: "heading", 103: "level bar",
	}
}

// Press presses a control, and reports whether it could be pressed.
func (c Control) Press(ctx context.Context) (done bool, err error) {
	return c.does(ctx, "Action.DoAction", int32(0))
}

// Focus gives it the keyboard.
func (c Control) Focus(ctx context.Context) (done bool, err error) {
	return c.does(ctx, "Component.GrabFocus")
}

// Write writes a text into it, in place of what is there.
func (c Control) Write(ctx context.Context, text string) (done bool, err error) {
	return c.does(ctx, "EditableText.SetTextContents", text)
}

// Place is where it lies on the screen.
func (c Control) Place(ctx context.Context) (image.Rectangle, error) {
	var at struct{ X, Y, Width, Height int32 }
	err := c.a.conn.Object(c.ref.Name, c.ref.Path).
		CallWithContext(ctx, accessIface+"Component.GetExtents", 0, uint32(0)).Store(&at)
	return image.Rect(int(at.X), int(at.Y), int(at.X+at.Width), int(at.Y+at.Height)), err
}

// Move puts its value somewhere.
func (c Control) Move(ctx context.Context, to float64) error {
	return c.a.conn.Object(c.ref.Name, c.ref.Path).CallWithContext(
		ctx, busService+".Properties.Set", 0, accessIface+"Value", "CurrentValue", dbus.MakeVariant(to),
	).Err
}

// Value is where that is.
func (c Control) Value(ctx context.Context) (at float64, err error) {
	var v dbus.Variant
	err = c.a.conn.Object(c.ref.Name, c.ref.Path).CallWithContext(
		ctx, busService+".Properties.Get", 0, accessIface+"Value", "CurrentValue",
	).Store(&v)
	at, _ = v.Value().(float64)
	return at, err
}

func (c Control) does(ctx context.Context, method string, args ...any) (done bool, err error) {
	err = c.a.conn.Object(c.ref.Name, c.ref.Path).CallWithContext(ctx, accessIface+method, 0, args...).Store(&done)
	return done, err
}

// Text returns what is written in it.
func (c Control) Text(ctx context.Context) (text string, err error) {
	err = c.a.conn.Object(c.ref.Name, c.ref.Path).
		CallWithContext(ctx, accessIface+"Text.GetText", 0, int32(0), int32(-1)).Store(&text)
	return text, err
}

// Freeze stops the bus of assistive programs, as a reader that hangs would, and
// returns what lets it go on.
func (a *Reader) Freeze() (thaw func() error, err error) {
	var pid uint32
	err = a.conn.BusObject().Call(busService+".GetConnectionUnixProcessID", 0, busService).Store(&pid)
	if err != nil {
		return nil, err
	}
	return func() error { return syscall.Kill(int(pid), syscall.SIGCONT) }, syscall.Kill(int(pid), syscall.SIGSTOP)
}

// Close ends all of it. Safe to call twice.
func (a *Reader) Close() {
	if a.life != nil {
		_ = a.life.Close()
	}
	if a.launcher.Process != nil {
		_ = syscall.Kill(-a.launcher.Process.Pid, syscall.SIGKILL) // the bus and the registry with it
		_ = a.launcher.Wait()
	}
	for _, c := range []*dbus.Conn{a.conn, a.session} {
		if c != nil {
			_ = c.Close()
		}
	}
	a.work.Wait()
	_ = os.RemoveAll(a.home)
}
