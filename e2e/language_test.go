//go:build linux

package e2e

import (
	"testing"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// The window speaks the language that was chosen, whatever the system's: a room that it
// starts has a Chinese title, for a guest, too.
func TestWindowSpeaksTheChosenLanguage(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	w := openWindowWith(t, f, "zh", map[string]any{"camera": smallFilm(t), "language": "zh"})
	w.click(w.find("the start button", accent).Centre())
	w.find("the leave button", danger)
	w.shot("room")
	guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "王小明", ID: "wang", Args: []string{"--stay"}})
	if joined := guest.Await("joined"); joined.Text("title") != "Ada 的房间" {
		t.Errorf("the room is called %q", joined.Text("title"))
	}
	w.until("the window's title is Chinese", func() bool { return len(w.Windows(t.Context(), "Ada 的房间")) > 0 })
	w.shot("guest")
	w.until("the window is closed", func() bool { // at the second X: the room ends for the guest
		id := w.id()
		_ = w.CloseWindow(id) // it may have gone meanwhile
		return id == ""
	})
	if status := w.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
}
