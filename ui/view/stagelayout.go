package view

import (
	"fyne.io/fyne/v2"

	"foyer/ui/video"
)

// gridLayout places tiles of one size, or a large one with the others beside it.
type gridLayout struct {
	main   bool
	face   bool      // the large one is a person: it keeps its shape
	corner fyne.Size // what is left free of the place beside, in its last corner
}

func (*gridLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(96, 54) }

func (l *gridLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	switch {
	case !l.main || len(objects) == 0:
		layTiles(objects, fyne.Position{}, size)
	case len(objects) == 1:
		l.layMain(objects[0], size)
	default:
		at, beside := split(size)
		l.layMain(objects[0], fyne.NewSize(besideEnd(at.X, size.Width), besideEnd(at.Y, size.Height)))
		layTiles(objects[1:], at, l.besideCorner(at, beside))
	}
}

// besideCorner is what the corner leaves of the place beside: above it, or at its
// left where that lies below.
func (l *gridLayout) besideCorner(at fyne.Position, beside fyne.Size) fyne.Size {
	switch {
	case l.corner.IsZero():
		return beside
	case at.X > 0:
		return beside.SubtractWidthHeight(0, l.corner.Height+tileGap)
	default:
		return beside.SubtractWidthHeight(l.corner.Width+tileGap, 0)
	}
}

// besideEnd is how far the main place reaches in one direction: to the gap before
// what is beside it, or, where nothing is beside it in this direction, all the way.
func besideEnd(at, all float32) float32 {
	if at == 0 {
		return all
	}
	return at - tileGap
}

// besidePart is how much of the stage the people beside the main place take.
const (
	besidePart = 0.22
	besideMin  = 168
	belowMin   = 96
)

// split is where the people beside the main place lie: at the right in a wide
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
// shape. A person keeps the shape of a tile.
func (l *gridLayout) layMain(o fyne.CanvasObject, size fyne.Size) {
	if l.face {
		layTiles([]fyne.CanvasObject{o}, fyne.Position{}, size)
		return
	}
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

// stageLayout: the grid, the pages below it, ourselves in the corner, and the
// button of the main place.
type stageLayout struct{ s *stage }

func (*stageLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(96, 54) }

func (l *stageLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	s := l.s
	h := size.Height
	if pages := s.pager.content; pages.Visible() {
		h -= pagerHeight
		pages.Move(fyne.NewPos(0, h))
		pages.Resize(fyne.NewSize(size.Width, pagerHeight))
	}
	within := fyne.NewSize(size.Width, h)
	grid := s.grid.Layout.(*gridLayout)
	small, beside := s.corner.size(within), grid.main && len(s.grid.Objects) > 1
	if n := len(s.grid.Objects); !grid.main && n > 1 {
		// Over a tile: of its face enough must be left.
		for _, c := range video.Grid(n, within.Width, within.Height, tileGap) {
			small = fit(small, fyne.NewSize(c.W*overTile, c.H*overTile))
		}
	}
	grid.corner = fyne.Size{}
	if beside {
		_, room := split(within)
		small = fit(small, room)
		grid.corner = small
	}
	if s.grid.Size() == within {
		grid.Layout(s.grid.Objects, within) // what they show may have another place
	}
	s.grid.Resize(within)
	shown := s.grid.Objects
	if beside {
		shown = shown[1:]
		size := shown[0].Size()
		small = fit(small, fyne.NewSize(size.Width*besideTile, size.Height*besideTile))
	} else if len(shown) > 1 { // rather where nobody is
		end := hull(shown)
		below, right := fyne.NewSize(size.Width, h-end.Y-2*tileGap), fyne.NewSize(size.Width-end.X-tileGap, h)
		if below.Height >= belowLeast {
			small, beside = fit(small, below), true
		} else if right.Width >= cornerMin {
			small, beside = fit(small, right), true
		}
	}
	s.corner.place(small, within, hull(shown), beside)
	if !s.enlarge.Visible() || len(s.grid.Objects) == 0 {
		return
	}
	main, m := s.grid.Objects[0], s.enlarge.MinSize()
	s.enlarge.Resize(m)
	at := main.Position().AddXY(main.Size().Width-m.Width-chipDistance, chipDistance)
	s.enlarge.Move(fyne.NewPos(at.X, max(at.Y, s.drop)))
}

// filled reports whether what has the main place is all that is shown.
func (s *stage) filled() bool {
	return s.grid.Layout.(*gridLayout).main && len(s.grid.Objects) == 1 && s.corner.tile == nil
}

// hull is the lower right corner of some tiles.
func hull(tiles []fyne.CanvasObject) (end fyne.Position) {
	for _, o := range tiles {
		end.X = max(end.X, o.Position().X+o.Size().Width)
		end.Y = max(end.Y, o.Position().Y+o.Size().Height)
	}
	return end
}

// fit makes a size smaller, in its shape, until it fits into another one.
func fit(size, room fyne.Size) fyne.Size {
	if size.IsZero() {
		return size
	}
	f := min(1, room.Width/size.Width, room.Height/size.Height)
	return fyne.NewSize(round(size.Width*f), round(size.Height*f))
}

// How large we are at most, as a part of another tile: over it, or beside the main
// place.
const (
	overTile   = 0.45
	besideTile = 0.88
	belowLeast = 68 // the height from which we fit below the others, and over nobody
)

// chipDistance is how far what lies on a tile stays from its edge.
const chipDistance = 10
