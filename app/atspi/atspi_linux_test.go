package atspi

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"sync"
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
	at      float64 // of a slider, up to 100
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
	if c.role == access.RoleSlider {
		n.Value, n.Move = &access.Value{At: c.at, Most: 100, Step: 5}, func(to float64) { c.at = to }
	}
}

// room is a program with a window, whose main goroutine is one of the test's.
type room struct {
	t      *testing.T
	jobs   chan func()
	asked  atomic.Int32 // jobs that the Reader gave
	ran    atomic.Int32 // those of them that have run
	slow   atomic.Int64 // how long a frame takes, which is drawn before each of them
	frame  fakeFrame
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
		r.win.SetContent(container.NewVBox(r.button, r.entry, newControl(access.RoleSlider, "Volume")))
		r.win.Show()
	})
	r.frame.focused.Store(true)
	r.reader = New(Config{
		App: r.app, Voice: &r.voice, Name: "Foyer", Log: logrus.New(), Frame: func(fyne.Window) Frame { return &r.frame },
		Dispatch: func(f func()) {
			r.asked.Add(1)
			r.jobs <- func() {
				time.Sleep(time.Duration(r.slow.Load()))
				f()
				r.ran.Add(1)
			}
		},
	})
	t.Cleanup(r.reader.Close)
	return r
}

// fakeFrame is a window of a window system.
type fakeFrame struct{ focused, minimized atomic.Bool }

func (f *fakeFrame) Focused() bool               { return f.focused.Load() }
func (f *fakeFrame) Minimized() bool             { return f.minimized.Load() }
func (*fakeFrame) Position() (image.Point, bool) { return image.Point{}, true }

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
	if took := time.Since(began); took > 2*mainLimit {
		t.Errorf("the answer took %v", took)
	}
	r.ends()
}

// A computer that draws slowly, and runs one function between two frames: what a reader
// presses is pressed.
func TestReadersAndASlowWindow(t *testing.T) {
	r := newRoom(t)
	leave := r.far.Find("button", "Leave")
	r.slow.Store(int64(700 * time.Millisecond))
	for i := range 3 {
		done, err := leave.Press(t.Context())
		r.check("press", done, err)
		r.main(func() {
			if r.button.pressed != i+1 {
				t.Errorf("pressed %d times, not %d", r.button.pressed, i+1)
			}
		})
	}
	r.slow.Store(0)
}

// Nobody is told that nothing was done when it was, nor is anything done that was given
// up.
func TestAsk(t *testing.T) {
	const limit = 50 * time.Millisecond
	jobs := make(chan func(), 10)
	r := &Reader{conf: Config{Log: logrus.New(), limit: limit, Dispatch: func(f func()) { jobs <- f }}}
	turn := make(turns, 1)
	type answer struct{ done, ok bool }
	asks := func(f func() bool) chan answer {
		answers := make(chan answer, 1)
		go func() {
			done, ok := ask(t.Context(), r, turn, f)
			answers <- answer{done, ok}
		}()
		return answers
	}
	begun, long := make(chan struct{}), make(chan struct{})
	got := asks(func() bool {
		close(begun)
		<-long
		return true
	})
	go (<-jobs)()
	<-begun
	time.Sleep(limit + limit/2) // the limit passes while it runs
	close(long)
	if a := <-got; !a.done || !a.ok {
		t.Errorf("what was done is told as %+v", a)
	}
	done := false
	got = asks(func() bool { done = true; return true })
	late := <-jobs
	if a := <-got; a.ok {
		t.Errorf("what waits is told as %+v", a)
	}
	if late(); done {
		t.Error("what was given up is done")
	}
	got = asks(func() bool { panic("the window has gone") })
	(<-jobs)()
	if a := <-got; a.ok {
		t.Errorf("what panics is told as %+v", a)
	}
	dispatch := r.conf.Dispatch
	r.conf.Dispatch = func(func()) { panic("send on closed channel") }
	if a := <-asks(func() bool { return true }); a.ok || len(turn) != 0 {
		t.Errorf("at the end of the queue %+v, %d turns", a, len(turn))
	}
	r.conf.Dispatch = dispatch
	r.Deafen()
	if a := <-asks(func() bool { return true }); a.ok || len(jobs) != 0 || len(turn) != 0 {
		t.Errorf("after the end %+v, %d functions, %d turns", a, len(jobs), len(turn))
	}
}

// A window that is minimized says so, and has nothing in it: what was shown there last is
// not true any more. What is said is said.
func TestAMinimizedWindow(t *testing.T) {
	r := newRoom(t)
	r.far.Find("button", "Leave")
	r.frame.focused.Store(false)
	r.frame.minimized.Store(true)
	r.until(func() bool {
		return !slices.ContainsFunc(r.far.All(), func(c screenreader.Control) bool { return c.Role == "button" })
	})
	frame := r.far.Find("frame", "A room")
	if !frame.Has(screenreader.StateIconified) || frame.Has(screenreader.StateShowing) {
		t.Errorf("the window is %+v", frame)
	}
	r.voice.Say(access.Said{Text: "Grace joined"})
	r.far.Hears(func(s string) bool { return s == "Grace joined" })
	r.frame.minimized.Store(false)
	if back := r.far.Find("button", "Leave"); !back.Has(screenreader.StateShowing) {
		t.Error("what is back is not shown")
	}
}

// A slider goes where a reader wants it, and nowhere for what is no number.
func TestReadersMove(t *testing.T) {
	r := newRoom(t)
	volume := r.far.Find("slider", "Volume")
	is := func(want float64) {
		t.Helper()
		r.until(func() bool { at, err := volume.Value(t.Context()); return err == nil && at == want })
	}
	for _, tt := range []struct{ to, want float64 }{{40, 40}, {1e9, 100}, {-1, 0}, {30, 30}} {
		if err := volume.Move(t.Context(), tt.to); err != nil {
			t.Errorf("move to %v: %v", tt.to, err)
		}
		is(tt.want)
	}
	for _, to := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if err := volume.Move(t.Context(), to); err == nil {
			t.Errorf("it was moved to %v", to)
		}
	}
	is(30)
}

// The window changes and speaks without end: a reader still presses, and hears the last
// word.
func TestAStorm(t *testing.T) {
	r := newRoom(t)
	var many []*control
	r.main(func() {
		all := []fyne.CanvasObject{r.button}
		for i := range 200 {
			many = append(many, newControl(access.RoleText, fmt.Sprint("text ", i)))
			all = append(all, many[i])
		}
		r.win.SetContent(container.NewVBox(all...))
	})
	leave := r.far.Find("button", "Leave")
	const events = 10_000
	began, over := time.Now(), make(chan struct{})
	go func() {
		defer close(over)
		for i := range events {
			r.jobs <- func() {
				many[i%len(many)].name = fmt.Sprint("changed ", i)
				r.voice.Say(access.Said{Text: fmt.Sprint("event ", i)})
			}
		}
	}()
	longest, pressed := time.Duration(0), 0
	for done := false; !done; pressed++ {
		select {
		case <-over:
			done = true
		default:
		}
		asked := time.Now()
		ok, err := leave.Press(t.Context())
		r.check("press", ok, err)
		longest = max(longest, time.Since(asked))
	}
	r.far.Hears(func(s string) bool { return s == fmt.Sprint("event ", events-1) })
	r.main(func() {
		if r.button.pressed != pressed {
			t.Errorf("pressed %d times, not %d", r.button.pressed, pressed)
		}
	})
	t.Logf("%d events in %v, %d presses, the longest took %v", events, time.Since(began), pressed, longest)
	if longest > 2*time.Second {
		t.Errorf("a press took %v", longest)
	}
}

// A reader that asks without end gets its answers, and does not disturb the window.
func TestAReaderThatAsksWithoutEnd(t *testing.T) {
	r := newRoom(t)
	leave := r.far.Find("button", "Leave")
	began, before := time.Now(), r.asked.Load()
	for i := range 10 {
		var asking sync.WaitGroup
		for range 10 {
			asking.Go(func() {
				for range 30 {
					if _, err := leave.Text(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		done, err := leave.Press(t.Context())
		r.check(fmt.Sprint("press ", i), done, err)
		asking.Wait()
	}
	took, looks := time.Since(began), r.asked.Load()-before
	if most := int32(took/every) + 2*10 + 10; looks > most {
		t.Errorf("the window was asked %d times in %v, at most %d are due", looks, took, most)
	}
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
