package ui

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/ui/kit"
	"foyer/ui/kit/prose"
	"foyer/ui/model"
	"foyer/ui/uitest"
)

// later is a main goroutine that does what comes to it when the test says so.
type later chan func()

func (l later) run() { (<-l)() }

// tells reports whether a text that can be selected is visible.
func (b *bench) tells(text string) (found bool) {
	uitest.Walk(b.ui.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		p, ok := o.(*prose.Prose)
		found = found || ok && strings.Contains(p.Text(), text)
	})
	return found
}

// field is the field of that name in the settings.
func (b *bench) field(name string) (found *kit.Field) {
	b.t.Helper()
	uitest.Walk(b.ui.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if f, ok := o.(*kit.Field); ok && f.Entry.Label == name {
			found = f
		}
	})
	if found == nil {
		b.t.Fatalf("there is no field %q", name)
	}
	return found
}

// The connection to a room is tested by its link, or in a room without one; a test that is
// stopped, or whose page is left, says nothing any more.
func TestTheWayIsTested(t *testing.T) {
	main, asked := make(later, 1), make(chan call.Link, 1)
	release := make(chan struct{}, 1)
	b := newBenchWith(t, Settings{Name: "Ada"}, func(c *Config) {
		c.Dispatch = func(f func()) { main <- f }
		c.Check = func(ctx context.Context, link call.Link) reach.Report {
			asked <- link
			select {
			case <-release:
			case <-ctx.Done():
			}
			return reach.Report{Addresses: []reach.Address{{Host: link.Hosts[0]}}, Media: reach.Ports{UDP: 7}}
		}
	})
	defer b.ui.Stop()
	test := func() *model.NetworkTest { return &b.ui.state.Setup.Network }
	b.pressSettings()
	b.turn(model.PageNetwork)
	b.tap("Test")
	if test().Running || !errorsIsNoLink(test().LinkErr) {
		t.Errorf("without a link: %+v", *test())
	}
	b.field("Invite link").Entry.SetText("hello")
	b.tap("Test")
	if test().Running || !errors.Is(test().LinkErr, call.ErrLinkUnreadable) {
		t.Errorf("no link: %+v", *test())
	}
	b.field("Invite link").Entry.SetText(invite("r-1").String())
	b.tap("Test")
	if got := <-asked; got.Room != "r-1" || !test().Running || test().LinkErr != nil {
		t.Errorf("tested %+v: %+v", got, *test())
	}
	release <- struct{}{}
	main.run()
	if test().Running || !b.tells("The room server can be reached.") || !b.tells("127.0.0.1:7443 answers in") {
		t.Errorf("found %+v", *test())
	}
	for name, end := range map[string]func(){
		"stopped":   func() { b.tap("Stop") },
		"page left": func() { b.turn(model.PageAbout); b.turn(model.PageNetwork) },
	} {
		b.field("Invite link").Entry.SetText(invite("r-1").String())
		b.tap("Test")
		<-asked
		end()
		if name == "page left" {
			release <- struct{}{}
		}
		main.run()
		if test().Running || test().Report != nil || b.tells("can be reached") {
			t.Errorf("%s: it is told all the same: %+v", name, *test())
		}
	}
	b.field("Invite link").Entry.SetText(invite("r-1").String())
	b.tap("Test")
	<-asked // Stop ends it
}

func errorsIsNoLink(err error) bool {
	return err != nil && strings.Contains(err.Error(), "no invite link")
}

// In a room the way is that to the room.
func TestTheWayToThisRoomIsTested(t *testing.T) {
	main, asked := make(later, 1), make(chan call.Link, 1)
	b := newBenchOf(t, &memory{set: Settings{Name: "Ada"}}, invite("r-1").String(), func(c *Config) {
		c.Dispatch = func(f func()) { main <- f }
		c.Check = func(_ context.Context, link call.Link) reach.Report {
			asked <- link
			return reach.Report{Best: -1}
		}
	})
	defer b.ui.Stop()
	b.draw()
	b.tap("Join")
	b.join(invite("r-1"), ada)
	b.pressSettings()
	b.turn(model.PageNetwork)
	b.tap("Test")
	if got := <-asked; got.Room != "r-1" || len(got.Hosts) == 0 {
		t.Errorf("tested %+v", got)
	}
	main.run()
	if !b.tells("cannot be reached from here") {
		t.Error("it is not told")
	}
}

// While the page is open in a room, the call is measured every other second, and what
// that says is of the last two times.
func TestTheCallIsMeasured(t *testing.T) {
	b := inRoom(t, call.RoleParticipant)
	pass := func(d time.Duration) {
		b.now = b.now.Add(d)
		b.ui.tick(b.now)
	}
	pass(measureEvery)
	b.want()
	b.pressSettings()
	b.turn(model.PageNetwork)
	b.engine.take()
	report := func(bytes uint64) {
		pass(measureEvery)
		b.want(engine.Stats{})
		b.events(call.StatsReported{Line: call.LineStats{RTTMS: 12}, Remote: []call.RemoteStats{
			{ID: "u-grace", SID: "M", Source: call.SourceMicrophone, Bytes: bytes},
		}})
	}
	report(1000)
	if !b.tells("Measuring") || b.tells("Grace, Microphone") {
		t.Error("one report says a rate")
	}
	report(9000)
	if !b.tells("The server answers in 12 ms.") || !b.tells("Grace, Microphone: 32 kbit/s.") {
		t.Error("it is not told")
	}
	pass(measureEvery / 2)
	b.want()
	b.turn(model.PageAbout)
	pass(2 * measureEvery)
	b.want()
	b.turn(model.PageNetwork)
	if b.tells("12 ms") {
		t.Error("what was measured before is told")
	}
	b.engine.refuse["stats"] = call.ErrNotInRoom
	pass(measureEvery)
	if len(b.ui.state.Notices) != 0 {
		t.Errorf("notices %+v", b.ui.state.Notices)
	}
}

// A name that leads nowhere is not saved; what is saved is of the next start.
func TestThePublicName(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.pressSettings()
	b.turn(model.PageNetwork)
	const name = "Public name or address"
	b.field(name).Entry.SetText("meet.example.org:7843")
	b.field(name).Entry.SetText("https://meet.example.org")
	if b.memory.set.Public != "meet.example.org:7843" || b.field(name).Problem() == "" {
		t.Errorf("saved %q, problem %q", b.memory.set.Public, b.field(name).Problem())
	}
	b.field(name).Entry.SetText(" 203.0.113.5 ")
	if b.memory.set.Public != "203.0.113.5" || b.field(name).Problem() != "" {
		t.Errorf("saved %q, problem %q", b.memory.set.Public, b.field(name).Problem())
	}
	b.field(name).Entry.SetText("")
	if b.memory.set.Public != "" || b.field(name).Problem() != "" {
		t.Errorf("saved %q", b.memory.set.Public)
	}
	b.field(name).Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if b.ui.state.Setup.Open() {
		t.Error("Escape in a field does not close the settings")
	}
	if odd := newBench(t, Settings{Public: "https://x"}, ""); odd.ui.set.Public != "" {
		t.Errorf("taken over: %q", odd.ui.set.Public)
	}
}

// links are those of a system that is asked, and may refuse.
type links struct {
	on   bool
	fail error
}

func (l *links) Registered() bool { return l.on }
func (l *links) Register(_ context.Context, on bool) error {
	if l.fail == nil {
		l.on = on
	}
	return l.fail
}

// Links are registered and given back; what does not work is said, and the switch is as
// things are. Where a package has registered them there is none.
func TestLinksAreRegistered(t *testing.T) {
	main, system := make(later, 1), &links{}
	b := newBenchWith(t, Settings{Name: "Ada"}, func(c *Config) {
		c.Dispatch = func(f func()) { main <- f }
		c.Links, c.Program.Links = system, true
	})
	defer b.ui.Stop()
	b.pressSettings()
	b.turn(model.PageNetwork)
	act := settingUp{b.ui.presses, b.ui.around}
	if !b.says("Open foyer: links with this program") {
		t.Error("there is no switch")
	}
	for _, on := range []bool{true, false} {
		act.RegisterLinks(on)
		act.RegisterLinks(on) // once
		main.run()
		if system.on != on || b.ui.setup.setupForm().LinksHere != on {
			t.Errorf("registered: %v", system.on)
		}
	}
	system.fail = errors.New("read-only")
	act.RegisterLinks(true)
	main.run()
	if b.ui.setup.setupForm().LinksHere || len(b.ui.state.Notices) != 1 || !b.says("The links were not changed") {
		t.Errorf("it is not said: %v", b.ui.state.Notices)
	}
	none := newBench(t, Settings{Name: "Ada"}, "")
	none.pressSettings()
	none.turn(model.PageNetwork)
	if none.says("Open foyer: links with this program") {
		t.Error("there is a switch for what a package has done")
	}
}

// A newer release is told in the lobby and on the page about the program, with where to
// get it; it opens nothing by itself. Without news there is no setting for them.
func TestANewerReleaseIsSaid(t *testing.T) {
	b := newBenchWith(t, Settings{Name: "Ada"}, func(c *Config) { c.Program.News = true })
	var opened []string
	b.ui.cfg.OpenURL = func(u *url.URL) error {
		opened = append(opened, u.String())
		return nil
	}
	b.ui.Released(model.Release{Version: "0.2.0", Page: "https://foyer.example/get/0.2.0"})
	if !b.says("Foyer 0.2.0 has been released.") || len(b.ui.win.Canvas().Overlays().List()) != 0 || len(opened) != 0 {
		t.Error("it is not said, or pops up")
	}
	b.tap("Get it from foyer.example")
	b.pressSettings()
	b.turn(model.PageAbout)
	b.tap("Get it from foyer.example")
	if got := strings.Join(opened, " "); got != "https://foyer.example/get/0.2.0 https://foyer.example/get/0.2.0" {
		t.Errorf("opened %s", got)
	}
	choice := b.ui.setup.setupForm().Choice
	choice.NoNews = true
	settingUp{b.ui.presses, b.ui.around}.SetChoice(choice)
	if !b.memory.set.NoNews {
		t.Error("it is not saved")
	}
	b.ui.Released(model.Release{})
	if b.says("has been released") || b.find("Get it from") != nil {
		t.Error("it is said of none")
	}
	if !b.says("Check for updates") {
		t.Error("there is no setting")
	}
	none := newBench(t, Settings{Name: "Ada"}, "")
	none.pressSettings()
	none.turn(model.PageAbout)
	if none.says("Check for updates") {
		t.Error("there is a setting of what cannot be asked")
	}
}

// A relay link is saved if it is whole, is of the next start, and stays out of reports.
func TestTheRelayLink(t *testing.T) {
	b := newBench(t, Settings{Name: "Ada"}, "")
	b.pressSettings()
	b.turn(model.PageNetwork)
	const name, link = "Relay link", "foyer-relay://relay.example.org:7844?v=1&k=AAAAAAAAAAAAAAAAAAAAAA&f=" +
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b.field(name).Entry.SetText(" " + link + "\n")
	b.field(name).Entry.SetText(link[:len(link)-1])
	if b.memory.set.Relay != link || b.field(name).Problem() == "" {
		t.Errorf("saved %q, problem %q", b.memory.set.Relay, b.field(name).Problem())
	}
	if told := b.memory.set.Told(); strings.Contains(told, "AAAA") {
		t.Error("a report has the link: " + told)
	}
	b.field(name).Entry.SetText("")
	if b.memory.set.Relay != "" || b.field(name).Problem() != "" {
		t.Errorf("saved %q", b.memory.set.Relay)
	}
	if odd := newBench(t, Settings{Relay: "foyer-relay://x"}, ""); odd.ui.set.Relay != "" {
		t.Errorf("taken over: %q", odd.ui.set.Relay)
	}
}
