// Package waiters is the part of the people's page with those who wait to be let in.
//
// Everything belongs to Fyne's main goroutine.
package waiters

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// Actions is what can be done with those who wait.
type Actions interface {
	Admit(ids []call.Identity)
	TurnAway(ids []call.Identity)
}

// most is how many people have a row; the others are counted, and follow.
const most = 4

// Box lists who waits to be let in.
type Box struct {
	Content *fyne.Container
	book    *words.Book
	act     Actions
	tips    *kit.Tips
	heading *kit.Text
	rows    *fyne.Container
	more    *kit.Text
	all     *fyne.Container
	shown   model.Waiting
}

// New returns a box in which nobody is.
func New(book *words.Book, act Actions, tips *kit.Tips) *Box {
	b := &Box{book: book, act: act, tips: tips, rows: kit.Column(4)}
	b.heading = kit.NewParagraph("")
	b.heading.Bold = true
	b.more = kit.NewParagraph("").Colored(theme.Muted)
	b.more.TextSize = 13
	admit := kit.NewButton(book.T("people.admit_all"), "check", kit.Plain, func() { act.Admit(b.listed()) })
	away := kit.NewButton(book.T("people.turn_away_all"), "", kit.Quiet, func() { act.TurnAway(b.listed()) })
	admit.Small, away.Small = true, true
	b.all = kit.Wrap(8, fyne.TextAlignLeading, admit, away)
	b.Content = kit.On(
		kit.NewPanel(theme.Control, theme.RadiusCard),
		kit.Pad(kit.Column(8, b.heading, b.rows, b.more, b.all), 10, 8, 10, 12),
	)
	b.Content.Hide()
	return b
}

// listed are the people that the list shows, without anybody who has come since.
func (b *Box) listed() []call.Identity {
	ids := make([]call.Identity, len(b.shown.Rows))
	for i, r := range b.shown.Rows {
		ids[i] = call.Identity(r.ID)
	}
	return ids
}

// Update shows who waits, to whoever may let them in.
func (b *Box) Update(s *model.State) {
	now := s.Waiting
	kit.SetVisible(b.Content, now.Count > 0 && s.Standing.Role.Moderates())
	if now.Count == b.shown.Count && slices.Equal(now.Rows, b.shown.Rows) {
		return
	}
	b.shown = now
	b.heading.Set(b.book.N("people.waiting", now.Count))
	b.rows.Objects = nil
	listed := now.Rows[:min(len(now.Rows), most)]
	for _, r := range listed {
		b.rows.Add(b.row(r))
	}
	b.show(len(listed))
	kit.SetVisible(b.all, len(now.Rows) > 1)
	b.Content.Refresh()
}

// show shows the first n rows, and counts the others.
func (b *Box) show(n int) {
	for i, row := range b.rows.Objects {
		kit.SetVisible(row, i < n)
	}
	rest := b.shown.Count - n
	b.more.Set(b.book.T("people.waiting.more", "n", b.book.Number(rest)))
	kit.SetVisible(b.more, rest > 0 && n > 0)
}

// Fit shows as many rows as that room has, and at least one.
func (b *Box) Fit(width, height float32) {
	n := len(b.rows.Objects)
	for b.show(n); n > 1 && kit.HeightFor(b.Content, width) > height; b.show(n) {
		n--
	}
}

func (b *Box) row(r call.WaiterRow) fyne.CanvasObject {
	ids, name := []call.Identity{call.Identity(r.ID)}, Name(b.book, r)
	text := kit.NewParagraph(name)
	admit := kit.NewButton(b.book.T("people.admit"), "", kit.Primary, func() { b.act.Admit(ids) })
	admit.WithTip(b.tips, b.book.T("people.admit_one", "name", name))
	away := kit.NewIconButton(
		b.book.T("people.turn_away.title", "name", name), "close", kit.Quiet, b.tips, func() { b.act.TurnAway(ids) },
	)
	admit.Small, away.Small = true, true
	return access.Label(kit.Row(4, kit.Grow(text), admit, away), access.RoleRow, name)
}

// Name is what somebody who waits is called.
func Name(book *words.Book, r call.WaiterRow) string { return book.PersonName(r.Identity, r.Name) }

// Turning is what is asked before people are turned away: a text for them.
type Turning struct {
	Reason *kit.Field
	book   *words.Book
	name   string
}

// NewTurning returns the question about people of that name. cancel is what Escape
// does in it.
func NewTurning(book *words.Book, name string, cancel func()) *Turning {
	t := &Turning{book: book, name: name}
	t.Reason = kit.NewField(book.T("people.reason", "name", name), book.T("people.turn_away.hint"), nil)
	t.Reason.Entry.OnEscape = cancel
	return t
}

// Question is the dialog.
func (t *Turning) Question() kit.Question {
	return kit.Question{
		Title: t.book.T("people.turn_away.title", "name", t.name), Text: t.book.T("people.turn_away.text"),
		Body: kit.Column(14, t.Reason), Yes: t.book.T("people.turn_away.yes"), No: t.book.T("people.cancel"), Danger: true,
		Focus: t.Reason.Entry,
	}
}

// Check says beside the text what is wrong with it, and reports whether nothing is.
func (t *Turning) Check() bool {
	err := call.CheckText(t.Reason.Text())
	t.Reason.SetProblem(words.Problem(t.book, err, time.Time{}), theme.Error)
	return err == nil
}
