package view

import (
	"cmp"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/view/notice"
	"foyer/ui/view/panel"
	"foyer/ui/words"
)

const (
	toastWidth = 340
	maxToasts  = 3
)

// toasts are notices in passing, at the top right over the stage.
type toasts struct {
	layer *fyne.Container
	stack *fyne.Container
	book  *words.Book
	act   Actions
	shown []int
	place *toastLayout
}

func newToasts(book *words.Book, act Actions) *toasts {
	t := &toasts{book: book, act: act, stack: kit.Column(8)}
	t.place = &toastLayout{}
	t.layer = container.New(t.place, t.stack)
	return t
}

// toastLayout puts the cards where they lie on nothing that is pressed: to the
// right over the stage, and where a panel is open, beside it or below its head. While
// we are alone, the invitation is at the right, and we are at the left.
type toastLayout struct {
	top   float32
	left  bool
	panel bool
}

func (*toastLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (l *toastLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	edge := kit.Edge(size.Width)
	w := min(toastWidth, size.Width-2*edge)
	at := fyne.NewPos(size.Width-edge-w, l.top)
	switch {
	case l.panel && panel.Covers(size.Width):
		at.Y += panel.Header
	case l.left:
		at.X = edge
	case l.panel:
		at.X -= panel.Width + tileGap
	}
	objects[0].Move(at)
	objects[0].Resize(fyne.NewSize(w, kit.HeightFor(objects[0], w)))
}

// height is how much room the cards take, with the gap below them.
func (t *toasts) height() float32 {
	if len(t.stack.Objects) == 0 {
		return 0
	}
	return t.stack.Size().Height + tileGap
}

// update shows the newest notices that have not passed, below top.
func (t *toasts) update(s *model.State, now time.Time, top float32) {
	var alive []model.Notice
	for _, n := range s.Notices {
		if n.Kind != model.NoticeCopied && !n.Over(now) && !inChat(s, n) {
			alive = append(alive, n)
		}
	}
	place := toastLayout{top: top, left: s.InRoom() && len(s.People) == 1, panel: s.Panel != model.PanelNone}
	if place != *t.place {
		*t.place = place
		t.layer.Refresh()
	}
	alive = alive[max(0, len(alive)-maxToasts):]
	ids := make([]int, len(alive))
	for i, n := range alive {
		ids[i] = n.ID
	}
	if slices.Equal(ids, t.shown) {
		return
	}
	t.shown = ids
	t.stack.Objects = nil
	for _, n := range alive {
		t.stack.Add(t.card(n, now))
	}
	t.layer.Refresh()
}

// inChat reports whether the open chat says what a notice says.
func inChat(s *model.State, n model.Notice) bool {
	switch n.Kind {
	case model.NoticeJoined, model.NoticeGone, model.NoticeKeptMuted:
		return s.Panel == model.PanelChat
	case model.NoticeWaiters:
		return s.Panel == model.PanelPeople
	default:
		return false
	}
}

func (t *toasts) card(n model.Notice, now time.Time) fyne.CanvasObject {
	icon, ink, title, text := notice.Say(t.book, n, now)
	body := kit.Column(4)
	if title != "" {
		heading := kit.NewParagraph(title)
		heading.Bold = true
		body.Add(heading)
	}
	if text != "" {
		detail := kit.NewParagraph(text)
		if title != "" {
			detail.TextSize = 13
			detail.In = theme.Muted
		}
		body.Add(detail)
	}
	row := kit.Row(12, kit.NewIcon(icon, ink, 20), kit.Grow(body))
	if n.Undo != "" {
		undo := kit.NewButton(t.book.T("toast.undo"), "", kit.Plain, func() { t.act.Undo(n.ID) })
		undo.Small = true
		row.Add(undo)
	}
	if n.Kind == model.NoticeWaiters {
		show := kit.NewButton(t.book.T("room.admission.show"), "", kit.Plain, func() { t.act.OpenPanel(model.PanelPeople) })
		show.Small = true
		row.Add(show)
	}
	if n.Sticky() {
		dismiss := kit.NewIconButton(t.book.T("toast.dismiss"), "close", kit.Quiet, nil, func() { t.act.Dismiss(n.ID) })
		dismiss.Small = true
		row.Add(dismiss)
	}
	card := kit.On(kit.NewPanel(theme.Toast, theme.RadiusCard).WithStroke(theme.Border), kit.Pad(row, 12, 12, 12, 16))
	return access.Label(card, access.RoleAlert, cmp.Or(title, text))
}
