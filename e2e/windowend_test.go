//go:build linux

package e2e

import (
	"image"
	"testing"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// moreFromLeave is where the host's menu lies from the middle of the leave button.
var moreFromLeave = image.Pt(74, 0)

// A host ends the room for everyone by the window's menu, after a question, and a
// guest reads why.
func TestWindowEndsTheRoomForEveryone(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	w := openWindow(t, f, "end")
	w.click(w.find("the start button", accent).Centre())
	w.find("the leave button", danger)
	guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
	guest.Await("joined")
	w.until("nobody is alone any more", func() bool { return len(w.buttons(accent)) == 0 })
	leave := w.find("the leave button", danger)
	w.click(leave.Centre().Add(moreFromLeave))
	w.shot("menu")
	for _, key := range []string{"Down", "Return"} {
		must(t, w.Key(t.Context(), key))
	}
	w.until("the question is shown", func() bool {
		all := w.buttons(danger)
		return len(all) == 1 && all[0].Centre() != leave.Centre()
	})
	w.shot("question")
	for _, key := range []string{"Tab", "Return"} {
		must(t, w.Key(t.Context(), key))
	}
	if left := guest.Await("left"); left.Text("reason") != "dismissed" || left.Text("by") != "Ada" {
		t.Errorf("the guest was told %s", left.Raw)
	}
	w.find("the farewell's main button", accent)
	must(t, w.CloseWindow(w.id()))
	if status := w.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
}
