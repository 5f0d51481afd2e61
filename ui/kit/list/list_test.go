package list

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/ui/kit"
	"foyer/ui/theme"
)

// numbered are rows of different heights that count how often they are asked.
type numbered struct {
	keys    []string
	laidOut int
}

func (n *numbered) fill(from, to int) {
	n.keys = nil
	for i := from; i < to; i++ {
		n.keys = append(n.keys, fmt.Sprint(i))
	}
}

func (n *numbered) Len() int         { return len(n.keys) }
func (n *numbered) Key(i int) string { return n.keys[i] }

func (n *numbered) Height(i int, _ float32) float32 {
	n.laidOut++
	return float32(20 + len(n.keys[i])*5 + int(n.keys[i][0])%4*10)
}
func (n *numbered) Guess(int, float32) float32 { return 30 }

func (n *numbered) Row(i int, row fyne.CanvasObject) fyne.CanvasObject {
	if row != nil {
		return row
	}
	return kit.NewText(n.keys[i])
}

func newTestList(t *testing.T, n *numbered, toEnd bool) *List {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(theme.Fixed(fynetheme.VariantDark))
	l := New(n)
	l.ToEnd = toEnd
	w := test.NewTempWindow(t, l)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(300, 400))
	l.Update()
	return l
}

// visibleRows are the keys in view, from the top.
func (l *List) visibleRows() string {
	var keys []string
	for _, o := range l.layer.Objects {
		keys = append(keys, o.(*kit.Text).Text())
	}
	return strings.Join(keys, " ")
}

func (l *List) top() (key string, y float32) {
	o := l.layer.Objects[0]
	return o.(*kit.Text).Text(), o.Position().Y
}

// The bottom of the last row is the bottom of the list.
func (l *List) bottom() float32 {
	o := l.layer.Objects[len(l.layer.Objects)-1]
	return o.Position().Y + o.Size().Height
}

func TestListStaysAtTheEnd(t *testing.T) {
	n := &numbered{}
	n.fill(0, 5000)
	l := newTestList(t, n, true)
	ends := []bool{}
	l.OnEnd = func(end bool) { ends = append(ends, end) }
	if !strings.HasSuffix(l.visibleRows(), "4999") || l.bottom() != 400 {
		t.Errorf("%s, bottom %v", l.visibleRows(), l.bottom())
	}
	if n.laidOut > 100 || l.InView() > 20 {
		t.Errorf("%d rows were laid out, %d are in view", n.laidOut, l.InView())
	}
	n.fill(0, 5001)
	l.Update()
	if !strings.HasSuffix(l.visibleRows(), "5000") || l.bottom() != 400 {
		t.Errorf("after another row: %s", l.visibleRows())
	}
	l.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: 500}})
	key, y := l.top()
	n.fill(0, 5010)
	l.Update()
	if k, at := l.top(); k != key || at != y {
		t.Errorf("what is read has moved from %s at %v to %s at %v", key, y, k, at)
	}
	n.fill(-20, 5010) // history comes above
	l.Update()
	if k, at := l.top(); k != key || at != y {
		t.Errorf("what is read has moved from %s at %v to %s at %v", key, y, k, at)
	}
	l.ScrollToEnd()
	if !strings.HasSuffix(l.visibleRows(), "5009") || fmt.Sprint(ends) != "[false true]" {
		t.Errorf("%s, told %v", l.visibleRows(), ends)
	}
}

// Scrolling through all rows, both ways, misses none and lays each out once.
func TestListScrolls(t *testing.T) {
	n := &numbered{}
	n.fill(100, 400)
	l := newTestList(t, n, false)
	if k, y := l.top(); k != "100" || y != 0 {
		t.Errorf("it begins with %s at %v", k, y)
	}
	seen := map[string]bool{}
	look := func() {
		for _, k := range strings.Fields(l.visibleRows()) {
			seen[k] = true
		}
	}
	for range 400 {
		look()
		l.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: -50}})
	}
	if look(); len(seen) != 300 || l.bottom() != 400 {
		t.Errorf("%d rows were seen, bottom %v", len(seen), l.bottom())
	}
	if n.laidOut > 320 { // some of them twice: the window was smaller at first
		t.Errorf("%d measurements of 300 rows", n.laidOut)
	}
	clear(seen)
	for range 400 {
		look()
		l.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: 50}})
	}
	if k, y := l.top(); k != "100" || y != 0 || len(seen) != 300 {
		t.Errorf("back at %s, %v, with %d rows seen", k, y, len(seen))
	}
	l.bar.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(0, 10_000)})
	if l.bottom() != 400 {
		t.Errorf("dragged to the end, the bottom is at %v", l.bottom())
	}
	l.bar.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(0, -10_000)})
	if k, y := l.top(); k != "100" || y != 0 {
		t.Errorf("dragged to the top: %s at %v", k, y)
	}
}

func TestListByKeyboard(t *testing.T) {
	n := &numbered{}
	n.fill(10, 60)
	l := newTestList(t, n, false)
	chosen, copied, escaped := -1, -1, 0
	l.OnChosen = func(i int, _ fyne.Position) { chosen = i }
	l.OnCopy = func(i int) { copied = i }
	l.OnEscape = func() { escaped++ }
	press := func(k fyne.KeyName) { l.TypedKey(&fyne.KeyEvent{Name: k}) }
	l.FocusGained()
	for range 21 {
		press(fyne.KeyDown)
	}
	if l.Chosen() != "30" || !strings.Contains(l.visibleRows(), "30") {
		t.Errorf("the keyboard is on %q, in view are %s", l.Chosen(), l.visibleRows())
	}
	press(fyne.KeyReturn)
	l.TypedShortcut(&fyne.ShortcutCopy{})
	if chosen != 20 || copied != 20 {
		t.Errorf("chosen %d, copied %d", chosen, copied)
	}
	for range 15 {
		press(fyne.KeyUp)
	}
	if !strings.Contains(l.visibleRows(), "15") {
		t.Errorf("in view are %s", l.visibleRows())
	}
	press(fyne.KeyEnd)
	if !strings.HasSuffix(l.visibleRows(), "59") {
		t.Errorf("End shows %s", l.visibleRows())
	}
	press(fyne.KeyHome)
	if k, y := l.top(); k != "10" || y != 0 {
		t.Errorf("Home shows %s at %v", k, y)
	}
	if press(fyne.KeyEscape); escaped != 1 {
		t.Error("Escape does nothing")
	}
	if l.FocusLost(); l.Chosen() != "" {
		t.Error("a row is marked without the keyboard")
	}
}

func TestEmptyList(t *testing.T) {
	l := newTestList(t, &numbered{}, true)
	l.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.Delta{DY: 50}})
	for _, k := range []fyne.KeyName{fyne.KeyDown, fyne.KeyReturn, fyne.KeyEnd, fyne.KeyHome, fyne.KeyPageUp} {
		l.TypedKey(&fyne.KeyEvent{Name: k})
	}
	if l.InView() != 0 {
		t.Error("there are rows")
	}
}
