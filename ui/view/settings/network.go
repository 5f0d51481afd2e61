package settings

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/kit"
	"foyer/ui/kit/prose"
	"foyer/ui/model"
	"foyer/ui/theme"
	"foyer/ui/words"
)

// networkPage is how we come to others, and how they come to us.
type networkPage struct {
	still
	content *fyne.Container
	book    *words.Book
	choice  Choice
	link    *kit.Field
	try     *kit.Button
	found   *fyne.Container
	report  *reach.Report // that is shown
	router  *chooser[bool]
	public  *kit.Field
	relay   *kit.Field
	links   *chooser[bool]  // nil: something else has registered them
	call    *fyne.Container // what it transports, while there is one
	stats   *fyne.Container
	said    []string
}

func newNetworkPage(book *words.Book, act Actions, program Program) *networkPage {
	p := &networkPage{book: book, found: kit.Column(0)}
	test := func() { act.TestNetwork(p.link.Text()) }
	p.link = kit.NewField(book.T("lobby.link"), book.T("settings.network_hint"), test)
	p.try = kit.NewButton("", "", kit.Plain, test)
	off, texts := onOff(book)
	p.router = newChooser(
		off, []string{book.T("settings.router_ask"), book.T("settings.router_leave")}, act, func(leave bool) {
			p.choice.LeaveRouter = leave
			act.SetChoice(p.choice)
		},
	)
	p.public = kit.NewField(book.T("settings.public_name"), book.T("settings.public_hint"), func() {})
	p.relay = kit.NewField(book.T("settings.relay_link"), book.T("settings.relay_hint"), func() {})
	escape := func() { act.OpenSettings(model.PageNone) }
	p.link.Entry.OnEscape, p.public.Entry.OnEscape, p.relay.Entry.OnEscape = escape, escape, escape
	p.public.OnChanged = func(text string) { p.setPublic(act, text) }
	p.relay.OnChanged = func(text string) { p.setRelay(act, text) }
	p.stats = kit.Column(6)
	p.call = part(book.T("settings.call"), p.stats, hint(book.T("settings.call.detail")))
	p.content = scrolled(
		p.call,
		part(
			book.T("settings.network_test"), p.link, kit.Row(0, p.try), p.found,
			hint(book.T("settings.network_test.detail")),
		),
		part(book.T("settings.router"), p.router.Container, hint(book.T("settings.router.detail"))),
		part(book.T("settings.public"), p.public, hint(book.T("settings.public.detail"))),
		part(book.T("settings.relay"), p.relay, hint(book.T("settings.relay.detail"))),
	)
	if program.Links {
		p.links = newChooser(off, texts, act, act.RegisterLinks)
		p.content.Objects[0].(*fyne.Container).Add(
			part(book.T("settings.links"), p.links.Container, hint(book.T("settings.links.detail"))),
		)
	}
	return p
}

// setPublic takes over a name or address of which others could make use.
func (p *networkPage) setPublic(act Actions, text string) {
	text = strings.TrimSpace(text)
	if _, err := reach.ParsePublic(text); err != nil && text != "" {
		p.public.SetProblem(p.book.T("settings.public_wrong"), theme.Error)
		return
	}
	p.public.SetProblem("", theme.Error)
	p.choice.Public = text
	act.SetChoice(p.choice)
}

// setRelay takes over a relay link.
func (p *networkPage) setRelay(act Actions, text string) {
	text = strings.TrimSpace(text)
	if _, err := reach.ParseRelayLink(text); err != nil && text != "" {
		p.relay.SetProblem(p.book.T("settings.relay_wrong"), theme.Error)
		return
	}
	p.relay.SetProblem("", theme.Error)
	p.choice.Relay = text
	act.SetChoice(p.choice)
}

func (p *networkPage) object() fyne.CanvasObject { return p.content }

func (p *networkPage) update(s *model.State, f Form, now time.Time) {
	p.choice = f.Choice
	p.router.set(f.LeaveRouter)
	if p.public.Problem() == "" && strings.TrimSpace(p.public.Text()) != f.Public {
		p.public.SetText(f.Public)
	}
	if p.relay.Problem() == "" && strings.TrimSpace(p.relay.Text()) != f.Relay {
		p.relay.SetText(f.Relay)
	}
	if p.links != nil {
		p.links.set(f.LinksHere)
	}
	test := s.Setup.Network
	p.link.SetProblem(words.Problem(p.book, test.LinkErr, now), theme.Error)
	p.link.SetEnabled(!test.Running)
	key := "settings.network_try"
	if test.Running {
		key = "settings.test_stop"
	}
	p.try.Set(p.book.T(key), "", lit(test.Running))
	if p.report != test.Report {
		p.report = test.Report
		p.found.Objects = nil
		if test.Report != nil {
			p.found.Add(prose.New(strings.Join(words.SayReport(p.book, *test.Report, now), "\n")))
		}
	}
	kit.SetVisible(p.found, test.Report != nil)
	p.measure(s, test)
}

// measure shows what the call transports, from the second report on: rates need two.
func (p *networkPage) measure(s *model.State, test model.NetworkTest) {
	said := []string{p.book.T("settings.call_wait")}
	if !test.AtBefore.IsZero() {
		names := func(id call.Identity) string {
			if who := s.Person(id); who != nil {
				return who.DisplayName()
			}
			return call.ShownID(id)
		}
		said = words.SayStats(p.book, names, test.Stats, test.StatsBefore, test.At.Sub(test.AtBefore))
	}
	if !slices.Equal(said, p.said) {
		p.said, p.stats.Objects = said, nil
		for _, line := range said {
			p.stats.Add(prose.New(line))
		}
	}
	kit.SetVisible(p.call, s.InRoom())
}
