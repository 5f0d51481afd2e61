package panel

import (
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/kit/list"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// bansPage is the panel's page with who may not come in.
type bansPage struct {
	content *fyne.Container
	book    *words.Book
	act     Actions
	list    *list.List
	empty   *fyne.Container
	title   *kit.Text
	detail  *kit.Text
	problem *kit.Problem
	rows    []call.BanRow
	now     time.Time
}

func newBans(book *words.Book, act Actions, escape func()) *bansPage {
	b := &bansPage{book: book, act: act, problem: kit.NewProblem()}
	back := kit.NewButton(
		book.T("people.banned.back"), "chevron-left", kit.Quiet, func() { act.OpenPanel(model.PanelPeople) },
	)
	back.Small = true
	b.list = list.New(b)
	b.list.Label = book.T("people.banned")
	b.list.OnEscape = escape
	b.list.OnChosen = func(i int, _ fyne.Position) { act.Lift(b.rows[i].ID) }
	b.title = kit.NewHeading("").Centered()
	b.detail = kit.NewParagraph("").Colored(theme.Muted).Centered()
	b.empty = kit.Pad(kit.Middle(280, kit.Column(8, b.title, b.detail)), 16, 16, 16, 16)
	b.content = container.New(&bansLayout{}, back, b.problem.Content, b.list, b.empty)
	return b
}

// bansLayout: the way back, what went wrong, the list.
type bansLayout struct{}

func (*bansLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(240, 160) }

func (*bansLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	back := objects[0].MinSize()
	kit.Place(objects[0], 8, 0, back.Width, back.Height)
	y := back.Height + 8
	if o := objects[1]; o.Visible() {
		h := kit.HeightFor(o, size.Width-24)
		kit.Place(o, 12, y, size.Width-24, h)
		y += h + 8
	}
	kit.Place(objects[2], 0, y, size.Width, size.Height-y-8)
	kit.Place(objects[3], 0, y, size.Width, size.Height-y-8)
}

func (b *bansPage) update(s *model.State, now time.Time) {
	b.rows, b.now = s.Bans, now
	b.problem.Set(panelProblem(b.book, s, now))
	kit.SetVisible(b.empty, len(b.rows) == 0 && s.PanelErr.Err == nil)
	if s.BansKnown {
		b.title.Set(b.book.T("people.banned.none"))
		b.detail.Set(b.book.T("people.banned.none.detail"))
	} else {
		b.title.Set(b.book.T("people.loading"))
		b.detail.Set("")
	}
	b.list.Update()
	b.content.Layout.Layout(b.content.Objects, b.content.Size())
}

// Len implements list.Rows.
func (b *bansPage) Len() int { return len(b.rows) }

// Key implements list.Rows.
func (b *bansPage) Key(i int) string {
	r := b.rows[i]
	return string(r.ID) + " " + strconv.FormatInt(r.Since, 10) + " " + strconv.FormatInt(r.Until, 10)
}

// Guess implements list.Rows.
func (b *bansPage) Guess(int, float32) float32 { return 76 }

// Height implements list.Rows.
func (b *bansPage) Height(i int, width float32) float32 { return kit.HeightFor(b.row(i), width) }

// Row implements list.Rows.
func (b *bansPage) Row(i int, _ fyne.CanvasObject) fyne.CanvasObject { return b.row(i) }

// row is one ban: the person, its end, its author, its reason, and the button that lifts
// it.
func (b *bansPage) row(i int) fyne.CanvasObject {
	r := b.rows[i]
	name := kit.NewText(b.book.PersonName(r.ID, r.Name)).Shrinking()
	what := kit.NewCaption(b.book.Ban(r, b.now))
	what.Wrap = true
	lift := kit.NewButton(b.book.T("people.lift"), "", kit.Plain, func() { b.act.Lift(r.ID) })
	lift.Small = true
	ground := kit.NewPanel("", theme.RadiusControl)
	if b.list.Chosen() == b.Key(i) {
		ground.SetFill(theme.Control)
		ground.WithStroke(theme.Focus)
	}
	row := kit.Row(12, kit.Grow(kit.Column(2, name, what)), lift)
	return access.Label(
		kit.Pad(kit.On(ground, kit.Pad(row, 8, 8, 8, 12)), 2, 0, 2, 8), access.RoleRow, name.Text()+", "+what.Text(),
	)
}
