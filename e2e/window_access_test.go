//go:build linux

package e2e

import (
	"strings"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/screenreader"
	"foyer/internal/testenv"
)

// readWindow is a window with a screen reader beside it.
func readWindow(t *testing.T, f drive.Foyer, name string, args ...string) (*window, *testenv.Access) {
	t.Helper()
	bus, display := testenv.Bus(t), testenv.ManagedDisplay(t)
	reader := testenv.Reader(t, bus, display)
	return openWindowOn(t, f, display, name, bus.Env(), map[string]any{"camera": smallFilm(t)}, args...), reader
}

// beginning matches what begins so.
func beginning(text string) func(string) bool {
	return func(s string) bool { return strings.HasPrefix(s, text) }
}

// A whole stay by what is read out, with the registry that screen readers have: the
// lobby, every button of the bar, who came and what they write, before a window that is
// minimized, too, mute by name, leaving by name and the farewell. Then the bus of the readers hangs, and the window closes all
// the same.
func TestWindowIsReadOut(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	w, reader := readWindow(t, f, "access")
	if name, err := reader.Find("entry", "Your name").Text(t.Context()); err != nil || name != "Ada" {
		t.Errorf("the name's field has %q: %v", name, err)
	}
	reader.Press("Start a room")
	reader.Find("button", "Leave (Ctrl+L)")
	reader.Hears(beginning("You are in “Ada"))
	all := reader.All()
	for _, c := range all {
		if c.Has(screenreader.StateFocusable) && c.Name == "" {
			t.Errorf("a %s has no name", c.Role)
		}
	}
	guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
	guest.Await("joined")
	track := guest.AwaitWhere("track_subscribed", func(e drive.Event) bool { return e.Text("source") == "microphone" })
	host := track.Text("id")
	reader.Hears(func(s string) bool { return s == "Grace joined" })
	reader.Find("image", "Grace")
	guest.Say(map[string]any{"cmd": "chat", "text": "can you hear this?"})
	reader.Hears(func(s string) bool { return s == "Grace says: can you hear this?" })

	large := w.id()
	must(t, w.Minimize(t.Context(), large))
	w.until("the window is minimized", func() bool { return w.id() == "" })
	guest.Say(map[string]any{"cmd": "chat", "text": "and behind other windows?"})
	reader.Hears(func(s string) bool { return s == "Grace says: and behind other windows?" })
	must(t, w.Activate(t.Context(), large))
	w.until("the window is back", func() bool { return w.id() == large })

	mark := guest.Mark()
	reader.Press("Mute (M)")
	guest.AwaitAfter(mark, "track_muted", func(e drive.Event) bool { return e.Text("id") == host })
	reader.Find("button", "Unmute (M)")
	reader.Hears(func(s string) bool { return s == "You are muted" })

	reader.Press("Leave (Ctrl+L)")
	if gone := guest.AwaitAfter(mark, "participant_left", nil); gone.Text("reason") != "left" {
		t.Errorf("the guest was told %s", gone.Raw)
	}
	title := "You left"
	said := reader.Hears(beginning(title))
	if !strings.Contains(said, "Microphone") || !strings.Contains(said, "Camera") {
		t.Errorf("the farewell says nothing of the devices: %q", said)
	}
	reader.Find("heading", strings.SplitN(said, "\n", 2)[0])
	if !audioIsFree(t, w.pulse, w.PID) {
		t.Errorf("%d sound streams are open beside the farewell", w.holds())
	}

	thaw, err := reader.Freeze()
	must(t, err)
	t.Cleanup(func() { must(t, thaw()) })
	began := time.Now()
	w.closeForAll() // the guest may still be there
	if status := w.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
	if took := time.Since(began); took > endLimit {
		t.Errorf("closing took %v beside a reader that hangs", took)
	}
}
