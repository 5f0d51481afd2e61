package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/ui/kit"
	"foyer/ui/theme"
	"foyer/ui/video"
	"foyer/ui/words"
)

// corner is where we see ourselves while others are there: small, and over them
// where nothing is beside the main place.
type corner struct {
	content *fyne.Container
	edge    *kit.Panel // between us and what we lie on
	tile    *video.StageTile
	hide    *kit.Button
	show    *kit.Button // in our place, once we are hidden
	lift    float32     // how far up we are, above what lies over the stage
}

const (
	cornerPart = 0.18 // of the width of the stage
	cornerMin  = 120
	cornerMax  = 224
	cornerEdge = 3
	hideLeast  = 100 // width that has room for a button beside the name
)

func newCorner(book *words.Book, act Actions, tips *kit.Tips) *corner {
	c := &corner{edge: kit.NewPanel(theme.Background, theme.RadiusCard+cornerEdge)}
	button := func(key, icon string, hides bool) *kit.Button {
		b := kit.NewIconButton(book.WithKey(book.T(key), "O"), icon, kit.Plain, tips, func() { act.HideSelf(hides) })
		b.Small = true
		return b
	}
	c.hide, c.show = button("room.self_hide", "person-off", true), button("room.self_show", "person", false)
	c.content = container.NewWithoutLayout(c.edge, c.hide, c.show)
	c.set(nil, false)
	return c
}

// set shows us, or the button that does, or nothing.
func (c *corner) set(tile *video.StageTile, hidden bool) {
	kit.SetVisible(c.edge, tile != nil)
	kit.SetVisible(c.hide, tile != nil && c.hide.Visible())
	kit.SetVisible(c.show, hidden)
	kit.SetVisible(c.content, tile != nil || hidden)
	if tile == c.tile {
		return
	}
	c.tile = tile
	c.content.Objects = []fyne.CanvasObject{c.edge, c.hide, c.show}
	if tile != nil {
		c.content.Objects = []fyne.CanvasObject{c.edge, tile, c.hide, c.show}
	}
	c.content.Refresh()
}

// size is how large we are in a stage; zero if we are not shown.
func (c *corner) size(stage fyne.Size) fyne.Size {
	if c.tile == nil {
		return fyne.Size{}
	}
	w := max(cornerMin, min(stage.Width*cornerPart, cornerMax))
	return fit(fyne.NewSize(w, w*9/16), fyne.NewSize(stage.Width/3, stage.Height/3))
}

// place puts us into the lower right corner of the stage: at the end of what is
// beside the main place, or within the last tile.
func (c *corner) place(size, stage fyne.Size, hull fyne.Position, beside bool) {
	end := fyne.NewPos(hull.X, stage.Height)
	if !beside {
		end = hull.SubtractXY(tileGap, tileGap)
	} else if hull.Y > stage.Height-size.Height {
		end.X = stage.Width // they lie below, and we beside them
	}
	end.Y = min(end.Y, stage.Height-c.lift)
	c.content.Resize(stage)
	m := c.show.MinSize()
	kit.Place(c.show, end.X-m.Width, end.Y-m.Height, m.Width, m.Height)
	if c.tile == nil {
		return
	}
	at := fyne.NewPos(round(end.X-size.Width), round(end.Y-size.Height))
	c.tile.Move(at)
	c.tile.Resize(size)
	c.edge.Move(at.SubtractXY(cornerEdge, cornerEdge))
	c.edge.Resize(size.AddWidthHeight(2*cornerEdge, 2*cornerEdge))
	m = c.hide.MinSize()
	kit.SetVisible(c.hide, size.Width >= hideLeast)
	kit.Place(c.hide, at.X+size.Width-m.Width-6, at.Y+6, m.Width, m.Height)
}
