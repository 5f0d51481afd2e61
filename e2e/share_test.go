//go:build linux

package e2e

import (
	"image"
	"testing"

	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// stopFromBadge is where the sharing bar's stop button lies from its badge.
var stopFromBadge = image.Pt(294, 0)

// screen is whether the window's process has the screen, looked at from outside.
func (w *window) screen() device {
	size := w.Size()
	return device{"screen", func() bool { return drive.HoldsWholeScreen(w.PID, size.X, size.Y) }}
}

// choose opens the choice of a screen: the window behind it is dim.
func (w *window) choose() {
	w.t.Helper()
	w.find("the leave button", danger)
	must(w.t, w.Key(w.t.Context(), "s"))
	w.until("the choice of a screen is shown", func() bool { return len(w.buttons(danger)) == 0 })
}

// showsThumbnail reports whether the one screen of the choice, in the middle of the
// window, is shown by what is on it: it has none but dark pixels before.
func (w *window) showsThumbnail() bool {
	middle := w.Size().Div(2)
	img, err := w.Look(image.Rectangle{Min: middle, Max: middle}.Inset(-60))
	must(w.t, err)
	bright := 0
	for i := 0; i+3 < len(img.Pix); i += 4 {
		if img.Pix[i] > 60 || img.Pix[i+1] > 60 || img.Pix[i+2] > 60 {
			bright++
		}
	}
	return bright > 100
}

// share shares the screen by the keyboard, and returns where one leaves now.
func (w *window) share() (leave desktop.Blob) {
	w.t.Helper()
	w.choose()
	must(w.t, w.Key(w.t.Context(), "Return"))
	held(w.t, w.screen(), true, testenv.Limit)
	w.find("the sharing bar", accent)
	return w.find("the leave button", danger) // the buttons beside it have another width now
}

// A screen shared from the window, as the far side sees it: its frames come, and
// end by the bar or by the second press of the key. Nothing has the screen before
// the choice is open and after it is closed.
func TestWindowSharesTheScreen(t *testing.T) {
	f := testenv.Foyer(t)
	w := openWindow(t, f, "share")
	w.click(w.find("the start button", accent).Centre())
	w.find("the leave button", danger)
	guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
	guest.Await("joined")
	if w.screen().held() {
		t.Error("the screen is held before anybody shares it")
	}

	w.choose()
	w.until("the choice shows what is on the screen", w.showsThumbnail)
	w.shot("choice")
	held(t, w.screen(), false, testenv.Limit) // its frame has been taken
	must(t, w.Key(t.Context(), "Escape"))
	w.find("the leave button", danger)
	if !held(t, w.screen(), false, releaseLimit) {
		t.Error("the screen is held after the choice was closed")
	}

	for _, stop := range []struct {
		name string
		act  func()
	}{
		{"the bar", func() {
			badge := w.find("the sharing bar", accent)
			w.shot("sharing")
			w.click(badge.Centre().Add(stopFromBadge))
		}},
		{"the key", func() { must(t, w.Key(t.Context(), "s")) }},
	} {
		mark := guest.Mark()
		screen := func(e drive.Event) bool { return e.Text("source") == "screen" }
		w.share()
		guest.AwaitAfter(mark, "track_subscribed", screen)
		guest.AwaitAfter(mark, "stats", func(e drive.Event) bool {
			for _, r := range remoteTracks(e) {
				if r.Source == "screen" && r.Frames >= 10 {
					return true
				}
			}
			return false
		})
		stop.act()
		guest.AwaitAfter(mark, "track_unpublished", screen)
		if !held(t, w.screen(), false, releaseLimit) {
			t.Errorf("the screen is held after %s", stop.name)
		}
		w.until("nothing says any more that the screen is shared", func() bool { return len(w.buttons(accent)) == 0 })
	}
	w.closeForAll()
	if status := w.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
}
