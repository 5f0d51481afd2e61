package kit

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"foyer/engine/call"
	"foyer/ui/kit/lines"
	"foyer/ui/theme"
)

// Text is words in the theme's colours: on one line, cut with an ellipsis where
// it does not fit, or wrapped.
type Text struct {
	widget.BaseWidget
	text     string
	TextSize float32
	Bold     bool
	In       fyne.ThemeColorName
	Align    fyne.TextAlign
	Wrap     bool
	// Shrink lets a single line become narrower than its words.
	Shrink bool
	// Silent leaves the words out where they are read aloud: a control beside them
	// says the same.
	Silent bool
}

// NewText is a single line of body text.
func NewText(text string) *Text {
	t := &Text{text: text, TextSize: theme.TextSize, In: theme.Foreground}
	t.ExtendBaseWidget(t)
	return t
}

// NewTitle is a screen's title.
func NewTitle(text string) *Text {
	t := NewText(text)
	t.TextSize, t.Bold = theme.TextTitle, true
	return t
}

// NewHeading is the heading of a part.
func NewHeading(text string) *Text {
	t := NewText(text)
	t.TextSize, t.Bold = theme.TextHeading, true
	return t
}

// NewCaption is small, quiet text.
func NewCaption(text string) *Text {
	t := NewText(text)
	t.TextSize, t.In = theme.TextSmall, theme.Muted
	return t
}

// NewParagraph is text that wraps.
func NewParagraph(text string) *Text {
	t := NewText(text)
	t.Wrap = true
	return t
}

// Colored sets the colour, and returns t.
func (t *Text) Colored(in fyne.ThemeColorName) *Text {
	t.In = in
	return t
}

// Centered centres the lines, and returns t.
func (t *Text) Centered() *Text {
	t.Align = fyne.TextAlignCenter
	return t
}

// Shrinking lets the line be cut, and returns t.
func (t *Text) Shrinking() *Text {
	t.Shrink = true
	return t
}

// Text returns the text.
func (t *Text) Text() string { return t.text }

// Set changes the words; the same words cost nothing.
func (t *Text) Set(text string) {
	if t.text == text {
		return
	}
	t.text = text
	t.Refresh()
}

// SetIn changes the colour.
func (t *Text) SetIn(in fyne.ThemeColorName) {
	if t.In == in {
		return
	}
	t.In = in
	t.Refresh()
}

func (t *Text) style() fyne.TextStyle { return fyne.TextStyle{Bold: t.Bold} }

func (t *Text) measure(s string) fyne.Size {
	return fyne.MeasureText(s, theme.Text(t.TextSize), t.style())
}

// HeightFor implements [Sizer].
func (t *Text) HeightFor(width float32) float32 {
	line := t.measure("M").Height
	if !t.Wrap {
		return line
	}
	return line * float32(max(len(t.lines(width)), 1))
}

// lines are the text's lines at a width.
func (t *Text) lines(width float32) []string {
	if !t.Wrap {
		return []string{LeftToRight(t.fit(t.text, width))}
	}
	var all []string
	for _, l := range lines.Break(t.text, width, t.widthOf) {
		all = append(all, LeftToRight(t.text[l.Start:l.End]))
	}
	return all
}

func (t *Text) widthOf(s string) float32 { return t.measure(s).Width }

// LeftToRight begins a line in which both directions meet from the left, as the
// window's sentences go. The toolkit puts runs side by side in the order of the
// text: in a line that an Arabic name begins, the blank after it would come first.
func LeftToRight(line string) string {
	const lrm = "\u200e"
	leftToRight := func(r rune) bool { return unicode.IsLetter(r) && !call.RightToLeft(string(r)) }
	if !call.RightToLeft(line) || !strings.ContainsFunc(line, leftToRight) {
		return line
	}
	return lrm + line
}

const ellipsis = "…"

func (t *Text) fit(s string, width float32) string {
	if !t.Shrink || width <= 0 || t.measure(s).Width <= width {
		return s
	}
	n := lines.Fit(s, width-t.widthOf(ellipsis), t.widthOf)
	return strings.TrimRight(s[:n], " ") + ellipsis
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	return &textRenderer{t: t}
}

type textRenderer struct {
	t     *Text
	width float32
	lines []*canvas.Text
	objs  []fyne.CanvasObject
}

func (r *textRenderer) Destroy()                     {}
func (r *textRenderer) Objects() []fyne.CanvasObject { return r.objs }

func (r *textRenderer) MinSize() fyne.Size {
	t := r.t
	if t.Wrap {
		return fyne.NewSize(0, t.HeightFor(r.width))
	}
	size := t.measure(t.text)
	size.Height = t.HeightFor(0)
	if t.Shrink {
		size.Width = min(size.Width, t.measure("MM"+ellipsis).Width)
	}
	return size
}

func (r *textRenderer) Layout(size fyne.Size) {
	r.width = size.Width
	texts := r.t.lines(size.Width)
	line := r.t.measure("M").Height
	y := float32(0)
	if free := size.Height - line*float32(len(texts)); free > 0 && !r.t.Wrap {
		y = free / 2
	}
	for len(r.lines) < len(texts) {
		r.lines = append(r.lines, canvas.NewText("", theme.Color(r.t.In)))
	}
	r.lines = r.lines[:len(texts)]
	r.objs = r.objs[:0]
	for i, s := range texts {
		o := r.lines[i]
		o.Text, o.TextSize, o.TextStyle = s, theme.Text(r.t.TextSize), r.t.style()
		o.Alignment, o.Color = r.t.Align, theme.Color(r.t.In)
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, line))
		y += line
		r.objs = append(r.objs, o)
	}
}

func (r *textRenderer) Refresh() {
	r.Layout(r.t.Size())
	for _, o := range r.lines {
		o.Refresh()
	}
	canvas.Refresh(r.t)
}

// MinWidth is how wide the words are on one line.
func (t *Text) MinWidth() float32 { return t.measure(t.text).Width }
