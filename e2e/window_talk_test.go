//go:build linux

package e2e

import (
	"syscall"
	"testing"

	"github.com/jezek/xgb/xproto"

	"foyer/internal/deskbus"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// talker is a window in a room of its own, with a tone for a microphone, and a guest
// who hears it.
type talker struct {
	*window
	guest *testenv.Process
}

func openTalker(t *testing.T, f drive.Foyer, name string, env []string, own map[string]any) *talker {
	t.Helper()
	own["camera_on"], own["microphone"] = false, "test"
	w := &talker{window: openWindowIn(t, f, name, env, own)}
	w.click(w.find("the start button", accent).Centre())
	w.find("the leave button", danger)
	w.guest = testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
	w.guest.Await("joined")
	w.guest.AwaitWhere("track_subscribed", func(e drive.Event) bool { return e.Text("source") == "microphone" })
	w.heard(true)
	w.after("track_muted", func() { w.press("m") })
	w.heard(false)
	return w
}

// heard waits until the guest hears the tone, or does not.
func (w *talker) heard(loud bool) {
	w.t.Helper()
	w.guest.AwaitAfter(w.guest.Mark(), "stats", func(e drive.Event) bool {
		for _, r := range remoteTracks(e) {
			if r.Source == "microphone" {
				return r.Level > 0.4 == loud
			}
		}
		return false
	})
}

// after does something and waits for what the guest is told of the microphone.
func (w *talker) after(what string, act func()) {
	w.t.Helper()
	mark := w.guest.Mark()
	act()
	w.guest.AwaitAfter(mark, what, func(e drive.Event) bool { return e.Text("source") == "microphone" })
}

// Push-to-talk as the far side hears it: while Space is held and not after it, not
// even if another window takes the keyboard meanwhile.
func TestWindowPushToTalk(t *testing.T) {
	w := openTalker(t, testenv.Foyer(t), "talk", nil, map[string]any{})
	w.shot("muted")
	w.after("track_unmuted", func() { must(t, w.Hold(t.Context(), "space")) })
	w.heard(true)
	w.shot("held")
	w.after("track_muted", func() { must(t, w.Release(t.Context(), "space")) })
	w.heard(false)

	w.after("track_unmuted", func() { must(t, w.Hold(t.Context(), "space")) })
	w.after("track_muted", func() { must(t, w.OpenWindow()) })
	w.heard(false)
	must(t, w.Release(t.Context(), "space"))
	w.shot("away")
}

const f9 = xproto.Keysym(0xffc6)

// isFree waits until another program can have the key. It must not be asked while
// Foyer may be about to take it.
func (w *talker) isFree() {
	w.t.Helper()
	w.until("another program takes the key", func() bool {
		free, err := w.TakeKey(f9)
		if err == nil {
			free()
		}
		return err == nil
	})
}

// The key that was chosen, while another program's window has the keyboard: the far
// side hears us while it is held, and not after it. The key is free again after the
// stay, and after a kill.
func TestWindowPushToTalkFromAnotherWindow(t *testing.T) {
	w := openTalker(t, testenv.Foyer(t), "talk-away", nil, map[string]any{"talk_key": "F9"})
	if _, err := w.TakeKey(f9); err == nil {
		t.Error("another program can have the key as well")
	}
	must(t, w.OpenWindow())
	w.until("another window has the keyboard", func() bool { return w.Active(t.Context()) != w.id() })
	for range 2 {
		w.after("track_unmuted", func() { must(t, w.Hold(t.Context(), "F9")) })
		w.heard(true)
		w.after("track_muted", func() { must(t, w.Release(t.Context(), "F9")) })
		w.heard(false)
	}
	w.shot("away")
	must(t, w.Minimize(t.Context(), w.id()))
	w.after("track_unmuted", func() { must(t, w.Hold(t.Context(), "F9")) })
	w.heard(true)
	w.after("track_muted", func() { must(t, w.Release(t.Context(), "F9")) })

	must(t, w.Signal(syscall.SIGKILL))
	w.Ended()
	w.isFree()
	w.Process = w.launch(w.profile)
	w.find("the start button", accent)
	w.isFree() // the lobby has no use for it
	w.click(w.find("the start button", accent).Centre())
	leave := w.find("the leave button", danger)
	w.click(leave.Centre())
	w.find("the farewell's main button", accent)
	w.isFree()
}

// The same by a Wayland desktop's portal, which gives keys there.
func TestWindowPushToTalkByThePortal(t *testing.T) {
	bus := testenv.Bus(t)
	portal, err := deskbus.OfferShortcuts(bus.Address)
	must(t, err)
	t.Cleanup(portal.Close)
	env := append(bus.Env(), "XDG_SESSION_TYPE=wayland")
	w := openTalker(t, testenv.Foyer(t), "talk-portal", env, map[string]any{"talk_key": "F9"})
	must(t, portal.Until(t.Context(), func() bool {
		key, _ := portal.Given()
		return key == "F9"
	}))
	must(t, w.OpenWindow())
	w.after("track_unmuted", func() { must(t, portal.Press(true)) })
	w.heard(true)
	w.after("track_muted", func() { must(t, portal.Press(false)) })
	w.heard(false)
	w.after("track_unmuted", func() { must(t, portal.Press(true)) })
	w.after("track_muted", func() { portal.Close() }) // and no release
	w.heard(false)
	w.shot("told")
}
