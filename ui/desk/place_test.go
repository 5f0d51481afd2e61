package desk

import (
	"image"
	"testing"

	"fyne.io/fyne/v2"
)

func TestFit(t *testing.T) {
	laptop := image.Rect(0, 0, 1366, 740)
	second := image.Rect(1366, 0, 1366+1920, 1080)
	usual := fyne.NewSize(1100, 720)
	for name, tt := range map[string]struct {
		place Place
		scale float32
		areas []image.Rectangle
		size  fyne.Size
		at    image.Point
		moves bool
	}{
		"first start":              {Place{}, 1, []image.Rectangle{laptop}, fyne.NewSize(1100, 700), image.Point{}, false},
		"first start, large scale": {Place{}, 2, []image.Rectangle{laptop}, fyne.NewSize(667, 330), image.Point{}, false},
		"no screen known":          {Place{}, 2, nil, usual, image.Point{}, false},
		"where it was":             {Place{X: 100, Y: 50, Width: 900, Height: 600}, 1, []image.Rectangle{laptop}, fyne.NewSize(900, 600), image.Pt(100, 50), true},
		"on the second screen":     {Place{X: 1500, Y: 50, Width: 1200, Height: 900}, 1, []image.Rectangle{laptop, second}, fyne.NewSize(1200, 900), image.Pt(1500, 50), true},
		"that screen has gone":     {Place{X: 1500, Y: 50, Width: 1200, Height: 900}, 1, []image.Rectangle{laptop}, fyne.NewSize(1200, 700), image.Point{}, false},
		"over the edge":            {Place{X: 900, Y: 400, Width: 900, Height: 600}, 1, []image.Rectangle{laptop, second}, fyne.NewSize(900, 600), image.Pt(466, 140), true},
		"garbage":                  {Place{X: -1 << 40, Y: 0, Width: 1e30, Height: -3}, 1, []image.Rectangle{second}, usual, image.Point{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			size, at, moves := tt.place.Fit(tt.place.Size(usual), tt.scale, tt.areas)
			if size != tt.size || at != tt.at || moves != tt.moves {
				t.Errorf("got %v at %v (%v), want %v at %v (%v)", size, at, moves, tt.size, tt.at, tt.moves)
			}
		})
	}
}
