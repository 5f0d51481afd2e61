package view

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/video"
)

// choose is what is shown: the screen in the main place and one page of what is
// beside it, or one page of all alike.
func (s *stage) choose(state *model.State) []model.Tile {
	main, beside := state.Screens.Place()
	perPage, filled := PerPage, state.Screens.Filled()
	if main != nil {
		perPage--
	}
	if filled {
		beside = nil
	}
	pages := max((len(beside)+perPage-1)/perPage, 1)
	s.page = max(0, min(s.page, pages-1))
	s.pager.set(s.page, pages)
	shown := beside[s.page*perPage : min((s.page+1)*perPage, len(beside))]
	s.grid.Layout.(*gridLayout).main = main != nil
	s.showEnlarge(main != nil, filled)
	if main == nil {
		return shown
	}
	return append([]model.Tile{*main}, shown...)
}

// showEnlarge shows the button of the main place.
func (s *stage) showEnlarge(there, filled bool) {
	kit.SetVisible(s.enlarge, there)
	icon, key := "enlarge", "share.enlarge"
	if filled {
		icon, key = "shrink", "share.restore"
	}
	s.enlarge.Set("", icon, kit.Plain)
	s.enlarge.SetTip(s.book.WithKey(s.book.T(key), "E"))
}

// gridLayout places tiles of one size, or a large one with the others beside it.
type gridLayout struct{ main bool }

func (*gridLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(96, 54) }

func (l *gridLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	if !l.main || len(objects) == 0 {
		layTiles(objects, fyne.Position{}, size)
		return
	}
	at, beside := split(size)
	if len(objects) == 1 {
		layMain(objects[0], size)
		return
	}
	layMain(objects[0], fyne.NewSize(besideEnd(at.X, size.Width), besideEnd(at.Y, size.Height)))
	layTiles(objects[1:], at, beside)
}

// besideEnd is how far the main place reaches in one direction: to the gap before
// what is beside it, or, where nothing is beside it in this direction, all the way.
func besideEnd(at, all float32) float32 {
	if at == 0 {
		return all
	}
	return at - tileGap
}

// besidePart is how much of the stage the people beside a shared screen take.
const (
	besidePart = 0.22
	besideMin  = 168
	belowMin   = 96
)

// split is where the people beside a shared screen lie: at the right in a wide
// stage, else below.
func split(size fyne.Size) (at fyne.Position, beside fyne.Size) {
	if size.Width > 1.3*size.Height {
		w := min(max(size.Width*besidePart, besideMin), size.Width/2)
		return fyne.NewPos(size.Width-w, 0), fyne.NewSize(w, size.Height)
	}
	h := min(max(size.Height*besidePart, belowMin), size.Height/2)
	return fyne.NewPos(0, size.Height-h), fyne.NewSize(size.Width, h)
}

// layMain gives a screen all of its place: its frame fits into it, whatever its
// shape.
func layMain(o fyne.CanvasObject, size fyne.Size) {
	o.Move(fyne.Position{})
	o.Resize(fyne.NewSize(round(size.Width), round(size.Height)))
}

func layTiles(objects []fyne.CanvasObject, at fyne.Position, size fyne.Size) {
	for i, c := range video.Grid(len(objects), size.Width, size.Height, tileGap) {
		// Whole pixels: a frame of a fractional size would be blurred.
		x, y := round(at.X+c.X), round(at.Y+c.Y)
		objects[i].Move(fyne.NewPos(x, y))
		objects[i].Resize(fyne.NewSize(round(at.X+c.X+c.W)-x, round(at.Y+c.Y+c.H)-y))
	}
}

func round(v float32) float32 { return float32(int(v + 0.5)) }

type stageLayout struct{}

func (*stageLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(96, 54) }

func (*stageLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	grid, pages, enlarge := objects[0].(*fyne.Container), objects[1], objects[2]
	h := size.Height
	if pages.Visible() {
		h -= pagerHeight
		pages.Move(fyne.NewPos(0, h))
		pages.Resize(fyne.NewSize(size.Width, pagerHeight))
	}
	if grid.Size() == fyne.NewSize(size.Width, h) {
		grid.Layout.Layout(grid.Objects, grid.Size()) // what they show may have another place
	}
	grid.Resize(fyne.NewSize(size.Width, h))
	if !enlarge.Visible() || len(grid.Objects) == 0 {
		return
	}
	main, m := grid.Objects[0], enlarge.MinSize()
	enlarge.Resize(m)
	enlarge.Move(main.Position().AddXY(main.Size().Width-m.Width-chipDistance, chipDistance))
}

// chipDistance is how far what lies on a tile stays from its edge.
const chipDistance = 10
