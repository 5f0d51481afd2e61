package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Sizer is an object whose height depends on its width, such as a text that
// wraps. Fyne's own layouts ask for a MinSize before they know the width; the
// layouts of this file ask for the height at a width.
type Sizer interface {
	HeightFor(width float32) float32
}

// Flow is a layout that knows its height at a width.
type Flow interface {
	fyne.Layout
	HeightFor(objects []fyne.CanvasObject, width float32) float32
}

// HeightFor is how tall o must be at that width.
func HeightFor(o fyne.CanvasObject, width float32) float32 {
	if s, ok := o.(Sizer); ok {
		return s.HeightFor(width)
	}
	if c, ok := o.(*fyne.Container); ok {
		if l, ok := c.Layout.(Flow); ok {
			return l.HeightFor(c.Objects, width)
		}
	}
	return o.MinSize().Height
}

// Column puts objects below each other, each as wide as the column.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap: gap}, objects...)
}

type column struct{ gap, width float32 }

func (l *column) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	var h float32
	for _, o := range visible(objects) {
		if h > 0 {
			h += l.gap
		}
		h += HeightFor(o, width)
	}
	return h
}

func (l *column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var w float32
	for _, o := range visible(objects) {
		w = max(w, o.MinSize().Width)
	}
	return fyne.NewSize(w, l.HeightFor(objects, max(w, l.width)))
}

func (l *column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	var y float32
	for _, o := range visible(objects) {
		h := HeightFor(o, size.Width)
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h + l.gap
	}
}

// Row puts objects side by side, centred vertically. Those made by [Grow] share
// what is left of the width.
func Row(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&row{gap: gap}, objects...)
}

// Grow marks an object as one that takes the rest of a [Row].
func Grow(o fyne.CanvasObject) fyne.CanvasObject { return container.New(&grow{}, o) }

// Spring is an empty [Grow].
func Spring() fyne.CanvasObject { return container.New(&grow{}) }

type grow struct{}

func (*grow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	if len(objects) == 0 {
		return fyne.Size{}
	}
	return objects[0].MinSize()
}

func (*grow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

func (*grow) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	if len(objects) == 0 {
		return 0
	}
	return HeightFor(objects[0], width)
}

type row struct{ gap float32 }

// widths are those of the visible objects, in order.
func (l *row) widths(objects []fyne.CanvasObject, width float32) []float32 {
	ws := make([]float32, len(objects))
	rest, growing := width-l.gap*float32(max(len(objects)-1, 0)), 0
	for i, o := range objects {
		if growsInRow(o) {
			growing++
			continue
		}
		ws[i] = o.MinSize().Width
		rest -= ws[i]
	}
	for i, o := range objects {
		if growsInRow(o) {
			ws[i] = max(rest/float32(growing), 0)
		}
	}
	return ws
}

func growsInRow(o fyne.CanvasObject) bool {
	c, ok := o.(*fyne.Container)
	if !ok {
		return false
	}
	_, ok = c.Layout.(*grow)
	return ok
}

func (l *row) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	objects = visible(objects)
	var h float32
	for i, w := range l.widths(objects, width) {
		h = max(h, HeightFor(objects[i], w))
	}
	return h
}

func (l *row) MinSize(objects []fyne.CanvasObject) fyne.Size {
	objects = visible(objects)
	size := fyne.NewSize(l.gap*float32(max(len(objects)-1, 0)), 0)
	for _, o := range objects {
		m := o.MinSize()
		size.Width += m.Width
		size.Height = max(size.Height, m.Height)
	}
	return size
}

func (l *row) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects = visible(objects)
	var x float32
	for i, w := range l.widths(objects, size.Width) {
		h := min(HeightFor(objects[i], w), size.Height)
		objects[i].Move(fyne.NewPos(x, (size.Height-h)/2))
		objects[i].Resize(fyne.NewSize(w, h))
		x += w + l.gap
	}
}

// Wrap puts objects side by side, and those that have no room there below.
func Wrap(gap float32, align fyne.TextAlign, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&wrap{gap: gap, align: align}, objects...)
}

type wrap struct {
	gap   float32
	align fyne.TextAlign // of the lines
	width float32
}

// lines are the objects of each line, and how wide it is.
func (l *wrap) lines(objects []fyne.CanvasObject, width float32) (lines [][]fyne.CanvasObject, widths []float32) {
	for _, o := range visible(objects) {
		w, last := o.MinSize().Width, len(lines)-1
		if last >= 0 && widths[last]+l.gap+w <= width+0.5 {
			lines[last] = append(lines[last], o)
			widths[last] += l.gap + w
			continue
		}
		lines, widths = append(lines, []fyne.CanvasObject{o}), append(widths, w)
	}
	return lines, widths
}

func tallest(objects []fyne.CanvasObject) (h float32) {
	for _, o := range objects {
		h = max(h, o.MinSize().Height)
	}
	return h
}

func (l *wrap) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	lines, _ := l.lines(objects, width)
	h := l.gap * float32(max(0, len(lines)-1))
	for _, line := range lines {
		h += tallest(line)
	}
	return h
}

func (l *wrap) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w := float32(0)
	for _, o := range visible(objects) {
		w = max(w, o.MinSize().Width)
	}
	return fyne.NewSize(w, l.HeightFor(objects, max(w, l.width)))
}

func (l *wrap) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	lines, widths := l.lines(objects, size.Width)
	y := float32(0)
	for i, line := range lines {
		x, h := float32(0), tallest(line)
		switch l.align {
		case fyne.TextAlignLeading:
		case fyne.TextAlignCenter:
			x = max(0, (size.Width-widths[i])/2)
		case fyne.TextAlignTrailing:
			x = max(0, size.Width-widths[i])
		}
		for _, o := range line {
			m := o.MinSize()
			Place(o, x, y+(h-m.Height)/2, min(m.Width, size.Width), m.Height)
			x += m.Width + l.gap
		}
		y += h + l.gap
	}
}

// Beside puts an object beside another one that keeps its width or, where it would have
// less than that, below it.
func Beside(gap, least float32, first, rest fyne.CanvasObject) *fyne.Container {
	return container.New(&beside{gap, least}, first, rest)
}

type beside struct{ gap, least float32 }

func (l *beside) rest(objects []fyne.CanvasObject, width float32) (w float32, stacked bool) {
	if w = width - objects[0].MinSize().Width - l.gap; w < l.least {
		return width, true
	}
	return w, false
}

func (l *beside) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	w, stacked := l.rest(objects, width)
	first, rest := objects[0].MinSize().Height, HeightFor(objects[1], w)
	if stacked {
		return first + l.gap + rest
	}
	return max(first, rest)
}

func (l *beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := objects[0].MinSize()
	return fyne.NewSize(m.Width, l.HeightFor(objects, m.Width+l.gap+l.least))
}

func (l *beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	m := objects[0].MinSize()
	w, stacked := l.rest(objects, size.Width)
	h := HeightFor(objects[1], w)
	if stacked {
		Place(objects[0], 0, 0, m.Width, m.Height)
		Place(objects[1], 0, m.Height+l.gap, w, h)
		return
	}
	Place(objects[0], 0, (size.Height-m.Height)/2, m.Width, m.Height)
	Place(objects[1], m.Width+l.gap, (size.Height-min(h, size.Height))/2, w, min(h, size.Height))
}

// Pad keeps a distance around an object: top, right, bottom, left.
func Pad(o fyne.CanvasObject, top, right, bottom, left float32) *fyne.Container {
	return container.New(&pad{top, right, bottom, left}, o)
}

type pad struct{ top, right, bottom, left float32 }

func (l *pad) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	return l.top + l.bottom + HeightFor(objects[0], width-l.left-l.right)
}

func (l *pad) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[0].MinSize().AddWidthHeight(l.left+l.right, l.top+l.bottom)
}

func (l *pad) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos(l.left, l.top))
	objects[0].Resize(size.SubtractWidthHeight(l.left+l.right, l.top+l.bottom))
}

// On lays an object on a background.
func On(background, o fyne.CanvasObject) *fyne.Container {
	return container.New(&stack{}, background, o)
}

type stack struct{}

func (*stack) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	return HeightFor(objects[len(objects)-1], width)
}

func (*stack) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return objects[len(objects)-1].MinSize()
}

func (*stack) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Resize(size)
	}
}

// Middle centres an object, at most width wide, at its own height.
func Middle(width float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(&middle{width}, o)
}

type middle struct{ width float32 }

func (l *middle) fit(width float32) float32 {
	if l.width > 0 {
		return min(width, l.width)
	}
	return width
}

func (l *middle) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	return HeightFor(objects[0], l.fit(width))
}

func (l *middle) MinSize(objects []fyne.CanvasObject) fyne.Size { return objects[0].MinSize() }

func (l *middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := l.fit(size.Width)
	h := min(HeightFor(objects[0], w), size.Height)
	objects[0].Move(fyne.NewPos((size.Width-w)/2, (size.Height-h)/2))
	objects[0].Resize(fyne.NewSize(w, h))
}

// Centred puts an object at its smallest size into the middle of a row.
func Centred(o fyne.CanvasObject) *fyne.Container { return Row(0, Spring(), o, Spring()) }

func visible(objects []fyne.CanvasObject) []fyne.CanvasObject {
	shown := make([]fyne.CanvasObject, 0, len(objects))
	for _, o := range objects {
		if o.Visible() {
			shown = append(shown, o)
		}
	}
	return shown
}

// Place moves and resizes an object.
func Place(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// narrow is the width up to which a window has less around what lies in it.
const narrow = 520

// Edge is how much there is around what lies in a window of that width.
func Edge(width float32) float32 {
	if width <= narrow {
		return 12
	}
	return 24
}
