package panel

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/kit/list"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/view/invitation"
	"foyer/ui/view/panel/waiters"
	"foyer/ui/words"
)

// peoplePage is the panel's page with who is there.
type peoplePage struct {
	content *fyne.Container
	book    *words.Book
	act     Actions
	tips    *kit.Tips
	search  *kit.Field
	list    *list.List
	nobody  *kit.Text
	problem *kit.Problem
	waiters *waiters.Box
	invite  *kit.Button
	bans    *kit.Button // leads to the list of bans
	picked  *selectionBar
	anchor  call.Identity // where a range of the selection begins
	volume  *volume       // in the open menu

	state  *model.State
	listed []*model.Person
	menu   *kit.Menu
	about  call.Identity // whom the menu is about
}

func newPeople(book *words.Book, act Actions, tips *kit.Tips, escape func()) *peoplePage {
	p := &peoplePage{book: book, act: act, tips: tips, problem: kit.NewProblem()}
	p.search = kit.NewField("", book.T("people.search"), func() {})
	p.search.OnChanged = act.SetSearch
	p.search.Entry.OnEscape = func() {
		if p.search.Text() == "" {
			escape()
			return
		}
		act.SetSearch("")
	}
	p.list = list.New(p)
	p.list.Label = book.T("bar.people")
	p.list.OnEscape = func() {
		if p.picked.content.Visible() {
			act.SelectNobody()
			return
		}
		escape()
	}
	p.list.OnDelete = p.remove
	p.list.OnChosen = func(i int, at fyne.Position) { p.openMenu(p.listed[i], at) }
	p.list.OnCopy = func(i int) {
		if i >= 0 && i < len(p.listed) {
			act.Copy(p.listed[i].DisplayName())
		}
	}
	p.picked = newSelectionBar(book, act, tips)
	p.nobody = kit.NewParagraph(book.T("people.nobody")).Colored(theme.Muted).Centered()
	p.bans = kit.NewButton(book.T("people.banned"), "ban", kit.Quiet, func() { act.OpenPanel(model.PanelBans) })
	p.waiters = waiters.New(book, act, tips)
	p.invite = kit.NewIconButton(book.WithKey(book.T("room.qr"), "Q"), "qr", kit.Quiet, tips, act.ShowInvite)
	p.content = container.New(
		&peopleLayout{p.waiters}, kit.Row(4, kit.Grow(p.search), p.invite), p.problem.Content, p.waiters.Content,
		p.list, p.nobody, p.bans, p.picked.content,
	)
	return p
}

// peopleLayout: the search, what went wrong, who waits, the list, and the way to the bans.
type peopleLayout struct{ waiters *waiters.Box }

// listLeast is what the list keeps beside those who wait.
const listLeast = 2 * personHeight

func (*peopleLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(240, 160) }

func (l *peopleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.waiters.Fit(size.Width-24, size.Height-listLeast-3*40)
	y := float32(0)
	for _, o := range objects[:3] {
		if o.Visible() {
			h := kit.HeightFor(o, size.Width-24)
			kit.Place(o, 12, y, size.Width-24, h)
			y += h + 8
		}
	}
	bottom := size.Height - 8
	if picked := objects[6]; picked.Visible() {
		h := picked.MinSize().Height
		bottom -= h
		kit.Place(picked, 12, bottom, size.Width-24, h)
		bottom -= 4
	}
	if bans := objects[5]; bans.Visible() {
		m := bans.MinSize()
		bottom -= m.Height
		kit.Place(bans, 12, bottom, m.Width, m.Height)
		bottom -= 4
	}
	kit.Place(objects[3], 0, y, size.Width, bottom-y)
	kit.Place(objects[4], 24, y+24, size.Width-48, kit.HeightFor(objects[4], size.Width-48))
}

func (p *peoplePage) update(s *model.State, now time.Time) {
	p.state, p.listed = s, s.Listed()
	p.search.SetText(s.Search)
	p.problem.Set(panelProblem(p.book, s, now))
	p.waiters.Update(s)
	kit.SetVisible(p.invite, invitation.Possible(s.Room.Link))
	kit.SetVisible(p.nobody, len(p.listed) == 0)
	p.list.OnSelect, p.list.OnSelectAll = nil, nil
	if s.Standing.Role.Moderates() {
		p.list.OnSelect, p.list.OnSelectAll = p.pick, p.pickAll
	}
	selected := s.Selection.People()
	p.picked.update(s, selected)
	kit.SetVisible(p.bans, s.Standing.Role.Moderates() && len(selected) == 0)
	p.volume.follow(s, p.about)
	if p.menu != nil && s.Person(p.about) == nil {
		p.closeMenu() // whom it is about has gone
	}
	p.list.Update()
	p.content.Layout.Layout(p.content.Objects, p.content.Size())
}

// panelProblem says why the door did not answer what a panel shows.
func panelProblem(book *words.Book, s *model.State, now time.Time) string {
	if s.PanelErr.Err == nil {
		return ""
	}
	return book.Error(s.PanelErr.Err, s.PanelErr.Command, call.SourceUnknown, now).Whole()
}

func (p *peoplePage) reset() {
	p.closeMenu()
	p.list.Reset()
}

func (p *peoplePage) closeMenu() {
	p.menu.Close()
	p.menu = nil
}

// Len implements list.Rows.
func (p *peoplePage) Len() int { return len(p.listed) }

// Key implements list.Rows.
func (p *peoplePage) Key(i int) string { return string(p.listed[i].ID) }

// Guess implements list.Rows.
func (p *peoplePage) Guess(int, float32) float32 { return personHeight }

// Height implements list.Rows.
func (p *peoplePage) Height(int, float32) float32 { return personHeight }

// Row implements list.Rows.
func (p *peoplePage) Row(i int, row fyne.CanvasObject) fyne.CanvasObject {
	person := p.listed[i]
	r, ok := row.(*personRow)
	if !ok {
		id := person.ID
		fresh := newPersonRow(p.tips, p.book.T("people.menu", "name", person.DisplayName()), func(at fyne.Position) {
			if now := p.state.Person(id); now != nil {
				p.openMenu(now, at)
			}
		})
		fresh.onPress = func() { p.list.PressRow(string(id)) }
		fresh.says = func() string { return p.says(id) }
		fresh.onPick = func(box bool, with fyne.KeyModifier) { p.press(id, box, with) }
		r = fresh
	}
	r.set(p.look(person))
	return r
}

func (p *peoplePage) look(person *model.Person) personLook {
	l := personLook{
		name: person.DisplayName(), initials: model.Initials(person.DisplayName()), seed: string(person.ID),
		micOff: p.state.MicMuted(person), lost: person.Lost, speaking: person.Speaking && !person.Lost,
		menu: !person.Self, chosen: p.list.Chosen() == string(person.ID),
		hand: p.state.Hands.Place(person.ID), silent: p.state.Gestures.Volume(person.ID) == 0,
		selectable: p.state.Selection.May(person), selected: p.state.Selection.Has(person.ID),
		selecting: p.picked.content.Visible(),
	}
	if person.Self {
		l.name = p.book.T("room.you", "name", l.name)
	}
	l.detail = strings.Join(p.details(person), " · ")
	return l
}

// details are what a row says in words beside a name.
func (p *peoplePage) details(person *model.Person) (all []string) {
	role := p.state.Role(person)
	if word := p.book.Role(role); word != "" && role != call.RoleParticipant {
		all = append(all, word)
	}
	if person.Lost {
		all = append(all, p.book.T("people.lost"))
	}
	if p.state.IsMutedByHost(person) {
		all = append(all, p.book.T("people.silenced"))
	}
	return all
}

// says is the same, and what the row shows only by signs.
func (p *peoplePage) says(id call.Identity) string {
	person := p.state.Person(id)
	if person == nil {
		return ""
	}
	all := p.details(person)
	if p.state.MicMuted(person) {
		all = append(all, p.book.T("room.microphone_muted"))
	}
	if place := p.state.Hands.Place(id); place > 0 {
		all = append(all, p.book.T("access.hand", "n", p.book.Number(place)))
	}
	if p.state.Gestures.Volume(id) == 0 {
		all = append(all, p.book.T("access.silent"))
	}
	return strings.Join(all, ", ")
}

// openMenu offers how loud somebody is for us, and what we may do to them.
func (p *peoplePage) openMenu(person *model.Person, at fyne.Position) {
	canvas := fyne.CurrentApp().Driver().CanvasForObject(p.list)
	if person.Self || canvas == nil {
		return
	}
	items := append(p.volumeItems(person), Moderation(p.book, p.act, p.state, person)...)
	p.menu.Close()
	p.menu, p.about = kit.ShowMenu(canvas, at, items), person.ID
	p.volume.slider.OnEscape, p.volume.slider.Canvas = p.menu.Close, canvas
}

// Moderation is what we may do to somebody, as lines of a menu.
func Moderation(book *words.Book, act Actions, s *model.State, person *model.Person) []kit.MenuItem {
	id, rights := person.ID, s.Rights(person)
	var items []kit.MenuItem
	if s.Standing.Role.Moderates() && s.Hands.Place(id) > 0 {
		items = append(items, kit.MenuItem{Text: book.T("people.lower"), Icon: "hand", OnTapped: func() { act.Lower(id) }})
	}
	if rights.Mute {
		muted := s.IsMutedByHost(person)
		text, icon := book.T("people.mute"), "mic-off"
		if muted {
			text, icon = book.T("people.unmute"), "mic"
		}
		items = append(items, kit.MenuItem{Text: text, Icon: icon, OnTapped: func() { act.MutePerson(id, !muted) }})
	}
	for _, role := range rights.Roles {
		items = append(items, kit.MenuItem{
			Text: book.MakeRole(role), Icon: roleIcon(role), OnTapped: func() { act.SetRole(id, role) },
		})
	}
	if rights.Remove {
		items = append(items,
			kit.MenuItem{Text: book.T("people.remove"), Icon: "remove", Danger: true, OnTapped: func() { act.Remove(id) }},
			kit.MenuItem{Text: book.T("people.ban"), Icon: "ban", Danger: true, OnTapped: func() { act.Ban(id) }})
	}
	return items
}

func roleIcon(r call.Role) string {
	switch r {
	case call.RoleHost, call.RoleCoHost:
		return "star"
	case call.RoleListener:
		return "speaker"
	default:
		return "people"
	}
}
