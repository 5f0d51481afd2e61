package desktop

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"foyer/ui/desk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a system that tells what it is asked for.
type fake struct {
	held  chan string
	notes chan string
}

func newFake() *fake { return &fake{make(chan string, 100), make(chan string, 100)} }

func (f *fake) hold(_ context.Context, s desk.Stay) holder {
	f.held <- "hold " + s.Title
	return f
}
func (f *fake) show(_ context.Context, s desk.Stay)   { f.held <- "show " + s.Title }
func (f *fake) release()                              { f.held <- "release" }
func (f *fake) teller(context.Context) teller         { return f }
func (f *fake) notify(_ context.Context, n desk.Note) { f.notes <- n.Title }
func (f *fake) withdraw(context.Context)              { f.notes <- "withdraw" }
func (f *fake) close()                                { f.notes <- "close" }

func (f *fake) listen(ctx context.Context, key desk.TalkKey, t *talk) desk.Obstacle {
	f.held <- "listen " + string(key.Name)
	t.everywhere("")
	t.set(true)
	t.set(true)
	<-ctx.Done()
	f.held <- "deaf"
	return desk.ObstacleLost
}

func take(t *testing.T, c chan string, want ...string) {
	t.Helper()
	synctest.Wait()
	for _, w := range want {
		select {
		case got := <-c:
			if got != w {
				t.Errorf("got %q, want %q", got, w)
			}
		default:
			t.Errorf("nothing, want %q", w)
		}
	}
	select {
	case got := <-c:
		t.Errorf("got %q, too", got)
	default:
	}
}

func open(t *testing.T) (*Desktop, *fake) {
	t.Helper()
	f := newFake()
	conf := Config{Press: func(desk.Action) {}, Woke: func(time.Duration) {}}
	return start(conf, func(*Desktop) system { return f }, Rest), f
}

func TestStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := open(t)
		take(t, f.held)
		d.Show(desk.Stay{Title: "a"})
		take(t, f.held, "hold a")
		d.Show(desk.Stay{Title: "b"})
		take(t, f.held, "show b")
		d.Show(desk.Stay{})
		take(t, f.held, "release")
		d.Show(desk.Stay{})
		take(t, f.held)
		d.Show(desk.Stay{Title: "c"})
		take(t, f.held, "hold c")
		d.Close() // whatever way the program ends
		take(t, f.held, "release")
	})
}

// Never more than one notification in the rest, and then the newest; what is taken
// back in that time is never shown.
func TestNotesRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := open(t)
		d.Notify(desk.Note{Title: "1"})
		take(t, f.notes, "1")
		for _, title := range []string{"2", "3", "4"} {
			d.Notify(desk.Note{Title: title})
			take(t, f.notes)
		}
		time.Sleep(Rest - time.Millisecond)
		take(t, f.notes)
		time.Sleep(time.Millisecond)
		take(t, f.notes, "4")
		d.Notify(desk.Note{Title: "5"})
		take(t, f.notes)
		d.Withdraw()
		take(t, f.notes, "withdraw")
		time.Sleep(2 * Rest)
		take(t, f.notes)
		d.Notify(desk.Note{Title: "6"})
		take(t, f.notes, "6")
		d.Close()
		take(t, f.notes, "close")
	})
}

func TestNothingIsPressedAfterTheEnd(t *testing.T) {
	pressed := 0
	f := newFake()
	conf := Config{Press: func(desk.Action) { pressed++ }, Woke: func(time.Duration) { pressed++ }}
	d := start(conf, func(*Desktop) system { return f }, Rest)
	d.press(desk.ActionShow)
	d.press(desk.ActionUnknown)
	d.Deafen()
	d.press(desk.ActionShow)
	d.woke(time.Hour)
	d.Close()
	d.press(desk.ActionShow)
	if pressed != 1 {
		t.Errorf("pressed %d times", pressed)
	}
}

// There is one key at a time, and its end releases it. After Deafen nobody is told.
func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		told := make(chan string, 100)
		conf := Config{
			Talk: func(down bool) { told <- map[bool]string{true: "down", false: "up"}[down] },
			Reach: func(r desk.Reach) {
				if r.Stage != desk.ReachEverywhere { // it was given back
					told <- "lost"
				}
				told <- r.Key
			},
		}
		d := start(conf, func(*Desktop) system { return f }, Rest)
		d.Talk(desk.TalkKey{})
		take(t, f.held)
		d.Talk(desk.TalkKey{Name: "F8"})
		take(t, f.held, "listen F8")
		take(t, told, "F8", "down")
		d.Talk(desk.TalkKey{Name: "F9"})
		take(t, f.held, "deaf", "listen F9")
		take(t, told, "up", "F9", "down")
		d.Talk(desk.TalkKey{})
		take(t, f.held, "deaf")
		take(t, told, "up")
		d.Talk(desk.TalkKey{Name: "F8"})
		take(t, told, "F8", "down")
		d.Deafen()
		d.Close()
		take(t, f.held, "listen F8", "deaf")
		take(t, told)
	})
}
