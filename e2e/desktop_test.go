//go:build linux

package e2e

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/internal/deskbus"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// onDesk is a window on a desktop with a tray, notifications and a screen saver.
type onDesk struct {
	*window
	*deskbus.Services
	f drive.Foyer
}

func openOnDesk(t *testing.T, name string, own map[string]any, args ...string) *onDesk {
	t.Helper()
	bus := testenv.Bus(t)
	services, err := deskbus.Offer(bus.Address)
	must(t, err)
	t.Cleanup(services.Close)
	f := testenv.Foyer(t)
	all := map[string]any{"camera": smallFilm(t)}
	for k, v := range own {
		all[k] = v
	}
	return &onDesk{openWindowIn(t, f, name, bus.Env(), all, args...), services, f}
}

func (d *onDesk) awaits(what string, cond func() bool) {
	d.t.Helper()
	if err := d.Services.Until(d.t.Context(), cond); err != nil {
		d.shot("failed")
		d.t.Fatalf("%s: %v; awake %q, icons %q, notes %+v", what, err, d.Awake(), d.Items(), d.Notes())
	}
}

func (d *onDesk) minimize() {
	d.t.Helper()
	must(d.t, d.Minimize(d.t.Context(), d.id()))
}

// hosting starts a room and lets a guest in.
func (d *onDesk) hosting(name string, args ...string) (guest *testenv.Process) {
	d.t.Helper()
	d.click(d.find("the start button", accent).Centre())
	d.find("the leave button", danger)
	guest = testenv.Join(d.t, d.f, drive.JoinOptions{
		Link: d.invited(), Name: name, ID: strings.ToLower(name), Args: append([]string{"--stay"}, args...),
	})
	guest.Await("joined")
	d.until("the guest is in the room", func() bool { return len(d.buttons(accent)) == 0 })
	return guest
}

// A stay on a desktop: the computer stays awake, the tray shows the microphone and
// mutes, a message to a minimized window is told and a click on it brings the
// window, and when the program is killed nothing of it stays.
func TestWindowOnADesktop(t *testing.T) {
	d := openOnDesk(t, "desk", nil)
	if all := append(d.Awake(), d.Items()...); len(all) > 0 {
		t.Errorf("in the lobby the desktop has %q", all)
	}
	guest := d.hosting("Grace")
	d.awaits("awake, and an icon", func() bool { return len(d.Awake()) == 3 && len(d.Items()) == 1 })
	icon := d.Items()[0]

	mark := guest.Mark()
	_, err := d.Choose(icon, "Mute")
	must(t, err)
	guest.AwaitAfter(mark, "track_muted", func(e drive.Event) bool { return e.Text("source") == "microphone" })
	must(t, drive.Until(t.Context(), func() bool {
		title, err := d.Property(icon, "Title")
		return err == nil && strings.HasSuffix(title.(string), "you are muted")
	}))

	guest.Say(map[string]any{"cmd": "chat", "text": "in front"})
	d.until("the title counts what nobody has read", func() bool { return len(d.Windows(t.Context(), `^\(1\) .*Foyer`)) == 1 })
	d.minimize()
	d.until("the window is minimized", func() bool { return len(d.Windows(t.Context(), "Foyer")) == 0 })
	// The window may not know yet that it is minimized: then it tells of the next one.
	must(t, drive.UntilEvery(t.Context(), time.Second, func() bool {
		guest.Say(map[string]any{"cmd": "chat", "text": "are you <b>there</b>?"})
		return len(d.Notes()) > 0
	}))
	note := d.Notes()[0]
	if note.Title != "Grace" || note.Text != "are you &lt;b&gt;there&lt;/b&gt;?" {
		t.Errorf("it says %+v", note)
	}
	must(t, d.Click(note.ID))
	d.until("the window is back", func() bool { return d.id() != "" && d.Active(t.Context()) == d.id() })
	d.awaits("the notification is taken back", func() bool { return slices.Contains(d.Closed(), note.ID) })
	d.find("the leave button", danger)

	_, err = d.Choose(icon, "Close Foyer") // asks, as X does
	must(t, err)
	d.shot("asks")
	must(t, d.Key(t.Context(), "Escape"))
	_, err = d.Choose(icon, "Leave the room")
	must(t, err)
	d.find("the farewell's main button", accent)
	d.awaits("all given back after leaving", func() bool { return len(d.Awake()) == 0 && len(d.Items()) == 0 })

	must(t, d.Key(t.Context(), "Return"))
	d.click(d.find("the farewell's main button", accent).Centre())
	d.find("the leave button", danger)
	d.awaits("awake again", func() bool { return len(d.Awake()) == 3 && len(d.Items()) == 1 })
	must(t, d.Signal(syscall.SIGKILL))
	d.awaits("all given back by a program that was killed", func() bool { return len(d.Awake()) == 0 && len(d.Items()) == 0 })
}

// Review B5: closing the host's window by X asks before the meeting ends for others,
// and a signal does not.
func TestWindowAsksBeforeItEndsARoom(t *testing.T) {
	d := openOnDesk(t, "asks", nil)
	guest := d.hosting("Grace")
	leave := d.find("the leave button", danger)
	must(t, d.CloseWindow(d.id()))
	d.until("the question is shown", func() bool {
		all := d.buttons(danger)
		return len(all) == 1 && all[0].Centre() != leave.Centre()
	})
	d.shot("question")
	must(t, d.Key(t.Context(), "Return")) // the keyboard is on “Stay”
	d.until("the question is gone", func() bool {
		all := d.buttons(danger)
		return len(all) == 1 && all[0].Centre() == leave.Centre()
	})
	must(t, d.Key(t.Context(), "alt+F4"))
	d.until("the question is shown again", func() bool {
		all := d.buttons(danger)
		return len(all) == 1 && all[0].Centre() != leave.Centre()
	})
	must(t, guest.CloseInput())
	guest.Ended()
	d.until("the question goes with the guest", func() bool {
		all := d.buttons(danger)
		return len(all) == 1 && all[0].Centre() == leave.Centre()
	})

	again := testenv.Join(t, d.f, drive.JoinOptions{Link: d.invited(), Name: "Linus", ID: "linus", Args: []string{"--stay"}})
	again.Await("joined")
	began := time.Now()
	must(t, d.Signal(syscall.SIGTERM))
	if status := d.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
	if took := time.Since(began); took > endLimit {
		t.Errorf("SIGTERM took %v", took)
	}
	if left := again.Await("left"); left.Text("reason") != "server_stopped" {
		t.Errorf("the guest was told %s", left.Raw)
	}
}
