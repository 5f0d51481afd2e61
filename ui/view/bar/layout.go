package bar

import (
	"fyne.io/fyne/v2"

	"foyer/ui/kit"
)

// What has no room goes into the menu of the rest, in this order. Microphone, camera,
// leaving and the chat always have some.
const (
	foldReact = iota
	foldHand
	foldShare
	foldPeople
	foldWays
	foldChevrons
	foldAll
)

// Measures of the bar.
const (
	gap       = 8
	leaveGap  = 16
	above     = 12
	callLeast = 68
	callMost  = 92
	compact   = 44 // a button without a name
	sideNamed = 72
	sideBare  = compact + 4
	square    = 40
)

// folds reports whether a step of the order is taken.
func (b *Bar) folds(step int) bool { return step < b.folded }

// part is a button of the row.
type part struct {
	object fyne.CanvasObject
	call   *callButton // nil: a button without a name
	lead   float32     // before it, beside the gap
	width  float32
}

// middle lists what lies in the middle, as it is folded now.
func (b *Bar) middle() []part {
	all := []part{b.call(b.mic, 0), b.call(b.camera, 0)}
	if !b.folds(foldShare) {
		all = append(all, b.call(b.share, 0))
	}
	if !b.folds(foldHand) {
		all = append(all, b.call(b.hand, 0))
	}
	if !b.folds(foldReact) {
		all = append(all, part{object: b.react, width: square})
	}
	if b.folded > 0 || b.beside {
		all = append(all, part{object: b.more, width: square})
	}
	all = append(all, b.call(b.leave, leaveGap))
	if b.host && !b.folds(foldWays) {
		all = append(all, part{object: b.ways, width: square})
	}
	return all
}

func (b *Bar) call(c *callButton, lead float32) part {
	w := float32(callLeast)
	if !b.names {
		w = compact
		if c.menu != nil && !b.folds(foldChevrons) {
			w += menuGap + menuWidth
		}
	}
	return part{object: c.content, call: c, lead: lead, width: w}
}

func total(parts []part) (w float32) {
	for i, p := range parts {
		if i > 0 {
			w += gap
		}
		w += p.lead + p.width
	}
	return w
}

func (b *Bar) sideButton() float32 {
	if b.names {
		return sideNamed
	}
	return sideBare
}

func (b *Bar) side() float32 {
	if b.folds(foldPeople) {
		return b.sideButton()
	}
	return 2 * b.sideButton()
}

// fit takes the names away where there is no room for them, and then the buttons, one
// after the other.
func (b *Bar) fit(width float32) {
	b.names, b.folded = true, 0
	if total(b.middle())+b.side() <= width {
		return
	}
	b.names = false
	for b.folded < foldAll && total(b.middle())+gap+b.side() > width {
		b.folded++
	}
}

// widen gives the named buttons of a row what is left of a width: their words have it,
// too.
func (b *Bar) widen(parts []part, width float32) {
	if !b.names {
		return
	}
	most, n := float32(callMost), float32(0)
	for _, p := range parts {
		if p.call != nil {
			most = max(most, p.call.caption.MinWidth()+2)
			n++
		}
	}
	more := min((width-total(parts))/n, most-callLeast)
	for i := range parts {
		if parts[i].call != nil {
			parts[i].width += max(0, more)
		}
	}
}

// layout: what is about ourselves in the middle, the panels at the right. In a narrow
// window the middle is that of what the panels leave.
type layout struct{ b *Bar }

// HeightFor implements kit.Flow.
func (l *layout) HeightFor(_ []fyne.CanvasObject, width float32) float32 {
	l.b.fit(width - 2*kit.Edge(width))
	return 2*above + l.b.height()
}

func (b *Bar) height() float32 {
	h := float32(square)
	if b.names {
		h += captionGap + b.leave.caption.MinSize().Height
	}
	return h
}

func (l *layout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(280, 2*above+l.b.height())
}

func (l *layout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	b := l.b
	out := kit.Edge(size.Width)
	inner := size.Width - 2*out
	b.fit(inner)
	parts, side := b.middle(), b.side()
	b.widen(parts, inner)
	if total(parts)+2*side > inner {
		inner -= side
		parts = b.middle()
		b.widen(parts, inner)
	}
	shown := map[fyne.CanvasObject]bool{}
	x := out + (inner-total(parts))/2
	for _, p := range parts {
		shown[p.object] = true
		x += p.lead
		b.place(p, x)
		x += p.width + gap
	}
	b.placeSide(size.Width-out-side, shown)
	for _, o := range objects {
		if o != b.unread.Container {
			kit.SetVisible(o, shown[o])
		}
	}
}

func (b *Bar) place(p part, x float32) {
	if p.call == nil {
		kit.Place(p.object, x, above, p.width, square)
		return
	}
	p.call.arrange(b.names, !b.folds(foldChevrons))
	kit.Place(p.object, x, above, p.width, b.height())
	p.call.content.Layout.Layout(p.call.content.Objects, p.call.content.Size()) // it may have the same size as before
}

// placeSide places the panels' buttons, and the badge at the corner of the chat's.
func (b *Bar) placeSide(x float32, shown map[fyne.CanvasObject]bool) {
	w := b.sideButton()
	for _, c := range []*callButton{b.chat, b.people} {
		if c == b.people && b.folds(foldPeople) {
			break
		}
		shown[c.content] = true
		b.place(part{object: c.content, call: c, width: w}, x)
		if c == b.chat {
			m := b.unread.Container.MinSize()
			kit.Place(b.unread.Container, x+w-m.Width+4, above-6, m.Width, m.Height)
		}
		x += w
	}
}
