//go:build linux

package e2e

import (
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"foyer/internal/testenv"
)

// is waits until the window is at a place.
func (w *window) is(what string, at func(image.Rectangle) bool) image.Rectangle {
	w.t.Helper()
	var last image.Rectangle
	w.until(what, func() bool {
		id := w.id()
		if id == "" {
			return false
		}
		place, err := w.Place(id)
		last = place
		return err == nil && at(place)
	})
	return last
}

// remembered is the place in the settings.
func (w *window) remembered() (x, y int, width, height float64) {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.profile, "settings.json"))
	must(w.t, err)
	var set struct {
		Window struct {
			X, Y          int
			Width, Height float64
		}
	}
	must(w.t, json.Unmarshal(data, &set))
	return set.Window.X, set.Window.Y, set.Window.Width, set.Window.Height
}

// The window comes back where it was, however the program ended, and within the
// screen that is there.
func TestWindowComesBackWhereItWas(t *testing.T) {
	windows.takes(t)
	f := testenv.Foyer(t)
	there := map[string]any{"x": 200, "y": 120, "width": 700, "height": 500}
	w := openWindowWith(t, f, "place", map[string]any{"window": there, "camera": smallFilm(t)})
	want := image.Rect(200, 120, 900, 620)
	w.is("it is where it was", func(r image.Rectangle) bool { return r == want })

	must(t, w.Arrange(t.Context(), w.id(), image.Rect(90, 150, 90+820, 150+560)))
	moved := w.is("it has another place", func(r image.Rectangle) bool { return r.Dx() == 820 && r.Dy() == 560 })
	w.until("the new place is remembered", func() bool {
		x, y, width, height := w.remembered()
		return x == moved.Min.X && y == moved.Min.Y && width == 820 && height == 560
	})
	must(t, w.Signal(syscall.SIGKILL))
	w.Ended()
	w.Process = w.launch(w.profile)
	w.is("it is where it was when the program was killed", func(r image.Rectangle) bool { return r == moved })
	must(t, w.CloseWindow(w.id()))
	w.Ended()
}

// At twice the scale the window is not larger than the screen; nor does it come
// back on a screen that has gone.
func TestWindowFitsTheScreen(t *testing.T) {
	f := testenv.Foyer(t)
	for name, own := range map[string]map[string]any{
		"first start": {},
		"a screen that has gone": {
			"window": map[string]any{"x": 2600, "y": 900, "width": 1900, "height": 1000},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := openWindowIn(t, f, "large", []string{"FYNE_SCALE=2"}, own)
			screen := image.Rectangle{Max: w.Size()}
			place := w.is("it is on the screen", func(r image.Rectangle) bool { return r.In(screen) })
			if place.Dx() < 900 || place.Dy() < 600 {
				t.Errorf("it takes only %v", place)
			}
			w.find("the start button", accent)
			w.shot("fits")
			must(t, w.CloseWindow(w.id()))
			w.Ended()
		})
	}
}
