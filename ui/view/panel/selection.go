package panel

import (
	"slices"
	"strconv"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// selectionBar is what can be done to the people who are selected.
type selectionBar struct {
	content             *fyne.Container
	book                *words.Book
	text                *kit.Text
	mute, lower, remove *kit.Button
}

func newSelectionBar(book *words.Book, act Actions, tips *kit.Tips) *selectionBar {
	b := &selectionBar{book: book, text: kit.NewText("").Shrinking()}
	button := func(key, icon string, tapped func()) *kit.Button {
		small := kit.NewIconButton(book.T(key), icon, kit.Quiet, tips, tapped)
		small.Small = true
		return small
	}
	b.mute = button("people.selected.mute", "mic-off", func() { act.DoSelected(call.OpMute) })
	b.lower = button("people.selected.lower", "hand", func() { act.DoSelected(call.OpLower) })
	b.remove = button("people.selected.remove", "remove", func() { act.DoSelected(call.OpRemove) })
	none := button("people.selected.none", "close", act.SelectNobody)
	b.content = kit.On(
		kit.NewPanel(theme.Control, theme.RadiusControl),
		kit.Pad(kit.Row(4, kit.Grow(b.text), b.mute, b.lower, b.remove, none), 6, 6, 6, 12),
	)
	b.content.Hide()
	return b
}

func (b *selectionBar) update(s *model.State, ids []call.Identity) {
	kit.SetVisible(b.content, len(ids) > 0)
	b.text.Set(b.book.T("people.selected", "n", strconv.Itoa(len(ids))))
	b.lower.SetEnabled(slices.ContainsFunc(ids, func(id call.Identity) bool { return s.Hands.Place(id) > 0 }))
	tip := "people.selected.remove"
	if len(ids) > call.MaxPeople {
		tip = "people.selected.remove_limit"
	}
	b.remove.SetTip(b.book.T(tip, "n", strconv.Itoa(call.MaxPeople)))
	b.remove.SetEnabled(len(ids) <= call.MaxPeople)
}

// press is a press of the left button on a row: on the box or with Ctrl it selects
// the person or takes that back, with Shift everybody from the last one on.
func (p *peoplePage) press(id call.Identity, box bool, with fyne.KeyModifier) {
	i := slices.IndexFunc(p.listed, func(person *model.Person) bool { return person.ID == id })
	if i < 0 {
		return
	}
	switch {
	case with&fyne.KeyModifierShift != 0:
		from := slices.IndexFunc(p.listed, func(person *model.Person) bool { return person.ID == p.anchor })
		if from < 0 {
			from = i
		}
		p.act.Select(idsOf(p.listed[min(from, i):max(from, i)+1]), true)
	case box, with&fyne.KeyModifierShortcutDefault != 0:
		p.pick(i, false)
	}
}

// pick selects somebody in the list, or without add takes it back if they are.
func (p *peoplePage) pick(i int, add bool) {
	person := p.listed[i]
	if !p.state.Selection.May(person) {
		return
	}
	p.anchor = person.ID
	p.act.Select([]call.Identity{person.ID}, add || !p.state.Selection.Has(person.ID))
}

// pickAll selects everybody who is listed.
func (p *peoplePage) pickAll() { p.act.Select(idsOf(p.listed), true) }

// remove is the key Delete: it asks about the selected, or about somebody in the
// list.
func (p *peoplePage) remove(i int) {
	switch {
	case p.picked.content.Visible():
		p.act.DoSelected(call.OpRemove)
	case i >= 0 && p.state.Rights(p.listed[i]).Remove:
		p.act.Remove(p.listed[i].ID)
	}
}

func idsOf(people []*model.Person) []call.Identity {
	ids := make([]call.Identity, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	return ids
}
