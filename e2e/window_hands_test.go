//go:build linux

package e2e

import (
	"image"
	"testing"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// A host by keys alone: key H raises the hand before the guests' and they see it; a
// guest is silent for us at the speaker; the room menu locks; three people are
// selected and removed at once with a text.
func TestWindowHandsRulesAndSelection(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	w := openWindow(t, f, "hands")
	w.click(w.find("the start button", accent).Centre())
	bar := w.find("the leave button", danger)
	link := w.invited()
	joins := func(id, name string, args ...string) *testenv.Process {
		return testenv.Join(t, f, drive.JoinOptions{Link: link, Name: name, ID: id, Args: append([]string{"--stay"}, args...)})
	}
	grace := joins("grace", "Grace", "--mic", "test")
	grace.Await("joined")
	others := []*testenv.Process{joins("hedy", "Hedy"), joins("ida", "Ida")}
	for _, p := range others {
		p.Await("joined")
	}
	host := grace.AwaitWhere("track_subscribed", func(e drive.Event) bool { return e.Text("source") == "microphone" }).Text("id")

	w.press("h")
	grace.AwaitWhere("hands", inOrder(host))
	grace.Say(map[string]any{"cmd": "hand", "up": true})
	others[0].AwaitWhere("hands", inOrder(host, "grace"))
	w.press("p")
	w.copies("Ada", "Home", "ctrl+c") // hands first: ours, then Grace's
	w.copies("Grace", "Home", "Down", "ctrl+c")
	w.shot("order")
	w.press("h") // the window's key, too
	grace.AwaitWhere("hands", inOrder("grace"))

	loud := func() bool { return rms(w.pulse.RecordSpeaker(t.Context(), listenFor)) > 100 }
	w.until("Grace is heard", loud)
	w.copies("Grace", "Home", "ctrl+c")
	w.press("Return")
	w.shot("volume")
	w.press("Return") // silent for us
	w.until("Grace is silent for us", func() bool { return !loud() })

	mark := grace.Mark()
	w.press("ctrl+r", "space")
	grace.AwaitAfter(mark, "rules", func(e drive.Event) bool {
		var said struct {
			Rules struct{ Locked bool }
		}
		return e.Decode(&said) == nil && said.Rules.Locked
	})
	w.shot("rules")
	late := joins("late", "Late")
	if left := late.Await("left"); left.Text("message") != "You could not join. The room is locked. Ask the host to unlock it." {
		t.Errorf("a newcomer reads %q", left.Text("message"))
	}
	w.press("Escape")

	w.copies("Grace", "Home", "ctrl+c") // the list has the keyboard
	w.press("ctrl+a")
	w.shot("selected")
	w.press("Delete")
	remove := image.Point{}
	w.until("the question is shown", func() bool {
		blobs := w.buttons(danger)
		if len(blobs) != 1 || blobs[0].Centre().Y > bar.Centre().Y-buttonPixels/10 {
			return false
		}
		remove = blobs[0].Centre()
		return true
	})
	w.write("thank you all")
	w.shot("removal")
	w.click(remove)
	for _, p := range append(others, grace) {
		if left := p.Await("left"); left.Text("reason") != "removed" || left.Text("text") != "thank you all" || left.Text("by") != "Ada" {
			t.Errorf("told %s", left.Raw)
		}
	}
	w.shot("removed")
}
