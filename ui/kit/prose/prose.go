// Package prose shows texts that people wrote: they wrap, can be selected, and have
// links.
//
// Everything here belongs to Fyne's main goroutine.
package prose

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/kit/lines"
	"foyer/ui/theme"
)

// Prose is a text that somebody wrote: it wraps, keeps its blanks, can be selected
// with the mouse, and has links.
type Prose struct {
	widget.BaseWidget
	In       fyne.ThemeColorName
	OnLink   func(i int)
	OnMenu   func(at fyne.Position) // the other mouse button; at is in the window
	OnSelect func()                 // before a selection begins

	text  string
	links []lines.Span
	most  int // lines that are shown, 0 for all

	lines    []lines.Span // at width
	width    float32
	size     float32 // of the text, when the lines were broken
	from, to int     // what is selected, in bytes; from is where it began
	over     int     // the link under the pointer, -1 for none
}

// New returns a text without links.
func New(text string) *Prose {
	p := &Prose{text: text, In: theme.Foreground, over: -1}
	p.ExtendBaseWidget(p)
	return p
}

// AddLink makes text[start:end] a link.
func (p *Prose) AddLink(start, end int) {
	p.links = append(p.links, lines.Span{Start: start, End: end})
}

// Limit shows that many lines at most; 0 shows all.
func (p *Prose) Limit(most int) { p.most = most }

// Text returns the text.
func (p *Prose) Text() string { return p.text }

// Selected returns what is selected.
func (p *Prose) Selected() string {
	return p.text[min(p.from, p.to):max(p.from, p.to)]
}

// Deselect selects nothing.
func (p *Prose) Deselect() {
	if p.from != p.to {
		p.from, p.to = 0, 0
		p.Refresh()
	}
}

// Cut reports whether lines are left out at that width.
func (p *Prose) Cut(width float32) bool {
	p.breakAt(width)
	return p.most > 0 && len(p.lines) > p.most
}

func (p *Prose) breakAt(width float32) {
	if size := theme.Text(theme.TextSize); p.lines == nil || p.width != width || p.size != size {
		p.lines, p.width, p.size = lines.Break(p.text, width, textWidth), width, size
	}
}

// shown are the lines that are shown at that width.
func (p *Prose) shown(width float32) []lines.Span {
	if p.Cut(width) {
		return p.lines[:p.most]
	}
	return p.lines
}

// HeightFor implements [Sizer].
func (p *Prose) HeightFor(width float32) float32 {
	return LineHeight() * float32(len(p.shown(width)))
}

// WidthFor is how wide the longest line is, at most width.
func (p *Prose) WidthFor(width float32) float32 {
	var w float32
	for _, l := range p.shown(width) {
		w = max(w, textWidth(p.text[l.Start:l.End]))
	}
	return min(w+1, width)
}

// offset is the byte of the text at a position.
func (p *Prose) offset(at fyne.Position) int {
	shown := p.shown(p.width)
	row := max(0, min(int(at.Y/LineHeight()), len(shown)-1))
	if at.Y < 0 {
		return 0
	}
	l := shown[row]
	line := p.text[l.Start:l.End]
	if at.X <= 0 {
		return l.Start
	}
	best := 0
	for best < len(line) {
		next := lines.Next(line, best)
		if (textWidth(line[:best])+textWidth(line[:next]))/2 > at.X {
			break
		}
		best = next
	}
	return l.Start + best
}

// linkAt is the link at a position, -1 for none.
func (p *Prose) linkAt(at fyne.Position) int {
	shown := p.shown(p.width)
	row := int(at.Y / LineHeight())
	if at.Y < 0 || row >= len(shown) {
		return -1
	}
	l := shown[row]
	if at.X > textWidth(p.text[l.Start:l.End]) {
		return -1
	}
	o := p.offset(at)
	for i, link := range p.links {
		if o >= link.Start && o < link.End {
			return i
		}
	}
	return -1
}

// Tapped implements fyne.Tappable.
func (p *Prose) Tapped(e *fyne.PointEvent) {
	if i := p.linkAt(e.Position); i >= 0 && p.OnLink != nil {
		p.OnLink(i)
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (p *Prose) TappedSecondary(e *fyne.PointEvent) {
	if p.OnMenu != nil {
		p.OnMenu(e.AbsolutePosition)
	}
}

// MouseDown implements desktop.Mouseable.
func (p *Prose) MouseDown(e *desktop.MouseEvent) {
	if e.Button != desktop.MouseButtonPrimary {
		return
	}
	if p.OnSelect != nil {
		p.OnSelect()
	}
	p.from = p.offset(e.Position)
	p.to = p.from
	p.Refresh()
}

// MouseUp implements desktop.Mouseable.
func (p *Prose) MouseUp(*desktop.MouseEvent) {}

// Dragged implements fyne.Draggable.
func (p *Prose) Dragged(e *fyne.DragEvent) {
	p.to = p.offset(e.Position)
	p.Refresh()
}

// DragEnd implements fyne.Draggable.
func (p *Prose) DragEnd() {}

// MouseIn implements desktop.Hoverable.
func (p *Prose) MouseIn(e *desktop.MouseEvent) { p.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (p *Prose) MouseMoved(e *desktop.MouseEvent) { p.over = p.linkAt(e.Position) }

// MouseOut implements desktop.Hoverable.
func (p *Prose) MouseOut() { p.over = -1 }

// Cursor implements desktop.Cursorable.
func (p *Prose) Cursor() desktop.Cursor {
	if p.over >= 0 {
		return desktop.PointerCursor
	}
	return desktop.TextCursor
}

// AccessibilityLabel implements access.Accessible.
func (p *Prose) AccessibilityLabel() string { return p.text }

// AccessibilityRole implements access.Accessible.
func (p *Prose) AccessibilityRole() access.Role { return access.RoleText }

// CreateRenderer implements fyne.Widget.
func (p *Prose) CreateRenderer() fyne.WidgetRenderer { return &proseRenderer{p: p} }

type proseRenderer struct {
	p    *Prose
	objs []fyne.CanvasObject
}

func (r *proseRenderer) Destroy()                     {}
func (r *proseRenderer) Objects() []fyne.CanvasObject { return r.objs }
func (r *proseRenderer) MinSize() fyne.Size {
	return fyne.NewSize(0, r.p.HeightFor(r.p.width))
}

func (r *proseRenderer) Layout(size fyne.Size) {
	p, h := r.p, LineHeight()
	r.objs = r.objs[:0]
	for i, l := range p.shown(size.Width) {
		r.line(l, float32(i)*h, h)
	}
}

// line draws one line: what is selected of it, its words, its links underlined. In
// a line that is written from right to left, or has something that is, places
// within it are not those of the text: it is one piece, and selected as one.
func (r *proseRenderer) line(l lines.Span, y, h float32) {
	p := r.p
	from, to := max(l.Start, min(p.from, p.to)), min(l.End, max(p.from, p.to))
	whole := call.RightToLeft(p.text[l.Start:l.End])
	if from < to {
		if whole {
			from, to = l.Start, l.End
		}
		mark := canvas.NewRectangle(theme.Color(fynetheme.ColorNameSelection))
		x := textWidth(p.text[l.Start:from])
		mark.Move(fyne.NewPos(x, y))
		mark.Resize(fyne.NewSize(textWidth(p.text[from:to]), h))
		r.objs = append(r.objs, mark)
	}
	// Tabs have no drawing of their own.
	words := canvas.NewText(kit.LeftToRight(strings.ReplaceAll(p.text[l.Start:l.End], "\t", "    ")), theme.Color(p.In))
	words.TextSize = theme.Text(theme.TextSize)
	words.Move(fyne.NewPos(0, y))
	words.Resize(fyne.NewSize(textWidth(words.Text), h))
	r.objs = append(r.objs, words)
	for _, link := range p.links {
		a, b := max(link.Start, l.Start), min(link.End, l.End)
		if a >= b {
			continue
		}
		if whole {
			a, b = l.Start, l.End
		}
		x := textWidth(p.text[l.Start:a])
		under := canvas.NewRectangle(color.Transparent)
		under.FillColor = theme.Color(p.In)
		under.Move(fyne.NewPos(x, y+h-3))
		under.Resize(fyne.NewSize(textWidth(p.text[a:b]), 1))
		r.objs = append(r.objs, under)
	}
}

func (r *proseRenderer) Refresh() {
	r.Layout(r.p.Size())
	canvas.Refresh(r.p)
}

func textWidth(s string) float32 {
	if s == "" {
		return 0
	}
	return fyne.MeasureText(s, theme.Text(theme.TextSize), fyne.TextStyle{}).Width
}

// CountLines is how many lines a text has at a width, at least one and at most
// most.
func CountLines(text string, width float32, most int) int {
	if strings.Count(text, "\n") >= most {
		return most
	}
	return max(1, min(len(lines.Break(text, width, textWidth)), most))
}

// LineHeight is how tall a line of body text is.
func LineHeight() float32 {
	return fyne.MeasureText("M", theme.Text(theme.TextSize), fyne.TextStyle{}).Height
}
