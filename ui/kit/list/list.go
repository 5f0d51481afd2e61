// Package list shows rows below each other, of which it lays out only those that
// are in view.
//
// Everything here belongs to Fyne's main goroutine.
package list

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/kit"
	"foyer/ui/theme"
)

// Rows is what a [List] shows.
type Rows interface {
	Len() int
	// Key is the same for the same row, wherever it stands.
	Key(i int) string
	// Row returns the object of a row that comes into view, or changes one that
	// is there: row is nil or what Row returned for the same key.
	Row(i int, row fyne.CanvasObject) fyne.CanvasObject
	// Height is how tall a row is. It is asked for rows in view and near it.
	Height(i int, width float32) float32
	// Guess is about how tall it is, at no cost.
	Guess(i int, width float32) float32
}

// List shows rows of different heights below each other, and lays out only those
// that are in view. With ToEnd it stays at the end as long as the user has not
// scrolled away from it.
type List struct {
	widget.BaseWidget
	Label    string // what is listed
	ToEnd    bool
	OnEnd    func(end bool)                // the end comes into view, or leaves it
	OnChosen func(i int, at fyne.Position) // by Enter, or the other mouse button; at is in the window
	OnCopy   func(i int)                   // by the keyboard; -1: no row has it
	OnDelete func(i int)                   // by the keyboard; -1: no row has it
	OnEscape func()
	// With OnSelect, Space selects a row or takes that back, and Shift with an
	// arrow selects the row that the keyboard comes to (add). OnSelectAll is Ctrl+A.
	OnSelect    func(i int, add bool)
	OnSelectAll func()

	rows    Rows
	keys    []string
	heights []float32
	exact   []bool
	known   map[string]float32 // heights that are exact, at width
	width   float32
	first   int     // the row at the top
	above   float32 // of it, what is scrolled out of view
	stick   bool
	chosen  string // key of the row that the keyboard is on
	focused bool
	shown   map[string]fyne.CanvasObject
	bar     *scrollThumb
	layer   *fyne.Container
}

// New returns a list of rows.
func New(rows Rows) *List {
	l := &List{rows: rows, stick: true, known: map[string]float32{}, shown: map[string]fyne.CanvasObject{}}
	l.layer = container.NewWithoutLayout()
	l.bar = newScrollThumb(l)
	l.ExtendBaseWidget(l)
	return l
}

// Update shows the rows as they are now. The row at the top stays there.
func (l *List) Update() {
	n := l.rows.Len()
	top := ""
	if l.first < len(l.keys) {
		top = l.keys[l.first]
	}
	before := l.first
	l.keys, l.heights, l.exact = l.keys[:0], l.heights[:0], l.exact[:0]
	l.first = min(before, max(n-1, 0))
	for i := range n {
		key := l.rows.Key(i)
		h, exact := l.known[key]
		if !exact {
			h = l.rows.Guess(i, l.width)
		}
		l.keys, l.heights, l.exact = append(l.keys, key), append(l.heights, h), append(l.exact, exact)
		if key == top && top != "" {
			l.first = i
		}
	}
	l.settle()
	l.place(true)
}

// Remeasure forgets how tall a row is: it has changed.
func (l *List) Remeasure(key string) { delete(l.known, key) }

// Reset forgets everything about the rows: they are others, or look otherwise.
func (l *List) Reset() {
	clear(l.known)
	clear(l.shown)
	l.first, l.above, l.stick, l.chosen = 0, 0, true, ""
}

// Renew asks for the objects of all rows anew: they look otherwise now.
func (l *List) Renew() { clear(l.shown) }

// ScrollToEnd shows the end, and stays there.
func (l *List) ScrollToEnd() {
	l.setStick(true)
	if len(l.keys) > 0 && l.width > 0 {
		l.toEnd()
	}
	l.place(false)
}

// AtEnd reports whether the end is in view.
func (l *List) AtEnd() bool { return l.stick }

// InView counts the rows that have an object.
func (l *List) InView() int { return len(l.shown) }

func (l *List) setStick(on bool) {
	if l.stick != on {
		l.stick = on
		if l.OnEnd != nil {
			l.OnEnd(on)
		}
	}
}

// height is how tall a row is, measured.
func (l *List) height(i int) float32 {
	if !l.exact[i] {
		l.heights[i], l.exact[i] = l.rows.Height(i, l.width), true
		l.known[l.keys[i]] = l.heights[i]
	}
	return l.heights[i]
}

func (l *List) view() float32 { return l.Size().Height }

// settle brings the place into what there is: never beyond the end, and at the
// end if that is where we stay.
func (l *List) settle() {
	if len(l.keys) == 0 || l.width <= 0 {
		l.first, l.above = 0, 0
		return
	}
	if l.ToEnd && l.stick {
		l.toEnd()
		return
	}
	for l.above < 0 && l.first > 0 {
		l.first--
		l.above += l.height(l.first)
	}
	for l.first < len(l.keys)-1 && l.above >= l.height(l.first) {
		l.above -= l.height(l.first)
		l.first++
	}
	l.above = max(l.above, 0)
	rest := -l.above
	for i := l.first; i < len(l.keys); i++ {
		if rest += l.height(i); rest > l.view() {
			return
		}
	}
	l.toEnd()
}

// toEnd puts the last row to the bottom.
func (l *List) toEnd() {
	l.first = len(l.keys)
	space := l.view()
	for l.first > 0 && space > 0 {
		l.first--
		space -= l.height(l.first)
	}
	l.above = max(-space, 0)
}

// place puts the rows in view where they are. With anew, those that were there
// already show what has changed.
func (l *List) place(anew bool) {
	var objects []fyne.CanvasObject
	keep := make(map[string]fyne.CanvasObject, len(l.shown))
	y := -l.above
	if free := l.view() - l.sum(); l.ToEnd && l.first == 0 && free > 0 {
		y = free // a talk begins at the bottom, where one writes
	}
	for i := l.first; i < len(l.keys) && y < l.view(); i++ {
		key := l.keys[i]
		o, there := l.shown[key]
		if !there || anew {
			o = l.rows.Row(i, o)
		}
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(l.width, l.height(i)))
		keep[key], objects = o, append(objects, o)
		y += l.height(i)
	}
	l.shown, l.layer.Objects = keep, objects
	l.bar.update()
	canvas.Refresh(l.layer) // places only: what is in the rows is as it was
}

// sum is how tall the first rows are, up to the height of the view.
func (l *List) sum() (h float32) {
	for i := 0; i < len(l.keys) && h < l.view(); i++ {
		h += l.height(i)
	}
	return h
}

// total is how tall all rows are, and how far the view is down, about.
func (l *List) total() (all, top float32) {
	for i, h := range l.heights {
		if i == l.first {
			top = all + l.above
		}
		all += h
	}
	return all, top
}

// scrollBy moves the view down.
func (l *List) scrollBy(d float32) {
	if len(l.keys) == 0 || l.width <= 0 {
		return
	}
	end := l.ended()
	if d > 0 && end {
		return
	}
	l.stick = false // told below
	was := end
	l.above += d
	l.settle()
	now := l.ended()
	l.stick = now
	if now != was && l.OnEnd != nil {
		l.OnEnd(now)
	}
	l.place(false)
}

// ended reports whether the end is in view.
func (l *List) ended() bool {
	rest := -l.above
	for i := l.first; i < len(l.keys); i++ {
		if rest += l.height(i); rest > l.view()+0.5 {
			return false
		}
	}
	return true
}

// scrollTo moves the view to a place that is that far down, about.
func (l *List) scrollTo(y float32) {
	i := 0
	for i < len(l.heights)-1 && y >= l.heights[i] {
		y -= l.heights[i]
		i++
	}
	was := l.stick
	l.stick, l.first, l.above = false, i, y
	l.settle()
	l.stick = l.ended()
	if l.stick != was && l.OnEnd != nil {
		l.OnEnd(l.stick)
	}
	l.place(false)
}

// Scrolled implements fyne.Scrollable.
func (l *List) Scrolled(e *fyne.ScrollEvent) { l.scrollBy(-e.Scrolled.DY) }

// CreateRenderer implements fyne.Widget.
func (l *List) CreateRenderer() fyne.WidgetRenderer {
	r := &listRenderer{
		l: l, ground: canvas.NewRectangle(color.Transparent), ring: kit.NewRing(), clip: container.NewClip(l.layer),
	}
	r.ring.CornerRadius = theme.RadiusControl
	return r
}

type listRenderer struct {
	l      *List
	ground *canvas.Rectangle // takes the wheel where no row is
	clip   *container.Clip
	ring   *canvas.Rectangle
}

func (r *listRenderer) Destroy() {}

func (r *listRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.clip, r.l.bar, r.ring}
}

func (r *listRenderer) MinSize() fyne.Size { return fyne.NewSize(120, 60) }

func (r *listRenderer) Layout(size fyne.Size) {
	l := r.l
	r.ground.Resize(size)
	r.clip.Resize(size)
	r.ring.Move(fyne.NewPos(4, 2))
	r.ring.Resize(size.SubtractWidthHeight(8, 4))
	l.bar.Move(fyne.NewPos(size.Width-thumbWidth, 0))
	l.bar.Resize(fyne.NewSize(thumbWidth, size.Height))
	if w := size.Width - thumbWidth; w != l.width {
		l.width = w
		clear(l.known)
		l.Update()
		return
	}
	l.settle()
	l.place(false)
}

func (r *listRenderer) Refresh() {
	r.ring.StrokeColor = theme.Color(theme.Focus)
	kit.SetVisible(r.ring, r.l.focused && r.l.chosen == "")
	canvas.Refresh(r.l)
}
