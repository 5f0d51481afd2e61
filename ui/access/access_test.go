package access_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/access"
)

// Nobody is told what was said while nobody listened, and a storm leaves the newest.
func TestVoice(t *testing.T) {
	var none *access.Voice
	none.Say(access.Said{Text: "to nobody"})
	none.From(func(bool) { t.Error("nobody listens") })
	none.Gather()
	v := &access.Voice{}
	var asked []bool
	v.From(func(first bool) { asked = append(asked, first) })
	v.Gather()
	if len(asked) != 0 {
		t.Error("what is new is put into words for nobody")
	}
	v.Say(access.Said{Text: "before"})
	v.Listen(true)
	for i := range 100 {
		v.Say(access.Said{Text: fmt.Sprint(i)})
	}
	v.Say(access.Said{})
	all := v.Take()
	if len(all) != 32 || all[0].Text != "68" || all[31].Text != "99" {
		t.Errorf("%d are said: %v", len(all), all)
	}
	v.Gather()
	v.Gather()
	v.Say(access.Said{Text: "after"})
	v.Listen(false)
	v.Gather()
	v.Listen(true)
	v.Gather()
	v.Listen(false)
	if want := []bool{true, false, true}; !slices.Equal(asked, want) {
		t.Errorf("who listens has just begun: %v, want %v", asked, want)
	}
	if rest := v.Take(); len(rest) != 0 || v.On() {
		t.Errorf("nobody listens, and is told %v", rest)
	}
}

// word is a text that says itself.
type word struct {
	widget.BaseWidget
	text string
}

func newWord(text string) *word {
	w := &word{text: text}
	w.ExtendBaseWidget(w)
	return w
}

func (w *word) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(nil))
}
func (w *word) AccessibilityLabel() string     { return w.text }
func (w *word) AccessibilityRole() access.Role { return access.RoleText }

// names are what a tree says, from the outside in.
func names(n *access.Node) []string {
	all := []string{string(n.Role) + " " + n.Name}
	for _, c := range n.Children {
		all = append(all, names(c)...)
	}
	return all
}

// Hidden things and those of no role are not read, nor texts without words; a row says
// all of its texts itself; and nothing is without a limit.
func TestRead(t *testing.T) {
	test.NewTempApp(t)
	hidden := newWord("hidden")
	hidden.Hide()
	scroll := container.NewVScroll(container.NewVBox(newWord("scrolled")))
	row := access.Label(container.NewHBox(newWord("part of it")), access.RoleRow, "a row")
	passed := access.Label(container.NewHBox(newWord("a tip")), access.RoleNone, "")
	w := test.NewTempWindow(t, container.NewVBox(newWord("shown"), hidden, newWord(""), scroll, row, passed))
	want := []string{"window title", "text shown", "text scrolled", "row a row"}
	if got := names(access.Read(w.Canvas(), "title")); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read %q, want %q", got, want)
	}
	many := make([]fyne.CanvasObject, access.MaxNodes+10)
	for i := range many {
		many[i] = newWord("one more")
	}
	w.SetContent(container.NewVBox(many...))
	if n := len(names(access.Read(w.Canvas(), "title"))); n != access.MaxNodes+1 {
		t.Errorf("read %d", n)
	}
}

// flow is a layout that knows its height at a width.
type flow struct{}

func (flow) Layout([]fyne.CanvasObject, fyne.Size)          {}
func (flow) MinSize([]fyne.CanvasObject) fyne.Size          { return fyne.NewSize(3, 4) }
func (flow) HeightFor([]fyne.CanvasObject, float32) float32 { return 7 }

// A label changes nothing of how a container lies.
func TestLabelKeepsTheLayout(t *testing.T) {
	c := access.Label(container.New(flow{}), access.RoleAlert, "a card")
	of, ok := c.Layout.(interface {
		HeightFor(objects []fyne.CanvasObject, width float32) float32
	})
	if !ok || of.HeightFor(nil, 1) != 7 || c.Layout.MinSize(nil) != fyne.NewSize(3, 4) {
		t.Errorf("the layout is %T", c.Layout)
	}
}

// scale is a control with a value.
type scale struct {
	*word
	value access.Value
}

func (s *scale) Describe(n *access.Node) { n.Value = &s.value }

// No value goes out that is no number, or outside of its range.
func TestValuesAreNumbers(t *testing.T) {
	test.NewTempApp(t)
	nan, inf := math.NaN(), math.Inf(1)
	for _, tt := range []struct {
		is   access.Value
		want *access.Value // nil: it has none
	}{
		{access.Value{At: 3, Most: 10, Step: 1}, &access.Value{At: 3, Most: 10, Step: 1}},
		{access.Value{At: nan, Most: 10, Step: 1}, nil},
		{access.Value{At: 3, Most: nan}, nil},
		{access.Value{At: 3, Most: inf}, nil},
		{access.Value{At: 3, Most: -1}, nil},
		{access.Value{At: inf, Most: 10, Step: nan}, &access.Value{At: 10, Most: 10}},
		{access.Value{At: -inf, Most: 10, Step: inf}, &access.Value{Most: 10}},
	} {
		s := &scale{newWord("how loud"), tt.is}
		s.ExtendBaseWidget(s)
		w := test.NewTempWindow(t, s)
		n := access.Read(w.Canvas(), "title").Children[0]
		switch got := n.Value; {
		case (got == nil) != (tt.want == nil), got != nil && *got != *tt.want:
			t.Errorf("%v is read as %v, want %v", tt.is, got, tt.want)
		}
	}
}
