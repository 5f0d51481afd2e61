//go:build linux

package e2e

import (
	"math"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// loudness is that of a tone in what was heard, in parts of the largest sample.
func loudness(heard []int16, hz float64) float64 {
	most := 0.0
	const window = drive.SampleRate / 10
	for ; len(heard) >= window; heard = heard[window:] {
		var re, im float64
		for i, v := range heard[:window] {
			at := 2 * math.Pi * hz * float64(i) / drive.SampleRate
			re += float64(v) * math.Cos(at)
			im += float64(v) * math.Sin(at)
		}
		most = max(most, 2*math.Hypot(re, im)/window/math.MaxInt16)
	}
	return most
}

// In a call, the settings are opened by their key, and the speaker is tested with
// the keyboard alone: both notes come out of it. The window is closed with the
// settings open, in the middle of the next test: nothing stays open.
func TestWindowTestsTheSpeakerInACall(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	guest := testenv.Join(t, f, drive.JoinOptions{Link: server.Invite("room"), Name: "Grace", ID: "grace", Args: []string{"--stay"}})
	guest.Await("joined")
	w := openWindow(t, f, "settings", server.Invite("room"))
	w.click(w.find("the join button", accent).Centre())
	w.find("the leave button", danger)
	mark := guest.Mark()
	w.press("ctrl+comma")
	w.until("the settings dim the leave button", func() bool { return len(w.buttons(danger)) == 0 })
	w.press("Tab", "Tab", "Tab", "Tab", "Tab") // both pickers and the test before, and the speaker's
	heard := make(chan []int16, 1)
	go func() { heard <- w.pulse.RecordSpeaker(t.Context(), 4*time.Second) }()
	w.press("Return")
	samples := <-heard
	w.shot("speaker")
	for _, hz := range []float64{528, 792} {
		if l := loudness(samples, hz); l < 0.05 {
			t.Errorf("the note of %v Hz has a loudness of %.3f", hz, l)
		}
	}
	w.press("shift+Tab", "shift+Tab", "Return") // record and play
	w.until("the microphone is recorded", func() bool { return w.holds() > 0 })
	must(t, w.CloseWindow(w.id()))
	if status := w.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
	if n := w.holds(); n != 0 {
		t.Errorf("%d streams are open after the end", n)
	}
	if left := guest.AwaitAfter(mark, "participant_left", nil); left.Text("reason") != "left" {
		t.Errorf("the guest was told %s", left.Raw)
	}
}
