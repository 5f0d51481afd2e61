// Package panel is what is open beside the stage of a room: the chat, the people,
// the bans. It presents a model.State and reports what the user does through
// [Actions]; it decides nothing.
//
// Everything belongs to Fyne's main goroutine.
package panel

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/view/panel/waiters"
	"foyer/ui/words"
)

// Measures of the panel.
const (
	Width  = 340
	Header = 52
	// stageLeast is the width that the stage needs beside the panel; where it
	// has less, the panel covers it.
	stageLeast = 480
)

// Actions is what the user can do in the panel.
type Actions interface {
	OpenPanel(p model.Panel) // PanelNone closes it
	SetDraft(text string)
	Say() // sends the draft
	ReadChat(end bool)
	OpenLink(l model.Link)
	Copy(text string)
	SetSearch(text string)
	MutePerson(id call.Identity, on bool)
	SetRole(id call.Identity, role call.Role)
	Remove(id call.Identity)
	Ban(id call.Identity)
	Lift(id call.Identity)
	SetVolume(id call.Identity, percent int)
	Lower(id call.Identity) // the hand of somebody
	Select(ids []call.Identity, on bool)
	SelectNobody()
	waiters.Actions
	ShowInvite()
	DoSelected(op call.Operation) // mutes, removes or lowers the hands of the selected
}

// Panel is what is open: chat, people, bans.
type Panel struct {
	Content *fyne.Container
	book    *words.Book
	tabs    *kit.Segments
	close   *kit.Button
	chat    *chatPage
	people  *peoplePage
	bans    *bansPage
	shown   model.Panel
}

// New returns a closed panel.
func New(book *words.Book, act Actions, tips *kit.Tips) *Panel {
	escape := func() { act.OpenPanel(model.PanelNone) }
	p := &Panel{
		book: book, chat: newChat(book, act, tips, escape), people: newPeople(book, act, tips, escape),
		bans: newBans(book, act, escape),
	}
	p.tabs = kit.NewSegments(false, escape, book.T("bar.chat"), book.T("bar.people"))
	p.tabs.OnChosen = func(i int) { act.OpenPanel([]model.Panel{model.PanelChat, model.PanelPeople}[i]) }
	p.close = kit.NewIconButton(book.WithKey(book.T("panel.close"), "Esc"), "close", kit.Quiet, tips, escape)
	p.close.Small = true
	p.Content = container.New(&panelLayout{}, kit.NewPanel(theme.Surface, theme.RadiusCard), p.tabs.Container, p.close,
		p.chat.content, p.people.content, p.bans.content)
	access.Label(p.Content, access.RoleContainer, book.T("access.panel"))
	p.Content.Hide()
	return p
}

// panelLayout: tabs and the closing button above, the page below.
type panelLayout struct{}

func (*panelLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(240, 200) }

func (*panelLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	ground, tabs, shut := objects[0], objects[1], objects[2]
	ground.Resize(size)
	m := shut.MinSize()
	w := size.Width - m.Width - 10 - 2*12
	h := kit.HeightFor(tabs, w)
	kit.Place(tabs, 12, (Header-h)/2, w, h)
	kit.Place(shut, size.Width-m.Width-10, (Header-m.Height)/2, m.Width, m.Height)
	for _, o := range objects[3:] {
		kit.Place(o, 0, Header, size.Width, size.Height-Header)
	}
}

// Covers reports whether the panel takes the stage's place in a window of that
// width.
func Covers(width float32) bool { return width < Width+stageLeast+3*24 }

// Update shows the page that is open. It reports whether another one is.
func (p *Panel) Update(s *model.State, now time.Time) (switched bool) {
	switched, p.shown = p.shown != s.Panel, s.Panel
	p.tabs.SetText(1, p.book.T("panel.people", "n", p.book.Number(len(s.People))))
	if switched {
		p.people.closeMenu()
		p.chat.menu.Close()
		p.tabs.Choose(map[model.Panel]int{model.PanelPeople: 1, model.PanelBans: 1}[s.Panel])
	}
	kit.SetVisible(p.Content, s.Panel != model.PanelNone)
	kit.SetVisible(p.chat.content, s.Panel == model.PanelChat)
	kit.SetVisible(p.people.content, s.Panel == model.PanelPeople)
	kit.SetVisible(p.bans.content, s.Panel == model.PanelBans)
	switch s.Panel {
	case model.PanelChat:
		p.chat.update(s, now)
		if switched {
			p.chat.list.ScrollToEnd()
		}
	case model.PanelPeople:
		p.people.update(s, now)
	case model.PanelBans:
		p.bans.update(s, now)
	case model.PanelNone:
	}
	return switched
}

// Tick is the clockwork: what takes long is said.
func (p *Panel) Tick(s *model.State, now time.Time) {
	if s.Panel == model.PanelChat {
		p.chat.tick(now)
	}
}

// Clear forgets the stay: no menu of it stays open.
func (p *Panel) Clear() {
	p.people.reset()
	p.chat.menu.Close()
	p.Content.Hide()
	p.shown = model.PanelNone
}

// Focus is what the keyboard goes to when a page is opened.
func (p *Panel) Focus() fyne.Focusable {
	switch p.shown {
	case model.PanelChat:
		return p.chat.focus()
	case model.PanelPeople:
		return p.people.list
	case model.PanelBans:
		return p.bans.list
	default:
		return nil
	}
}
