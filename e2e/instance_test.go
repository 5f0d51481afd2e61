//go:build linux

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// Contract J11, as it happens: somebody is in a room, another window is before
// Foyer's, and a second link is clicked, which starts the program once more.
func TestJ11_ASecondStartHandsItsLinkToTheWindow(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	one, two := server.Invite("one"), server.Invite("two")
	inTwo := testenv.Join(t, f, drive.JoinOptions{Link: two, Name: "Grace", ID: "grace"})
	inTwo.Await("joined")
	w := openWindow(t, f, "second", one)
	first := w.id()
	w.click(w.find("the join button", accent).Centre())
	w.find("the leave button", danger)

	elsewhere := w.launch(t.TempDir()) // another profile is another window
	var other string
	w.until("the window of the other profile is before ours", func() bool {
		other = w.Active(t.Context())
		return other != "" && other != first && slices.Contains(w.Windows(t.Context(), "Foyer"), other)
	})

	start := w.find("the other window's start button", accent)
	again := w.launch(w.profile, two)
	if status := again.Ended(); status != 0 {
		t.Errorf("the second start ended with status %d", status)
	}
	w.until("our window is before the other", func() bool { return w.Active(t.Context()) == first })
	// Until ours has drawn, the other window may still be on the screen, whose
	// start button is no answer: the question's is elsewhere, and stays there.
	var question desktop.Blob
	w.until("the question lies over the room", func() bool {
		all := slices.DeleteFunc(w.buttons(accent), func(b desktop.Blob) bool { return b.Rectangle == start.Rectangle })
		if len(w.buttons(danger)) > 0 || len(all) == 0 {
			return false
		}
		last := question
		question = slices.MaxFunc(all, func(a, b desktop.Blob) int { return a.Pixels - b.Pixels })
		return question == last
	})
	w.click(question.Centre())
	inTwo.Await("participant_joined")

	// Without a link it only comes to the front.
	must(t, w.CloseWindow(other))
	if status := elsewhere.Ended(); status != 0 {
		t.Errorf("the window of the other profile ended with status %d", status)
	}
	if status := w.launch(w.profile).Ended(); status != 0 {
		t.Errorf("the third start ended with status %d", status)
	}
	w.find("the leave button", danger)
	must(t, w.CloseWindow(first))
	if status := w.Ended(); status != 0 {
		t.Errorf("the window ended with status %d", status)
	}
	inTwo.Await("participant_left")
	saysNothingOf(t, two, w.Log, again.Log)
}

// saysNothingOf checks that a link is in no log.
func saysNothingOf(t *testing.T, link string, logs ...string) {
	t.Helper()
	for _, log := range logs {
		text, err := os.ReadFile(log)
		must(t, err)
		if strings.Contains(string(text), link) {
			t.Errorf("%s has the link", log)
		}
	}
}
