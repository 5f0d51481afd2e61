//go:build linux

package e2e

import (
	"strings"
	"testing"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// A host ends the room for everyone by the window's menu, after a question, and a
// guest reads why.
func TestWindowEndsTheRoomForEveryone(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	w, reader := readWindow(t, f, "end")
	reader.Press("Start a room")
	reader.Find("button", "Leave (Ctrl+L)")
	guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
	guest.Await("joined")
	reader.Find("image", "Grace")
	reader.Press("More ways to leave")
	w.shot("menu")
	reader.Choose("End for everyone")
	reader.Find("dialog", "End “Ada’s room” for everyone?")
	w.shot("question")
	reader.Press("End for everyone")
	if left := guest.Await("left"); left.Text("reason") != "dismissed" || left.Text("by") != "Ada" {
		t.Errorf("the guest was told %s", left.Raw)
	}
	reader.Hears(func(s string) bool { return strings.Contains(s, "for everyone") })
	must(t, w.CloseWindow(w.id()))
	if status := w.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
}
