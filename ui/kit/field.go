package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/theme"
)

// Field is one line of input with its label above and, when something is
// wrong, a sentence below.
type Field struct {
	widget.BaseWidget
	Entry     *Entry
	OnChanged func(text string) // by the user's hand only
	label     *Text
	problem   *Text
	icon      *Icon
	edge      *canvas.Rectangle
	strips    [2]*canvas.Rectangle // over the entry's scroll bar
	setting   bool
}

// NewField returns an empty field. submitted is called on Enter.
func NewField(label, hint string, submitted func()) *Field {
	f := &Field{
		Entry: NewEntry(), label: NewCaption(label), problem: NewParagraph("").Colored(theme.Error),
		icon: NewIcon("warning", theme.Error, 16), edge: canvas.NewRectangle(color.Transparent),
		strips: [2]*canvas.Rectangle{canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)},
	}
	f.label.TextSize = 13
	f.problem.TextSize = 13
	f.Entry.SetPlaceHolder(hint)
	f.Entry.Label = label
	f.Entry.OnSubmitted = func(string) { submitted() }
	f.Entry.OnChanged = func(text string) {
		if !f.setting && f.OnChanged != nil {
			f.OnChanged(text)
		}
	}
	f.edge.StrokeWidth, f.edge.CornerRadius = 1.5, theme.RadiusControl
	f.ExtendBaseWidget(f)
	return f
}

// Text returns what the user entered.
func (f *Field) Text() string { return f.Entry.Text }

// SetText fills the field, without OnChanged.
func (f *Field) SetText(text string) {
	if f.Entry.Text == text {
		return
	}
	f.setting = true
	f.Entry.SetText(text)
	f.setting = false
}

// SetProblem shows what is wrong; an empty text takes it away.
func (f *Field) SetProblem(text string, in fyne.ThemeColorName) {
	if f.problem.Text() == text && f.problem.In == in {
		return
	}
	f.problem.In = in
	f.problem.Set(text)
	f.Entry.problem = text
	f.icon.Set("warning", in)
	f.Refresh()
}

// Problem returns the problem that is shown.
func (f *Field) Problem() string { return f.problem.Text() }

// SetEnabled enables or disables the input.
func (f *Field) SetEnabled(on bool) {
	if on == !f.Entry.Disabled() {
		return
	}
	if on {
		f.Entry.Enable()
	} else {
		f.Entry.Disable()
	}
}

const fieldGap = 6 // above the problem

// fieldLabel is the height of the label and the gap below.
func fieldLabel() float32 { return theme.Text(18) + 4 }

// coverScrollBar lies over the scroll bar that an entry draws below a long line,
// and leaves the entry's round edge free. (A theme of the entry's own would hide
// it too, but Fyne loads every font anew for each such theme: 20 ms of the start,
// and megabytes.)
func (f *Field) coverScrollBar(width, bottom float32) {
	for i, row := range [...]struct{ inset, top, height float32 }{{5, 9, 6}, {11, 3, 1}} {
		f.strips[i].FillColor = theme.Color(fynetheme.ColorNameInputBackground)
		f.strips[i].Move(fyne.NewPos(row.inset, bottom-row.top))
		f.strips[i].Resize(fyne.NewSize(width-2*row.inset, row.height))
	}
}

// HeightFor implements [Sizer].
func (f *Field) HeightFor(width float32) float32 {
	h := float32(buttonHeight)
	if f.label.Text() != "" {
		h += fieldLabel()
	}
	if f.problem.Text() != "" {
		h += fieldGap + f.problem.HeightFor(width-22)
	}
	return h
}

// CreateRenderer implements fyne.Widget.
func (f *Field) CreateRenderer() fyne.WidgetRenderer { return &fieldRenderer{f} }

type fieldRenderer struct{ f *Field }

func (r *fieldRenderer) Destroy() {}

func (r *fieldRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.f.label, r.f.Entry, r.f.strips[0], r.f.strips[1], r.f.edge, r.f.icon, r.f.problem}
}

func (r *fieldRenderer) MinSize() fyne.Size {
	return fyne.NewSize(120, r.f.HeightFor(max(r.f.Size().Width, 120)))
}

func (r *fieldRenderer) Layout(size fyne.Size) {
	f := r.f
	y := float32(0)
	if f.label.Text() != "" {
		f.label.Resize(fyne.NewSize(size.Width, fieldLabel()-4))
		y = fieldLabel()
	}
	for _, o := range []fyne.CanvasObject{f.Entry, f.edge} {
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, buttonHeight))
	}
	y += buttonHeight
	f.coverScrollBar(size.Width, y)
	y += fieldGap
	wrong := f.problem.Text() != ""
	SetVisible(f.problem, wrong)
	SetVisible(f.icon, wrong)
	SetVisible(f.edge, wrong)
	f.edge.StrokeColor = theme.Color(f.problem.In)
	f.icon.Move(fyne.NewPos(0, y+1))
	f.icon.Resize(fyne.NewSquareSize(16))
	f.problem.Move(fyne.NewPos(22, y))
	f.problem.Resize(fyne.NewSize(size.Width-22, f.problem.HeightFor(size.Width-22)))
}

func (r *fieldRenderer) Refresh() {
	r.Layout(r.f.Size())
	for _, o := range r.Objects() {
		o.Refresh()
	}
	canvas.Refresh(r.f)
}
