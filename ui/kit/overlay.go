package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"foyer/ui/access"
	"foyer/ui/theme"
)

// overlay covers a window with a card of its own. A tap beside the card, or
// Escape inside it, dismisses it.
type overlay struct {
	widget.BaseWidget
	canvas    fyne.Canvas
	card      fyne.CanvasObject
	scrim     *canvas.Rectangle
	dim       bool
	place     func(window fyne.Size) (fyne.Position, fyne.Size)
	onDismiss func()
	onAsk     func() // instead of dismissing: its owner closes it
	before    fyne.Focusable
	role      access.Role
	name      string
}

func showOverlay(
	c fyne.Canvas, card fyne.CanvasObject, dim bool, place func(fyne.Size) (fyne.Position, fyne.Size),
) *overlay {
	o := &overlay{
		canvas: c, card: card, scrim: canvas.NewRectangle(color.Transparent), dim: dim, place: place, before: c.Focused(),
	}
	o.ExtendBaseWidget(o)
	o.role = access.RoleMenu
	if dim {
		o.role = access.RoleDialog
	}
	c.Overlays().Add(o)
	o.Resize(c.Size())
	return o
}

// close takes the overlay away and gives the focus back.
func (o *overlay) close() {
	o.canvas.Overlays().Remove(o)
	if o.before != nil {
		o.canvas.Focus(o.before)
	}
}

// Tapped implements fyne.Tappable.
func (o *overlay) Tapped(*fyne.PointEvent) { o.dismiss() }

func (o *overlay) dismiss() {
	if o.onAsk != nil {
		o.onAsk()
		return
	}
	o.close()
	if o.onDismiss != nil {
		o.onDismiss()
	}
}

// CreateRenderer implements fyne.Widget.
func (o *overlay) CreateRenderer() fyne.WidgetRenderer { return &overlayRenderer{o} }

type overlayRenderer struct{ o *overlay }

func (r *overlayRenderer) Destroy() {}
func (r *overlayRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.o.scrim, r.o.card}
}
func (r *overlayRenderer) MinSize() fyne.Size { return fyne.Size{} }

func (r *overlayRenderer) Layout(size fyne.Size) {
	r.o.scrim.FillColor = color.Transparent
	if r.o.dim {
		r.o.scrim.FillColor = theme.Color(theme.Scrim)
	}
	r.o.scrim.Resize(size)
	at, s := r.o.place(size)
	r.o.card.Move(at)
	r.o.card.Resize(s)
}

func (r *overlayRenderer) Refresh() {
	r.Layout(r.o.Size())
	r.o.scrim.Refresh()
	r.o.card.Refresh()
}

// shield swallows taps on a card, so that they do not reach the overlay below.
type shield struct {
	widget.BaseWidget
	content fyne.CanvasObject
}

func newShield(content fyne.CanvasObject) *shield {
	s := &shield{content: content}
	s.ExtendBaseWidget(s)
	return s
}

// Tapped implements fyne.Tappable.
func (s *shield) Tapped(*fyne.PointEvent) {}

// CreateRenderer implements fyne.Widget.
func (s *shield) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.content) }

// Dialog asks a question over the window.
type Dialog struct {
	over *overlay
	no   func()
}

const dialogWidth = 440

// Question is what a [Dialog] asks.
type Question struct {
	Title, Text string
	Body        fyne.CanvasObject // below the text; may be nil
	Yes, No     string
	Danger      bool           // yes does harm
	Focus       fyne.Focusable // in Body; nil: the keyboard is on no
}

// Ask shows a dialog with a title, a text, and two answers. yes is the main
// one; Escape and a tap beside mean no. The keyboard is on no: a user who was
// pressing Space or Enter when the question came has not read it.
func Ask(c fyne.Canvas, title, text, yes, no string, onYes, onNo func()) *Dialog {
	return AskQuestion(c, Question{Title: title, Text: text, Yes: yes, No: no}, onYes, onNo)
}

// AskQuestion shows a dialog that may have more than a text.
func AskQuestion(c fyne.Canvas, q Question, onYes, onNo func()) *Dialog {
	d := &Dialog{}
	answer := func(f func()) func() {
		return func() {
			d.over.close()
			f()
		}
	}
	d.no = answer(onNo)
	heading := NewHeading(q.Title)
	heading.Wrap = true
	noButton := newEscButton(q.No, Plain, d.no, d.no)
	style := Primary
	if q.Danger {
		style = Danger
	}
	yesButton := newEscButton(q.Yes, style, answer(onYes), d.no)
	body := Column(12, heading)
	if q.Text != "" {
		body.Add(NewParagraph(q.Text).Colored(theme.Muted))
	}
	if q.Body != nil {
		body.Add(q.Body)
	}
	body.Add(Pad(Wrap(12, fyne.TextAlignTrailing, noButton, yesButton), 8, 0, 0, 0))
	inside := &pad{}
	card := On(NewPanel(theme.Surface, theme.RadiusCard).WithStroke(theme.Border), container.New(inside, body))
	d.over = showOverlay(c, newShield(card), true, func(window fyne.Size) (fyne.Position, fyne.Size) {
		edge := Edge(window.Width)
		*inside = pad{edge, edge, edge, edge}
		w := min(dialogWidth, window.Width-2*edge)
		h := HeightFor(card, w)
		return fyne.NewPos((window.Width-w)/2, (window.Height-h)/2), fyne.NewSize(w, h)
	})
	d.over.onDismiss, d.over.name = onNo, q.Title
	if q.Focus != nil {
		c.Focus(q.Focus)
	} else {
		c.Focus(noButton)
	}
	return d
}

// Cancel answers no.
func (d *Dialog) Cancel() { d.no() }

// Refresh makes room for a body that has become taller.
func (d *Dialog) Refresh() { d.over.Refresh() }

// Close takes the question away without an answer.
func (d *Dialog) Close() { d.over.close() }

// escButton is a button in an overlay: Escape answers too.
type escButton struct {
	Button
	onEscape func()
	choice   bool // of several, all in view
	chosen   bool
}

func newEscButton(text string, style Style, tapped, escape func()) *escButton {
	b := &escButton{onEscape: escape}
	b.of, b.text, b.style, b.OnTapped = b, text, style, tapped
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements fyne.Focusable.
func (b *escButton) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		b.onEscape()
		return
	}
	b.Button.TypedKey(k)
}
