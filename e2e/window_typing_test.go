//go:build linux

package e2e

import (
	"bytes"
	"image"
	"strings"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/drive/inputmethod"
	"foyer/internal/testenv"
)

// Chinese, typed into the real window with the two input methods that people have.
// While something is being composed, the keys are the method's: Backspace corrects
// the letters and not what is written, Enter takes them and sends nothing, Escape
// drops them and closes nothing. Without a field, letters are the window's.
func TestWindowTypesChinese(t *testing.T) {
	f := testenv.Foyer(t)
	for _, method := range []string{inputmethod.Fcitx, inputmethod.IBus} {
		t.Run(method, func(t *testing.T) {
			windows.takes(t)
			display := testenv.ManagedDisplay(t)
			m, err := inputmethod.Start(t.Context(), display, method)
			must(t, err)
			t.Cleanup(m.Close)
			w := openWindowOn(t, f, display, method, m.Env(), map[string]any{"camera_on": false})
			w.click(w.find("the start button", accent).Centre())
			w.find("the leave button", danger)
			guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
			guest.Await("joined")

			mark := guest.Mark()
			w.press("m") // nobody types: the window's, and no letter to compose with
			guest.AwaitAfter(mark, "track_muted", func(e drive.Event) bool { return e.Text("source") == "microphone" })
			w.settles(func() { w.press("c") })
			w.until("the method composes", func() bool { // its engine comes with the first letters
				w.pinyin("nihao")
				w.keys("space", "ctrl+a", "ctrl+c", "BackSpace")
				text, err := w.Clipboard(w.t.Context())
				return err == nil && text == "你好"
			})
			w.pinyin("nihao")
			if method == inputmethod.Fcitx { // the other has no list here
				w.candidatesAtTheCaret()
			}
			w.keys("space")
			w.pinyin("nihao")
			w.keys("BackSpace", "BackSpace")
			w.pinyin("ao")
			w.keys("space")
			w.pinyin("nihao")
			w.keys("Return") // the letters
			w.pinyin("ni")
			w.keys("Escape") // nothing
			w.pinyin("nihao")
			w.keys("space", "Return")
			const want = "你好你好nihao你好"
			if said := guest.AwaitAfter(mark, "chat", nil); said.Text("text") != want {
				t.Errorf("the guest reads %q, want %q", said.Text("text"), want)
			}
			w.keys("BackSpace", "Return") // the entry is empty and nothing is composed: both do nothing
			w.pinyin("nihao")
			w.keys("space", "Return")
			guest.AwaitWhere("chat", saying("你好"))
		})
	}
}

// settles waits until the screen has changed and is still, but for the clock. No
// camera may be on.
func (w *window) settles(change func()) {
	w.t.Helper()
	below := func() []byte {
		img, err := w.Screen()
		must(w.t, err)
		return img.Pix[len(img.Pix)/8:]
	}
	before := below()
	change()
	last := before
	w.until("the screen has changed", func() bool {
		now := below()
		still := bytes.Equal(now, last) && !bytes.Equal(now, before)
		last = now
		return still
	})
}

// keyEvery is how fast people type at most. IBus mixes up keys that come faster.
const keyEvery = 70 * time.Millisecond

// keys presses keys as fast as people do.
func (w *window) keys(keys ...string) {
	w.t.Helper()
	for _, k := range keys {
		w.press(k)
		time.Sleep(keyEvery)
	}
}

// pinyin presses letters.
func (w *window) pinyin(letters string) { w.keys(strings.Split(letters, "")...) }

// candidatesAtTheCaret waits for the list to choose from, and looks whether it stands
// where one writes: at the right, in the lower half. Without a place it would stand
// at the lower left corner of the window.
func (w *window) candidatesAtTheCaret() {
	w.t.Helper()
	var at []image.Point
	w.until("the candidates are shown", func() bool {
		at = w.Popups(w.t.Context(), "fcitx")
		return len(at) > 0
	})
	w.shot("candidates")
	if size := w.Size(); at[0].X < size.X/2 || at[0].Y < size.Y/2 {
		w.t.Errorf("the candidates are at %v", at[0])
	}
}
