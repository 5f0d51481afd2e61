package view

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"foyer/ui/video"
)

// countingApp counts what is to be drawn anew.
type countingApp struct {
	fyne.App
	drawn map[fyne.CanvasObject]int
}

func (a countingApp) Driver() fyne.Driver { return countingDriver{a.App.Driver(), a.drawn} }

type countingDriver struct {
	fyne.Driver
	drawn map[fyne.CanvasObject]int
}

func (d countingDriver) CanvasForObject(o fyne.CanvasObject) fyne.Canvas {
	return countingCanvas{d.Driver.CanvasForObject(o), d.drawn}
}

type countingCanvas struct {
	fyne.Canvas
	drawn map[fyne.CanvasObject]int
}

func (c countingCanvas) Refresh(o fyne.CanvasObject) { c.drawn[o]++ }

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
			app := countingApp{fyne.CurrentApp(), map[fyne.CanvasObject]int{}}
			fyne.SetCurrentApp(app)
			defer fyne.SetCurrentApp(app.App)
			tick(800 * time.Millisecond)
			for o, n := range app.drawn {
				t.Errorf("a %T is drawn %d times", o, n)
			}
		})
	}
}
