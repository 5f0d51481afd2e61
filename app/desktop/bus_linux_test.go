package desktop

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"

	"foyer/internal/deskbus"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/desk"
)

// user is a Desktop on a bus of its own, and what was pressed there.
type user struct {
	*Desktop
	t        *testing.T
	services *deskbus.Services
	bus      *drive.Bus

	mu      sync.Mutex
	pressed []desk.Action
	slept   []time.Duration
	talk    []bool
	reach   desk.Reach
}

func newUser(t *testing.T, except ...string) *user {
	t.Helper()
	u := &user{t: t, bus: testenv.UseBus(t)}
	services, err := deskbus.Offer(u.bus.Address, except...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(services.Close)
	u.services = services
	u.Desktop = New(u.config())
	t.Cleanup(func() { u.Desktop.Close() })
	return u
}

func (u *user) config() Config {
	log, _ := test.NewNullLogger()
	return Config{
		Press: func(a desk.Action) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.pressed = append(u.pressed, a)
		},
		Woke: func(d time.Duration) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.slept = append(u.slept, d)
		},
		Talk: func(down bool) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.talk = append(u.talk, down)
		},
		Reach: func(r desk.Reach) {
			u.mu.Lock()
			defer u.mu.Unlock()
			u.reach = r
		},
		Log: log,
	}
}

func (u *user) until(what string, cond func() bool) {
	u.t.Helper()
	if err := u.services.Until(u.t.Context(), cond); err != nil {
		u.t.Fatalf("%s: %v; awake %q, icons %q, notes %v", what, err, u.services.Awake(), u.services.Items(), u.services.Notes())
	}
}

// wasPressed waits until the user's click has come.
func (u *user) wasPressed(want desk.Action) {
	u.t.Helper()
	err := drive.Until(u.t.Context(), func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		return len(u.pressed) > 0 && u.pressed[len(u.pressed)-1] == want
	})
	if err != nil {
		u.t.Fatalf("pressed %v, want %s", u.pressed, want)
	}
}

var review = desk.Stay{
	Title: "Design review: your microphone is on", Reason: "You are in a call", MicOn: true,
	Mic: "Mute", Show: "Show Foyer", Leave: "Leave the room", Quit: "Close Foyer",
}

// allAwake is what keeps a computer awake during a stay.
var allAwake = []string{
	"PowerManagement: You are in a call", "ScreenSaver: You are in a call", "login1: idle block You are in a call",
}

// settled waits until the desktop has answered all that a stay asks it for.
func (u *user) settled() {
	u.t.Helper()
	next := review
	next.Title += ", still"
	u.Show(next)
	icon := u.services.Items()[0]
	err := drive.Until(u.t.Context(), func() bool {
		title, err := u.services.Property(icon, "Title")
		return err == nil && title == next.Title
	})
	if err != nil {
		u.t.Fatal(err)
	}
}

// A stay keeps the computer awake and has an icon, and its end takes both away.
func TestAStayOnTheBus(t *testing.T) {
	u := newUser(t)
	for range 2 {
		u.Show(review)
		u.until("awake, and an icon", func() bool {
			return slices.Equal(u.services.Awake(), allAwake) && len(u.services.Items()) == 1
		})
		u.settled()
		u.Show(desk.Stay{})
		u.until("all given back", func() bool { return len(u.services.Awake()) == 0 && len(u.services.Items()) == 0 })
	}
	u.Show(review)
	u.until("awake again", func() bool { return slices.Equal(u.services.Awake(), allAwake) })
	u.settled()
	u.Close()
	u.until("all given back at the end", func() bool { return len(u.services.Awake()) == 0 && len(u.services.Items()) == 0 })
}

// The icon says what state we are in, and its menu does what it says.
func TestTheIcon(t *testing.T) {
	u := newUser(t)
	u.Show(review)
	u.until("an icon", func() bool { return len(u.services.Items()) == 1 })
	icon := u.services.Items()[0]
	title, err := u.services.Property(icon, "Title")
	if err != nil || title != review.Title {
		t.Errorf("its title is %v (%v)", title, err)
	}
	lines, err := u.services.Choose(icon, "Mute")
	if want := []string{"Mute", "Show Foyer", "Leave the room", "Close Foyer"}; err != nil || !slices.Equal(lines, want) {
		t.Errorf("its menu has %q (%v)", lines, err)
	}
	u.wasPressed(desk.ActionMic)
	for text, action := range map[string]desk.Action{
		"Show Foyer": desk.ActionShow, "Leave the room": desk.ActionLeave, "Close Foyer": desk.ActionQuit,
	} {
		if _, err := u.services.Choose(icon, text); err != nil {
			t.Error(err)
		}
		u.wasPressed(action)
	}
	if err := u.services.Press(icon); err != nil {
		t.Error(err)
	}
	u.wasPressed(desk.ActionShow)

	off := review
	off.MicOn, off.Mic, off.Title = false, "Un_mute", "Design review: you are muted"
	u.Show(off)
	err = drive.Until(t.Context(), func() bool {
		now, err := u.services.Property(icon, "Title")
		return err == nil && now == off.Title
	})
	if err != nil {
		t.Fatal("the icon does not say that we are muted")
	}
	if lines, err := u.services.Choose(icon, ""); err != nil || lines[0] != "Un__mute" {
		t.Errorf("its menu has %q (%v)", lines, err)
	}
}

// A tray that comes later, or anew, gets the icon, too.
func TestATrayThatComesLater(t *testing.T) {
	u := newUser(t, deskbus.Tray)
	u.Show(review)
	u.until("awake", func() bool { return slices.Equal(u.services.Awake(), allAwake) })
	if err := u.services.Begin(deskbus.Tray); err != nil {
		t.Fatal(err)
	}
	u.until("an icon", func() bool { return len(u.services.Items()) == 1 })
}

// Notifications take each other's place; a click brings the window, and what is
// seen is taken back. Markup of others is text.
func TestNotifications(t *testing.T) {
	u := newUser(t)
	u.Desktop.Close()
	u.Desktop = start(u.config(), newSystem, time.Millisecond)
	u.Notify(desk.Note{Title: "Grace", Text: `<a href="http://evil">hi</a> & <img src="x">`, Open: "Show Foyer"})
	u.until("a notification", func() bool { return len(u.services.Notes()) == 1 })
	first := u.services.Notes()[0]
	if first.Title != "Grace" || first.Text != `&lt;a href="http://evil"&gt;hi&lt;/a&gt; &amp; &lt;img src="x"&gt;` ||
		!slices.Equal(first.Actions, []string{"default", "Show Foyer"}) {
		t.Errorf("shown as %+v", first)
	}
	u.Notify(desk.Note{Title: "2 new messages", Text: "b"})
	u.until("another", func() bool { return len(u.services.Notes()) == 2 })
	if second := u.services.Notes()[1]; second.Replaces != first.ID {
		t.Errorf("it stands beside the first: %+v", second)
	}
	if err := u.services.Click(first.ID + 7); err != nil { // of another program
		t.Fatal(err)
	}
	if err := u.services.Click(first.ID); err != nil {
		t.Fatal(err)
	}
	u.wasPressed(desk.ActionShow)
	if n := len(u.pressed); n != 1 {
		t.Errorf("pressed %d times", n)
	}
	u.Withdraw()
	u.until("taken back", func() bool { return slices.Equal(u.services.Closed(), []uint32{first.ID}) })
}

// begin starts the desktop anew, with other clocks.
func (u *user) begin(asleep func() time.Duration, every time.Duration, log logrus.FieldLogger) {
	u.t.Helper()
	u.Desktop.Close()
	conf := u.config()
	if log != nil {
		conf.Log = log
	}
	u.Desktop = start(conf, func(d *Desktop) system {
		return linux{d: d, asleep: asleep, every: every, retry: 10 * time.Millisecond}
	}, Rest)
}

// told waits until so many sleeps were told, and returns them.
func (u *user) told(n int) []time.Duration {
	u.t.Helper()
	var all []time.Duration
	err := drive.Until(u.t.Context(), func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		all = slices.Clone(u.slept)
		return len(all) >= n
	})
	if err != nil {
		u.t.Fatalf("told %v, want %d", all, n)
	}
	return all
}

// A sleep is as long as the clocks differ, however late it is told, and nobody tells of
// one by a signal alone.
func TestSleep(t *testing.T) {
	u := newUser(t)
	var slept, looked atomic.Int64
	clock := func() time.Duration {
		looked.Add(1)
		return time.Duration(slept.Load())
	}
	u.begin(clock, time.Hour, nil)
	u.Show(review)
	u.until("awake", func() bool { return slices.Equal(u.services.Awake(), allAwake) })
	u.settled()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, begins := range []bool{true, false} {
		before := looked.Load()
		if err := u.services.Sleep(begins); err != nil {
			t.Fatal(err)
		}
		if err := drive.Until(ctx, func() bool { return looked.Load() > before }); err != nil {
			t.Fatal("nobody looks at the clocks")
		}
	}
	slept.Add(int64(90 * time.Minute))
	if err := u.services.Sleep(false); err != nil {
		t.Fatal(err)
	}
	if all := u.told(1); len(all) != 1 || all[0] != 90*time.Minute {
		t.Errorf("told %v", all)
	}
}

// Where no service tells of it, a sleep is noticed as well.
func TestSleepWithoutLogin1(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	var slept atomic.Int64
	told := make(chan time.Duration, 4)
	log, _ := test.NewNullLogger()
	looked := make(chan struct{}, 64)
	clock := func() time.Duration {
		select {
		case looked <- struct{}{}:
		default:
		}
		return time.Duration(slept.Load())
	}
	d := start(Config{Press: func(desk.Action) {}, Woke: func(d time.Duration) { told <- d }, Log: log},
		func(d *Desktop) system {
			return linux{d: d, asleep: clock, every: time.Millisecond, retry: time.Millisecond}
		}, Rest)
	defer d.Close()
	d.Show(review)
	for range 3 {
		<-looked
	}
	slept.Store(int64(2 * time.Minute))
	if got := <-told; got != 2*time.Minute {
		t.Errorf("told %v", got)
	}
	d.Show(desk.Stay{})
	d.Close()
	if len(told) != 0 {
		t.Errorf("told again: %v", <-told)
	}
}

// The clocks of this computer never say that it has slept less than before.
func TestTheClocks(t *testing.T) {
	first := asleep()
	if next := asleep(); first < 0 || next < first-time.Millisecond || next > first+time.Minute {
		t.Errorf("asleep for %v, then %v", first, next)
	}
}

// A login1 that does not answer is asked again, and that is said. Meanwhile a sleep is
// noticed, and of answers that come too late nothing is left.
func TestASlowLogin1(t *testing.T) {
	u := newUser(t)
	log, said := test.NewNullLogger()
	var slept atomic.Int64
	answer := u.services.StallLogin(1)
	u.begin(func() time.Duration { return time.Duration(slept.Load()) }, time.Hour, log)
	u.Show(review)
	u.until("awake after another try", func() bool { return slices.Equal(u.services.Awake(), allAwake) })
	warned := slices.ContainsFunc(said.AllEntries(), func(e *logrus.Entry) bool {
		return e.Level == logrus.WarnLevel && strings.Contains(e.Message, "login1 does not answer")
	})
	if !warned {
		t.Error("the log says nothing of it")
	}
	u.settled()
	slept.Store(int64(time.Hour))
	if err := u.services.Sleep(false); err != nil {
		t.Fatal(err)
	}
	u.told(1)
	answer()
	u.until("the late answer is given back", func() bool { return slices.Equal(u.services.Awake(), allAwake) })
	u.Show(desk.Stay{})
	u.until("all given back", func() bool { return len(u.services.Awake()) == 0 })
}

// The end does not wait for a login1 that does not answer.
func TestTheEndOfASlowLogin1(t *testing.T) {
	u := newUser(t)
	answer := u.services.StallLogin(100)
	u.begin(asleep, time.Hour, nil)
	u.Show(review)
	u.until("the others have answered", func() bool { return len(u.services.Awake()) == 2 && len(u.services.Items()) == 1 })
	began := time.Now()
	u.Close()
	if took := time.Since(began); took > answerLimit {
		t.Errorf("the end took %v", took)
	}
	answer()
	u.until("all given back", func() bool { return len(u.services.Awake()) == 0 })
}

// Where there is no bus, or nobody on it, nothing happens and nothing waits.
func TestWithoutADesktop(t *testing.T) {
	t.Run("nobody on the bus", func(t *testing.T) {
		testenv.UseBus(t)
		useNothing(t, answerLimit)
	})
	t.Run("no bus", func(t *testing.T) {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
		t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
		useNothing(t, answerLimit)
	})
	t.Run("a bus that does not answer", func(t *testing.T) {
		b := testenv.UseBus(t)
		if err := b.Freeze(); err != nil {
			t.Fatal(err)
		}
		useNothing(t, answerLimit)
	})
}

// useNothing asks for everything, and sees that the end does not take longer.
func useNothing(t *testing.T, limit time.Duration) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	d := New(Config{Press: func(desk.Action) {}, Woke: func(time.Duration) {}, Talk: func(bool) {}, Reach: func(desk.Reach) {}, Log: log})
	d.Show(review)
	d.Notify(desk.Note{Title: "a"})
	d.Withdraw()
	began := time.Now()
	d.Close()
	if took := time.Since(began); took > limit {
		t.Errorf("the end took %v", took)
	}
}

// crashVariable makes this test's program one that has a stay and waits.
const crashVariable = "FOYER_DESKTOP_CRASH"

// When the program crashes, nothing of it stays: the bus takes it away.
func TestACrashGivesEverythingBack(t *testing.T) {
	if os.Getenv(crashVariable) != "" {
		log, _ := test.NewNullLogger()
		New(Config{Press: func(desk.Action) {}, Woke: func(time.Duration) {}, Talk: func(bool) {}, Reach: func(desk.Reach) {}, Log: log}).Show(review)
		select {}
	}
	u := newUser(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), crashVariable+"=1")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	u.until("awake, and an icon", func() bool {
		return slices.Equal(u.services.Awake(), allAwake) && len(u.services.Items()) == 1
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	u.until("all given back", func() bool { return len(u.services.Awake()) == 0 && len(u.services.Items()) == 0 })
}
