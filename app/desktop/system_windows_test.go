package desktop

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"golang.org/x/sys/windows"

	"foyer/ui/desk"
)

// The key is heard although no window of ours has the keyboard.
func TestKeyIsHeardEverywhere(t *testing.T) {
	down, reach := make(chan bool, 10), make(chan desk.Reach, 10)
	d := New(Config{
		Press: func(desk.Action) {}, Woke: func(time.Duration) {},
		Talk: func(b bool) { down <- b }, Reach: func(r desk.Reach) { reach <- r },
	})
	defer d.Close()
	d.Talk(desk.TalkKey{Name: fyne.KeyF9})
	if r := <-reach; r.Stage != desk.ReachEverywhere {
		t.Fatalf("the key reaches %v", r)
	}
	press := windows.NewLazySystemDLL("user32.dll").NewProc("keybd_event")
	const keyUp = 2
	for range 3 {
		_, _, _ = press.Call(virtualKey(fyne.KeyF9), 0, 0, 0)
		if !<-down {
			t.Fatal("it went down and was heard to go up")
		}
		_, _, _ = press.Call(virtualKey(fyne.KeyF9), 0, keyUp, 0)
		if <-down {
			t.Fatal("it went up and was heard to go down")
		}
	}
	d.Talk(desk.TalkKey{Name: fyne.KeyA})
	if r := <-reach; r.Obstacle != desk.ObstacleNoKey {
		t.Errorf("a letter: %v", r)
	}
}

// A stay keeps the computer awake while it lasts, and no longer. Windows says what a
// thread has asked for when the thread asks again.
func TestAwakeDuringAStay(t *testing.T) {
	var before []uintptr
	asked := make(chan uintptr, 2)
	held := holdAwake(func(state uintptr) {
		was, _, _ := setThreadExecutionState.Call(state)
		before = append(before, was)
		asked <- state
	})
	if state := <-asked; state != esContinuous|esSystemRequired|esDisplayRequired {
		t.Errorf("a stay asks for %x", state)
	}
	held.release()
	if state := <-asked; state != esContinuous {
		t.Errorf("its end asks for %x", state)
	}
	if before[1]&^esContinuous != esSystemRequired|esDisplayRequired {
		t.Errorf("Windows had %x meanwhile", before[1])
	}
}
