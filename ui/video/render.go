package video

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/theme"
)

const (
	chipHeight = 26
	chipMargin = 10
)

type tileRenderer struct {
	t          *Tile
	ground     *canvas.Rectangle
	disc       *canvas.Circle
	initials   *canvas.Text
	dim        *canvas.Rectangle
	middle     *kit.Text // that somebody is lost, or what this is a still for
	middleIcon *kit.Icon
	chip       *kit.Panel
	name       *kit.Text
	muted      *kit.Icon
	weak       *kit.Icon
	pinned     *kit.Icon
	ring       *canvas.Rectangle
	frame      *frame
	marks      *marks
	objs       []fyne.CanvasObject
}

func (r *tileRenderer) Destroy()                     {}
func (r *tileRenderer) Objects() []fyne.CanvasObject { return r.objs }
func (r *tileRenderer) MinSize() fyne.Size           { return fyne.NewSize(96, 54) }

func (r *tileRenderer) Layout(size fyne.Size) {
	for _, o := range []fyne.CanvasObject{r.ground, r.t.raster, r.dim} {
		o.Resize(size)
	}
	d := min(size.Height*0.44, size.Width*0.3, 128)
	r.disc.Resize(fyne.NewSquareSize(d))
	r.disc.Move(fyne.NewPos((size.Width-d)/2, (size.Height-d)/2))
	r.initials.TextSize = d * 0.4
	m := r.initials.MinSize()
	r.initials.Resize(fyne.NewSize(d, m.Height))
	r.initials.Move(fyne.NewPos((size.Width-d)/2, (size.Height-m.Height)/2))
	r.layoutChip(size)
	r.layoutMiddle(size)
	r.frame.layout(size)
	r.ring.Move(fyne.NewPos(ringWidth+1, ringWidth+1))
	r.ring.Resize(size.SubtractWidthHeight(2*ringWidth+2, 2*ringWidth+2))
	r.marks.layout(size)
}

func (r *tileRenderer) layoutChip(size fyne.Size) {
	margin := float32(chipMargin)
	if size.Width < 200 {
		margin = 6
	}
	left, x := float32(10), float32(10)
	pinned := x
	if r.t.look.Pinned {
		x += 16 + 6
	}
	muted := x
	if r.t.look.Muted {
		x += 16 + 6
	}
	tail := left
	if r.t.look.Weak {
		tail += 16 + 4
	}
	w := max(0, min(r.name.MinWidth(), size.Width-2*margin-x-tail))
	chip := fyne.NewSize(x+w+tail, chipHeight)
	at := fyne.NewPos(margin, size.Height-margin-chipHeight)
	r.chip.Move(at)
	r.chip.Resize(chip)
	r.pinned.Move(at.AddXY(pinned, (chipHeight-16)/2))
	r.pinned.Resize(fyne.NewSquareSize(16))
	r.muted.Move(at.AddXY(muted, (chipHeight-16)/2))
	r.muted.Resize(fyne.NewSquareSize(16))
	r.weak.Move(at.AddXY(chip.Width-left-14, (chipHeight-16)/2))
	r.weak.Resize(fyne.NewSquareSize(16))
	r.name.Move(at.AddXY(x, 0))
	r.name.Resize(fyne.NewSize(w+1, chipHeight))
}

// layoutMiddle puts icon and words in a row into the middle.
func (r *tileRenderer) layoutMiddle(size fyne.Size) {
	m := r.middle.MinSize()
	w := 20 + 8 + m.Width
	if w > size.Width-16 { // only the icon, where there is no room for words
		r.middle.Hide()
		w = 20
	} else {
		kit.SetVisible(r.middle, r.t.look.inMiddle())
	}
	x := (size.Width - w) / 2
	r.middleIcon.Move(fyne.NewPos(x, (size.Height-20)/2))
	r.middleIcon.Resize(fyne.NewSquareSize(20))
	r.middle.Move(fyne.NewPos(x+28, (size.Height-m.Height)/2))
	r.middle.Resize(m)
}

// inMiddle reports whether there are words in the middle.
func (l Look) inMiddle() bool { return l.Lost || l.Note != "" }

// applyMiddle sets them.
func (r *tileRenderer) applyMiddle(l Look) {
	text, icon, ink := l.LostText, "offline", theme.OnChip
	if !l.Lost {
		text, icon, ink = l.Note, "screen", theme.Muted
	}
	r.middle.SetIn(ink)
	r.middle.Set(text)
	r.middleIcon.Set(icon, ink)
	kit.SetVisible(r.middleIcon, l.inMiddle())
	kit.SetVisible(r.middle, l.inMiddle())
}

func (r *tileRenderer) apply() {
	l := r.t.look
	bare := !r.t.HasVideo()
	r.ground.FillColor = theme.Color(theme.Surface)
	// Behind a video that covers it nobody sees it, and a computer without a graphics
	// card would compute each of its pixels.
	kit.SetVisible(r.ground, bare || l.Fit != call.FitCover)
	r.disc.FillColor = Hue(l.Seed)
	r.initials.Text, r.initials.Color = l.Initials, color.White
	// "Connection lost" takes the place of the initials.
	kit.SetVisible(r.disc, bare && l.Initials != "" && !l.Lost)
	kit.SetVisible(r.initials, bare && l.Initials != "" && !l.Lost)
	r.dim.FillColor = theme.Color(theme.Chip)
	kit.SetVisible(r.dim, l.Lost)
	r.applyMiddle(l)
	r.name.Set(l.Name)
	kit.SetVisible(r.name, l.Name != "")
	kit.SetVisible(r.chip, l.Name != "")
	kit.SetVisible(r.muted, l.Name != "" && l.Muted)
	kit.SetVisible(r.weak, l.Name != "" && l.Weak)
	kit.SetVisible(r.pinned, l.Name != "" && l.Pinned)
	r.ring.StrokeColor, r.ring.CornerRadius = theme.Color(theme.Focus), theme.RadiusCard-ringWidth
	kit.SetVisible(r.ring, r.t.focused)
	r.frame.set(l.Speaking)
	r.marks.apply(l)
}

func (r *tileRenderer) Refresh() {
	r.apply()
	r.Layout(r.t.Size())
	for _, o := range r.objs {
		if o != r.t.raster { // only the painter's: a new upload only for a new frame
			o.Refresh()
		}
	}
}
