package panel

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/kit/prose"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// Measures of the chat.
const (
	bubblePad   = 10
	bubblePadY  = 7
	bubbleShare = 0.84 // of the width, at most
	bubbleLines = 24   // of one message; "Show all" shows the rest
	groupGap    = 14
	lineGap     = 1
	below       = 2 // room for the ring
	headHeight  = 20
	dayHeight   = 34
	moreHeight  = 30
	sayAfter    = 300 * time.Millisecond // until a wait is said
)

// bubble is one line of the chat: a message with its sender above, if it is the
// first of several, or a note about who came and went.
type bubble struct {
	*fyne.Container
	line  model.Line
	day   *kit.Text // over the first line of a day; hidden otherwise
	head  *kit.Text // who, hidden where it goes on
	time  *kit.Text
	panel *kit.Panel
	ring  *kit.Panel // around the one that the keyboard is on
	prose *prose.Prose
	more  *kit.Button // shows the whole of a long message
	note  *kit.Text   // that somebody came or went; nil for messages
	first bool
	press func()        // as Enter on it
	says  func() string // the whole line, for people who do not see it
}

// newBubble returns a line; before is the one above it, nil for the first.
func newBubble(book *words.Book, line model.Line, before *model.Line, now time.Time) *bubble {
	b := &bubble{line: line}
	at := line.At.In(now.Location())
	b.day = kit.NewCaption("").Centered()
	if day := dayOf(book, line, before, now); day != "" {
		b.day.Set(day)
	} else {
		b.day.Hide()
	}
	b.Container = container.New(b, b.day)
	if line.Kind != model.LineMessage {
		b.note = kit.NewCaption(noteText(book, line) + " · " + at.Format("15:04")).Centered()
		b.note.Wrap = true
		b.says = b.note.Text
		b.ring = kit.NewPanel("", theme.RadiusControl)
		b.Add(b.ring)
		b.Add(b.note)
		return b
	}
	b.first = before == nil || b.day.Visible() || !line.Continues(*before)
	b.buildMessage(book, at)
	return b
}

func (b *bubble) buildMessage(book *words.Book, at time.Time) {
	fill := theme.Bubble
	if b.line.Own {
		fill = theme.BubbleOwn
	}
	b.head, b.time = kit.NewCaption(b.line.Message.Name).Shrinking(), kit.NewCaption(at.Format("15:04"))
	b.head.Bold, b.head.In = true, theme.Foreground
	b.says = func() string {
		m := b.line.Message
		return book.T("access.message", "name", m.Name, "text", m.Text, "at", at.Format("15:04"))
	}
	if b.line.Own {
		b.head.Set("")
	}
	if b.line.Sending {
		b.time.Set(book.T("chat.sending"))
	}
	kit.SetVisible(b.head, b.first)
	kit.SetVisible(b.time, b.first || b.line.Sending)
	b.panel = kit.NewPanel(fill, theme.RadiusCard)
	b.ring = kit.NewPanel("", theme.RadiusCard+2)
	b.prose = prose.New(b.line.Message.Text)
	if b.line.Sending {
		b.prose.In = theme.Muted
	}
	for _, l := range model.Links(b.line.Message.Text) {
		b.prose.AddLink(l.Start, l.End)
	}
	b.prose.Limit(bubbleLines)
	b.more = kit.NewButton(book.T("chat.show_all"), "", kit.Quiet, nil)
	b.more.Small = true
	for _, o := range []fyne.CanvasObject{b.head, b.time, b.panel, b.ring, b.prose, b.more} {
		b.Add(o)
	}
}

// dayOf names the day above a line: where it changes, and above the first line
// unless it is today's.
func dayOf(book *words.Book, line model.Line, before *model.Line, now time.Time) string {
	day := book.Day(line.At, now)
	switch {
	case before == nil && day == book.Day(now, now), before != nil && day == book.Day(before.At, now):
		return ""
	default:
		return day
	}
}

func noteText(book *words.Book, l model.Line) string {
	if l.Kind == model.LineJoined {
		return book.T("room.joined", "name", l.Name)
	}
	return book.GoneBy(l.Name, l.Reason, l.By, l.Text)
}

// AccessibilityLabel implements access.Accessible, as the layout of the line.
func (b *bubble) AccessibilityLabel() string { return b.says() }

// AccessibilityRole implements access.Accessible.
func (b *bubble) AccessibilityRole() access.Role { return access.RoleRow }

// Describe implements access.Describer.
func (b *bubble) Describe(n *access.Node) { n.Press = b.press }

// choose marks the line that the keyboard is on.
func (b *bubble) choose(on bool) {
	if on {
		b.ring.WithStroke(theme.Focus)
	} else {
		b.ring.WithStroke("")
	}
	b.ring.Refresh()
}

// MinSize implements fyne.Layout.
func (b *bubble) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(80, 20) }

// inner is how wide the words of a message may be.
func inner(width float32) float32 { return width*bubbleShare - 2*bubblePad - chatMargin }

const chatMargin = 12

// HeightFor implements kit.Sizer.
func (b *bubble) HeightFor(width float32) float32 {
	h := float32(0)
	if b.day.Visible() {
		h += dayHeight
	}
	if b.note != nil {
		return h + groupGap + b.note.HeightFor(width-4*chatMargin) + below
	}
	h += b.gap() + b.prose.HeightFor(inner(width)) + 2*bubblePadY + below
	if b.prose.Cut(inner(width)) {
		h += moreHeight
	}
	return h
}

// gap is what lies above the bubble.
func (b *bubble) gap() float32 {
	switch {
	case b.time.Visible():
		return groupGap + headHeight
	case b.first:
		return groupGap
	default:
		return lineGap
	}
}

// Layout implements fyne.Layout.
func (b *bubble) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	if b.day.Visible() {
		kit.Place(b.day, 0, 8, size.Width, dayHeight-8)
		y += dayHeight
	}
	if b.note != nil {
		w := size.Width - 4*chatMargin
		h := size.Height - y - groupGap - below
		kit.Place(b.note, 2*chatMargin, y+groupGap, w, h)
		kit.Place(b.ring, chatMargin, y+groupGap-2, w+2*chatMargin, h+4)
		return
	}
	width := inner(size.Width)
	words := b.prose.WidthFor(width)
	cut := b.prose.Cut(width)
	if cut {
		words = max(words, b.more.MinSize().Width-2*bubblePad)
	}
	x := float32(chatMargin)
	if b.line.Own {
		x = size.Width - words - 2*bubblePad - 4
	}
	if b.time.Visible() {
		b.layoutHead(size.Width, y+groupGap)
	}
	y += b.gap()
	h := b.prose.HeightFor(width)
	full := h + 2*bubblePadY
	kit.SetVisible(b.more, cut)
	if cut {
		kit.Place(b.more, x, y+bubblePadY+h+2, b.more.MinSize().Width, moreHeight-2)
		full += moreHeight
	}
	kit.Place(b.panel, x, y, words+2*bubblePad, full)
	kit.Place(b.ring, x-2, y-2, words+2*bubblePad+4, full+4)
	kit.Place(b.prose, x+bubblePad, y+bubblePadY, width, h)
}

// layoutHead puts name and time above the bubble, on its side.
func (b *bubble) layoutHead(width, y float32) {
	t := b.time.MinSize().Width + 1
	if b.line.Own {
		kit.Place(b.time, width-t-8, y, t, headHeight-2)
		return
	}
	name := min(b.head.MinWidth()+1, width-2*chatMargin-t-8)
	kit.Place(b.head, chatMargin+2, y, name, headHeight-2)
	kit.Place(b.time, chatMargin+2+name+8, y, t, headHeight-2)
}

// guess is about how tall a line is.
func guess(l model.Line, width float32) float32 {
	const glyph, line = 7, 19
	if l.Kind != model.LineMessage {
		return groupGap + line
	}
	perLine := max(int(inner(width)/glyph), 1)
	lines := min(1+len(l.Message.Text)/perLine, bubbleLines)
	return lineGap + 2*bubblePadY + float32(lines*line)
}
