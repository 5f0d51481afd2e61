package atspi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/sirupsen/logrus"

	"foyer/internal/drive"
	"foyer/internal/screenreader"
	"foyer/internal/testenv"
	"foyer/ui/access"
)

// control is a control of any kind.
type control struct {
	widget.BaseWidget
	role    access.Role
	name    string
	text    string
	pressed int
}

func newControl(role access.Role, name string) *control {
	c := &control{role: role, name: name}
	c.ExtendBaseWidget(c)
	return c
}

func (c *control) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(nil))
}
func (c *control) Tapped(*fyne.PointEvent)        { c.pressed++ }
func (c *control) FocusGained()                   {}
func (c *control) FocusLost()                     {}
func (c *control) TypedRune(rune)                 {}
func (c *control) TypedKey(*fyne.KeyEvent)        {}
func (c *control) AccessibilityLabel() string     { return c.name }
func (c *control) AccessibilityRole() access.Role { return c.role }
func (c *control) Describe(n *access.Node) {
	if c.role == access.RoleEntry {
		n.Text, n.Write = c.text, func(text string) { c.text = text }
	}
}

// room is a program with a window, whose main goroutine is one of the test's.
type room struct {
	t      *testing.T
	jobs   chan func()
	asked  atomic.Int32 // jobs that the Reader gave
	ran    atomic.Int32 // those of them that have run
	app    fyne.App
	win    fyne.Window
	button *control
	entry  *control
	voice  access.Voice
	reader *Reader
	far    *testenv.Access
}

func newRoom(t *testing.T) *room {
	t.Helper()
	bus, display := testenv.UseBus(t), testenv.ManagedDisplay(t)
	r := &room{t: t, jobs: make(chan func(), 100), far: testenv.Reader(t, bus, display)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for job := range r.jobs {
			job()
		}
	}()
	t.Cleanup(func() {
		close(r.jobs)
		<-ended
	})
	r.main(func() {
		r.app = test.NewApp()
		r.button, r.entry = newControl(access.RoleButton, "Leave"), newControl(access.RoleEntry, "Name")
		r.win = r.app.NewWindow("A room")
		r.win.SetContent(container.NewVBox(r.button, r.entry))
		r.win.Show()
	})
	r.reader = New(Config{App: r.app, Voice: &r.voice, Name: "Foyer", Log: logrus.New(), Dispatch: func(f func()) {
		r.asked.Add(1)
		r.jobs <- func() {
			f()
			r.ran.Add(1)
		}
	}})
	t.Cleanup(r.reader.Close)
	return r
}

// main runs f on the main goroutine and waits for it.
func (r *room) main(f func()) {
	r.t.Helper()
	done := make(chan struct{})
	r.jobs <- func() {
		defer close(done)
		f()
	}
	<-done
}

func (r *room) until(cond func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), testenv.Limit)
	defer cancel()
	if err := drive.Until(ctx, cond); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) check(what string, done bool, err error) {
	r.t.Helper()
	if err != nil || !done {
		r.t.Errorf("%s: %v, %v", what, done, err)
	}
}

// With the registry that screen readers have: they find a control by its name, press it,
// write into it, give it the keyboard and hear what is said.
func TestReadersFindPressWriteAndHear(t *testing.T) {
	r := newRoom(t)
	ctx := t.Context()
	frame := r.far.Find("frame", "A room")
	leave := r.far.Find("button", "Leave")
	if !leave.Within(frame) || !leave.Has(screenreader.StateFocusable) || !leave.Has(screenreader.StateEnabled) {
		t.Errorf("the button is %+v", leave)
	}
	done, err := leave.Press(ctx)
	r.check("press", done, err)
	r.main(func() {
		if r.button.pressed != 1 {
			t.Errorf("pressed %d times", r.button.pressed)
		}
	})
	name := r.far.Find("entry", "Name")
	done, err = name.Write(ctx, "Grace 女")
	r.check("write", done, err)
	r.until(func() bool { text, err := name.Text(ctx); return err == nil && text == "Grace 女" })
	done, err = name.Focus(ctx)
	r.check("focus", done, err)
	r.until(func() bool { return r.far.Find("entry", "Name").Has(screenreader.StateFocused) })
	r.voice.Say(access.Said{Text: "Grace joined"})
	r.far.Hears(func(s string) bool { return s == "Grace joined" })

	r.main(func() { // what is not there any more cannot be pressed
		r.button.Hide()
		r.button.pressed = 0
	})
	if done, _ := leave.Press(ctx); done {
		t.Error("a hidden button was pressed")
	}
	r.main(func() {
		r.button.name = "Leave \xff\x00it"
		r.button.Show()
	})
	r.far.Find("button", "Leave \uFFFDit") // the bus takes no such bytes: we would be gone
}

// As long as nobody listens the window is not looked at; and again once nobody does any
// more.
func TestNothingIsReadWhileNobodyListens(t *testing.T) {
	bus := testenv.UseBus(t)
	far := testenv.Reader(t, bus, testenv.ManagedDisplay(t))
	if err := far.Listen(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	voice, asked := access.Voice{}, atomic.Int32{}
	reader := New(Config{App: test.NewApp(), Voice: &voice, Name: "Foyer", Log: logrus.New(), Dispatch: func(f func()) {
		asked.Add(1)
		f()
	}})
	t.Cleanup(reader.Close)
	// It has looked whether somebody listens as soon as it takes the change.
	if err := far.Listen(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	far.Find("application", "Foyer")
	if !voice.On() {
		t.Error("somebody listens, and nothing is said")
	}
	if err := far.Listen(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	if err := drive.Until(ctx, func() bool { return !voice.On() }); err != nil {
		t.Fatal(err)
	}
	before := asked.Load()
	time.Sleep(5 * every) // nothing happens: there is no event to wait for
	if now := asked.Load(); now != before {
		t.Errorf("the window was looked at %d times while nobody listened", now-before)
	}
}

// A window that hangs is still there for readers; what they want done is not, within a
// bound; and it does not hold up the end.
func TestReadersAndAWindowThatHangs(t *testing.T) {
	r := newRoom(t)
	leave := r.far.Find("button", "Leave")
	block := make(chan struct{})
	r.jobs <- func() { <-block }
	defer close(block)
	r.far.Find("button", "Leave")
	began := time.Now()
	if done, err := leave.Press(t.Context()); done || err != nil {
		t.Errorf("a window that hangs was pressed: %v, %v", done, err)
	}
	if took := time.Since(began); took > 4*mainLimit {
		t.Errorf("the answer took %v", took)
	}
	r.ends()
}

// A bus that takes nothing any more holds up nothing.
func TestABusThatHangs(t *testing.T) {
	r := newRoom(t)
	r.far.Find("button", "Leave")
	thaw, err := r.far.Freeze()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := thaw(); err != nil {
			t.Error(err)
		}
	}()
	before := int32(0)
	r.main(func() { // more than its socket takes
		before = r.ran.Load()
		var all []fyne.CanvasObject
		for i := range 2000 {
			all = append(all, newControl(access.RoleButton, fmt.Sprint(strings.Repeat("long ", 100), i)))
		}
		r.win.SetContent(container.NewVBox(all...))
	})
	r.until(func() bool { return r.ran.Load() > before }) // it tells of them now
	r.ends()
}

// ends closes the Reader, within a second even on a busy computer.
func (r *room) ends() {
	r.t.Helper()
	began := time.Now()
	r.reader.Close()
	if took := time.Since(began); took > time.Second {
		r.t.Errorf("closing took %v", took)
	}
	if n := r.asked.Load(); n > 0 {
		before := n
		r.reader.do(r.t.Context(), r.button, func(*access.Node) bool { return true })
		if r.asked.Load() != before {
			r.t.Error("the main goroutine was asked after the end")
		}
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"unix:path=/run/user/1000/bus":                  "/run/user/1000/bus",
		"unix:path=/tmp/a%20b,guid=12":                  "/tmp/a b",
		"unix:guid=12,abstract=/tmp/dbus-x":             "@/tmp/dbus-x",
		"tcp:host=localhost,port=1;unix:path=/tmp/next": "/tmp/next",
		"autolaunch:": "",
		"":            "",
	} {
		got, err := socketOf(address)
		if got != want || (want == "") != errors.Is(err, errNoAddress) {
			t.Errorf("%q is %q, %v", address, got, err)
		}
	}
}

func TestPieces(t *testing.T) {
	all := []rune("Your name\nGrace 女 x")
	for _, tt := range []struct {
		at, by int
		want   string
	}{
		{0, byCharacter, "Y"}, {15, byCharacter, " "}, {19, byCharacter, ""}, {0, byWord, "Your "}, {4, byWord, "Your "},
		{5, byWord, "name\n"}, {16, byWord, "女 "}, {19, byWord, "x"}, {3, byLine, "Your name\n"},
		{10, byLine, "Grace 女 x"}, {19, byLine, "Grace 女 x"},
	} {
		from, to := pieceAt(all, tt.at, tt.by)
		if got := string(all[from:to]); got != tt.want {
			t.Errorf("at %d by %d there is %q, want %q", tt.at, tt.by, got, tt.want)
		}
	}
	if from, to := pieceAt(nil, 0, byWord); from != 0 || to != 0 {
		t.Errorf("an empty text has a piece from %d to %d", from, to)
	}
	if from, to := pieceAt(nil, 0, byLine); from != 0 || to != 0 {
		t.Errorf("an empty text has a line from %d to %d", from, to)
	}
}
