package view

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"foyer/ui/uitest"
	"foyer/ui/video"
)

// TestNothingIsDrawnWithoutACause: where nothing happens, whatever the screen, a
// window costs nothing: any object that is drawn anew draws all of them.
func TestNothingIsDrawnWithoutACause(t *testing.T) {
	drawsMuch(t)
	for _, sc := range slices.Concat(lobbyScreens(), roomScreens(), panelScreens(), farewellScreens()) {
		t.Run(sc.name, func(t *testing.T) {
			s := newStand(t, fyne.NewSize(1100, 720), 0)
			sc.prepare(s)
			s.show()
			if s.state.Busy() {
				return // its progress moves
			}
			tick := func(d time.Duration) {
				for end := s.now.Add(d); s.now.Before(end); {
					s.now = s.now.Add(video.Interval)
					s.root.Painter.Tick()
				}
			}
			tick(20 * time.Second) // what passes by itself is gone
			s.now = s.now.Truncate(time.Second).Add(50 * time.Millisecond)
			tick(video.Interval) // the clock shows this second
			drawn := uitest.CountDraws(t)
			tick(800 * time.Millisecond)
			for o, n := range drawn {
				t.Errorf("a %T is drawn %d times", o, n)
			}
		})
	}
}
