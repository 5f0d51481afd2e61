//go:build linux

package e2e

import (
	"image"
	"testing"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// press presses a key in the window.
func (w *window) press(keys ...string) {
	w.t.Helper()
	for _, k := range keys {
		must(w.t, w.Key(w.t.Context(), k))
	}
}

// write types text into what has the keyboard there.
func (w *window) write(text string) {
	w.t.Helper()
	must(w.t, w.Type(w.t.Context(), text))
}

// copies presses keys until that text is on the clipboard: what a person with no
// mouse reads is what can be copied.
func (w *window) copies(text string, keys ...string) {
	w.t.Helper()
	w.until("the clipboard has "+text, func() bool {
		w.press(keys...)
		got, err := w.Clipboard(w.t.Context())
		return err == nil && got == text
	})
}

// A talk in writing, both ways, in the real window: the button tells of a
// message, key C shows it, Enter sends, Shift and Enter break the line; Escape
// gives the keys back to the window. Then the host removes the guest from the
// list of people, with a text that the guest reads.
func TestWindowChatsAndRemoves(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	w := openWindow(t, f, "panel")
	w.click(w.find("the start button", accent).Centre())
	bar := w.find("the leave button", danger)
	guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
	guest.Await("joined")

	const question = "can you read this? https://example.org/a"
	guest.Say(map[string]any{"cmd": "chat", "text": question})
	guest.AwaitWhere("chat", saying(question)) // the server has it
	w.shot("unread")
	w.press("c")
	w.copies(question, "shift+Tab", "End", "ctrl+c", "Tab")
	w.shot("chat")
	w.press("c") // a letter, in the entry
	w.write("ertainly")
	w.press("shift+Return")
	w.write("and you?")
	w.press("Return")
	if said := guest.AwaitWhere("chat", saying("certainly\nand you?")); said.Text("from") == "grace" || said.Text("name") != "Ada" {
		t.Errorf("the guest reads %s", said.Raw)
	}
	w.press("Escape")
	mark := guest.Mark()
	w.press("m") // the window's again
	guest.AwaitAfter(mark, "track_muted", func(e drive.Event) bool { return e.Text("source") == "microphone" })

	w.press("p")
	w.copies("Grace", "End", "ctrl+c")            // the keyboard is on the guest
	w.press("Return", "Up", "Up", "Up", "Return") // the menu: the volume, and from its end ban, remove
	remove := image.Pt(0, 0)
	w.until("the question is shown", func() bool {
		blobs := w.buttons(danger) // the one that leaves is dimmed then
		if len(blobs) != 1 || blobs[0].Centre().Y > bar.Centre().Y-buttonPixels/10 {
			return false
		}
		remove = blobs[0].Centre()
		return true
	})
	w.write("wrong meeting, sorry")
	w.shot("removal")
	w.click(remove)
	left := guest.AwaitAfter(mark, "left", nil)
	if left.Text("reason") != "removed" || left.Text("by") != "Ada" || left.Text("text") != "wrong meeting, sorry" {
		t.Errorf("the guest was told %s", left.Raw)
	}
	w.press("c")
	w.copies("Grace was removed", "shift+Tab", "End", "ctrl+c", "Tab")
	w.shot("removed")
}
