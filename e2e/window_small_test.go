//go:build linux

package e2e

import (
	"image"
	"testing"

	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// Where the buttons of the small window lie, from the middle of its leave button.
var (
	backFromSmallLeave = image.Pt(-40, 0)
	micFromSmallLeave  = image.Pt(-80, 0)
)

// smallLeave waits for the leave button of the small window, which has not the size
// of the large window's.
func (w *window) smallLeave() desktop.Blob {
	w.t.Helper()
	var found desktop.Blob
	same := 0 // looks in a row: it appears where the window manager puts it, and moves
	w.until("the small window is there, and rests", func() bool {
		img, err := w.Screen()
		must(w.t, err)
		blobs := desktop.Blobs(img, danger, 6, 300)
		if len(blobs) != 1 || blobs[0].Dx() > 40 {
			same = 0
			return false
		}
		if blobs[0].Centre() != found.Centre() {
			same = 0
		}
		found = blobs[0]
		same++
		return same == restingLooks
	})
	return found
}

// The small window, with another program's window over its place: it stays above,
// takes no key from there, shows the speaker, mutes, and goes back. Leaving from it
// is leaving, and a removal takes it away.
func TestWindowSmall(t *testing.T) {
	f := testenv.Foyer(t)
	w := openWindowWith(t, f, "small", map[string]any{"camera_on": false, "microphone": "test"})
	w.click(w.find("the start button", accent).Centre())
	w.find("the leave button", danger)
	link := w.invited()
	guest := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Grace", ID: "grace", Args: []string{"--camera", "test", "--stay"}})
	guest.Await("joined")
	w.until("the guest's tile shows the test picture", func() bool { return w.showsTestPicture(largeBar) })
	large := w.id()
	must(t, w.OpenWindow())
	other := ""
	w.until("another window has the keyboard", func() bool {
		other = w.Active(t.Context())
		return other != "" && other != large
	})
	must(t, w.Activate(t.Context(), large))
	w.press("w")
	w.smallLeave()
	w.until("the large window is gone", func() bool { return w.id() != "" && w.id() != large })
	screen := image.Rectangle{Max: w.Size()}
	small := w.is("it is in the corner", func(r image.Rectangle) bool {
		return r.Dx() < 400 && r.In(screen) && r.Max.X > screen.Max.X-100 && r.Max.Y > screen.Max.Y-100
	})
	must(t, w.Activate(t.Context(), other))
	must(t, w.Arrange(t.Context(), other, small.Inset(-60).Intersect(screen)))
	w.until("the other window has the keyboard", func() bool { return w.Active(t.Context()) == other })
	leave := w.smallLeave()
	w.until("it shows the test picture above the other window", func() bool { return w.showsTestPicture(500) })
	w.shot("above")

	mark := guest.Mark()
	ofMic := func(e drive.Event) bool { return e.Text("source") == "microphone" }
	w.click(leave.Centre().Add(micFromSmallLeave))
	guest.AwaitAfter(mark, "track_muted", ofMic)
	w.shot("muted")
	w.click(leave.Centre().Add(micFromSmallLeave))
	guest.AwaitAfter(mark, "track_unmuted", ofMic)
	w.click(leave.Centre().Add(backFromSmallLeave))
	w.until("the large window is back", func() bool { return w.id() == large })
	w.find("the leave button", danger)
	w.until("it shows the guest again", func() bool { return w.showsTestPicture(largeBar) })

	w.press("w")
	w.is("it is there again", func(r image.Rectangle) bool { return r == small })
	leave = w.smallLeave()
	w.shot("again")
	mark = guest.Mark()
	w.click(leave.Centre())
	w.shot("leaving")
	if gone := guest.AwaitAfter(mark, "participant_left", nil); gone.Text("reason") != "left" {
		t.Errorf("the guest was told %s", gone.Raw)
	}
	w.find("the farewell's main button", accent)
	if !audioIsFree(t, w.pulse, w.PID) {
		t.Errorf("%d sound streams are open beside the farewell", w.holds())
	}
	w.shot("farewell")
}

// Removed, and killed, behind the small window: nothing of it stays.
func TestWindowSmallGoesWithTheStay(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	guest := testenv.Join(t, f, drive.JoinOptions{Link: server.Invite("room"), Name: "Grace", ID: "grace", Args: []string{"--camera", "test", "--stay"}})
	guest.Await("joined")
	w := openWindowWith(t, f, "small-gone", map[string]any{"camera_on": false, "microphone": "test", "small_window": true}, server.Invite("room"))
	w.click(w.find("the join button", accent).Centre())
	w.find("the leave button", danger)
	joined := guest.AwaitWhere("participant_joined", func(e drive.Event) bool { return e.Text("name") == "Ada" })
	must(t, w.Minimize(t.Context(), w.id()))
	w.smallLeave()
	_, errs, status, err := server.Drive.Admin(t.Context(), "remove", "room", joined.Text("id"))
	if err != nil || status != 0 {
		t.Fatalf("status %d: %v: %s", status, err, errs)
	}
	w.until("the small window is gone", func() bool { return w.id() == "" })
	if !audioIsFree(t, w.pulse, w.PID) {
		t.Errorf("%d sound streams are open", w.holds())
	}
}
