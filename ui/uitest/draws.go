package uitest

import (
	"testing"

	"fyne.io/fyne/v2"
)

// CountDraws counts what is to be drawn anew, from now on until the test ends: any
// object that is draws all of its window.
func CountDraws(t testing.TB) map[fyne.CanvasObject]int {
	t.Helper()
	app := countingApp{fyne.CurrentApp(), map[fyne.CanvasObject]int{}}
	fyne.SetCurrentApp(app)
	t.Cleanup(func() { fyne.SetCurrentApp(app.App) })
	return app.drawn
}

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
