package list

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/kit"
	"foyer/ui/theme"
)

// Chosen is the key of the row that the keyboard is on, empty for none or while
// the list does not have the keyboard.
func (l *List) Chosen() string {
	if !l.focused {
		return ""
	}
	return l.chosen
}

// FocusGained implements fyne.Focusable.
func (l *List) FocusGained() {
	l.focused = true
	l.redraw()
}

// FocusLost implements fyne.Focusable.
func (l *List) FocusLost() {
	l.focused = false
	l.redraw()
}

func (l *List) redraw() {
	l.place(true)
	l.Refresh()
}

// TypedRune implements fyne.Focusable.
func (l *List) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (l *List) TypedKey(k *fyne.KeyEvent) {
	page := max(l.view()-40, 40)
	switch k.Name {
	case fyne.KeyDown:
		l.step(1)
	case fyne.KeyUp:
		l.step(-1)
	case fyne.KeyPageDown:
		l.scrollBy(page)
	case fyne.KeyPageUp:
		l.scrollBy(-page)
	case fyne.KeyHome:
		l.chooseAt(0)
	case fyne.KeyEnd:
		l.chooseAt(len(l.keys) - 1)
	case fyne.KeySpace:
		if i := l.index(); i >= 0 && l.OnSelect != nil {
			l.OnSelect(i, false)
			return
		}
		l.press()
	case fyne.KeyReturn, fyne.KeyEnter:
		l.press()
	case fyne.KeyDelete:
		if l.OnDelete != nil {
			l.OnDelete(l.index())
			return
		}
		kit.PassOn(l, k)
	case fyne.KeyEscape:
		if l.OnEscape != nil {
			l.OnEscape()
			return
		}
		kit.PassOn(l, k)
	default:
		kit.PassOn(l, k)
	}
}

func (l *List) press() {
	if i := l.index(); i >= 0 && l.OnChosen != nil {
		l.OnChosen(i, l.placeOf(i))
	}
}

// step moves the keyboard by a row. With Shift it selects both rows.
func (l *List) step(by int) {
	shift := l.OnSelect != nil && held()&fyne.KeyModifierShift != 0
	if i := l.index(); shift && i >= 0 {
		l.OnSelect(i, true)
	}
	l.choose(by)
	if i := l.index(); shift && i >= 0 {
		l.OnSelect(i, true)
	}
}

// held are the modifiers that are held down.
func held() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// TypedShortcut implements fyne.Shortcutable.
func (l *List) TypedShortcut(s fyne.Shortcut) {
	switch s.(type) {
	case *fyne.ShortcutCopy:
		if l.OnCopy != nil {
			l.OnCopy(l.index())
			return
		}
	case *fyne.ShortcutSelectAll:
		if l.OnSelectAll != nil {
			l.OnSelectAll()
			return
		}
	}
	kit.PassShortcut(l, s)
}

func (l *List) index() int {
	if l.chosen == "" {
		return -1
	}
	return slices.Index(l.keys, l.chosen)
}

// placeOf is where a row is in the window: where a menu of it belongs.
func (l *List) placeOf(i int) fyne.Position {
	if o := l.shown[l.keys[i]]; o != nil {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
		return at.AddXY(l.width/2, min(o.Size().Height, l.view())/2)
	}
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(l)
}

// choose moves the keyboard to the next row, and brings it into view.
func (l *List) choose(by int) {
	if len(l.keys) == 0 {
		return
	}
	i := l.index()
	switch {
	case i >= 0:
		i = max(0, min(i+by, len(l.keys)-1))
	case l.ToEnd:
		i = len(l.keys) - 1
	}
	l.chooseAt(max(i, 0))
}

// chooseAt moves the keyboard to a row, and brings it into view.
func (l *List) chooseAt(i int) {
	if i < 0 || i >= len(l.keys) {
		return
	}
	l.chosen = l.keys[i]
	switch i {
	case 0:
		l.scrollTo(0)
	case len(l.keys) - 1:
		l.ScrollToEnd()
	default:
		l.reveal(i)
	}
	l.redraw()
}

// reveal scrolls until a row is in view.
func (l *List) reveal(i int) {
	if i < l.first || i == l.first && l.above > 0 {
		d := l.above
		for j := i; j < l.first; j++ {
			d += l.height(j)
		}
		l.scrollBy(-d)
		return
	}
	bottom := -l.above
	for j := l.first; j <= i; j++ {
		bottom += l.height(j)
	}
	if over := bottom - l.view(); over > 0 {
		l.scrollBy(min(over, bottom-l.height(i)))
	}
}

const thumbWidth = 8

// scrollThumb shows how far down the view is, and is dragged.
type scrollThumb struct {
	widget.BaseWidget
	l    *List
	lit  bool
	drag bool
	rect *canvas.Rectangle
}

func newScrollThumb(l *List) *scrollThumb {
	b := &scrollThumb{l: l, rect: canvas.NewRectangle(color.Transparent)}
	b.rect.CornerRadius = 2
	b.ExtendBaseWidget(b)
	return b
}

// span is the place and the height of the thumb.
func (b *scrollThumb) span() (y, h float32, needed bool) {
	all, top := b.l.total()
	view := b.l.view()
	if all <= view+0.5 || view <= 0 {
		return 0, 0, false
	}
	h = max(view*view/all, 24)
	return (view - h) * min(top/(all-view), 1), h, true
}

func (b *scrollThumb) update() {
	y, h, needed := b.span()
	b.rect.FillColor = color.Transparent
	if needed {
		b.rect.FillColor = theme.Color(theme.Border)
		if b.lit || b.drag {
			b.rect.FillColor = theme.Color(theme.Muted)
		}
	}
	b.rect.Move(fyne.NewPos(2, y))
	b.rect.Resize(fyne.NewSize(4, h))
	b.rect.Refresh()
}

// Dragged implements fyne.Draggable.
func (b *scrollThumb) Dragged(e *fyne.DragEvent) {
	b.drag = true
	all, top := b.l.total()
	_, h, needed := b.span()
	if needed {
		b.l.scrollTo(max(0, top+e.Dragged.DY*(all-b.l.view())/(b.l.view()-h)))
	}
}

// DragEnd implements fyne.Draggable.
func (b *scrollThumb) DragEnd() {
	b.drag = false
	b.update()
}

// MouseIn implements desktop.Hoverable.
func (b *scrollThumb) MouseIn(*desktop.MouseEvent) {
	b.lit = true
	b.update()
}

// MouseMoved implements desktop.Hoverable.
func (b *scrollThumb) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *scrollThumb) MouseOut() {
	b.lit = false
	b.update()
}

// CreateRenderer implements fyne.Widget.
func (b *scrollThumb) CreateRenderer() fyne.WidgetRenderer { return &thumbRenderer{b} }

type thumbRenderer struct{ b *scrollThumb }

func (r *thumbRenderer) Destroy()                     {}
func (r *thumbRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.b.rect} }
func (r *thumbRenderer) MinSize() fyne.Size           { return fyne.NewSize(thumbWidth, 24) }
func (r *thumbRenderer) Layout(fyne.Size)             { r.b.update() }
func (r *thumbRenderer) Refresh()                     { r.b.update() }
