package view

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/access"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/uitest"
	"foyer/ui/video"
	"foyer/ui/view/invitation"
	"foyer/ui/words"
)

// read is the window as a screen reader has it.
func (s *stand) read() *access.Node { return access.Read(s.win.Canvas(), "Foyer") }

// each visits a tree from the outside in.
func each(n *access.Node, visit func(*access.Node)) {
	visit(n)
	for _, c := range n.Children {
		each(c, visit)
	}
}

// node is the first of a role and name.
func (s *stand) node(role access.Role, name string) *access.Node {
	s.t.Helper()
	var found *access.Node
	var all []string
	each(s.read(), func(n *access.Node) {
		if n.Role == role && n.Name == name && found == nil {
			found = n
		}
		all = append(all, fmt.Sprintf("%s %q", n.Role, n.Name))
	})
	if found == nil {
		s.t.Fatalf("there is no %s %q, but %s", role, name, strings.Join(all, ", "))
	}
	return found
}

// Every control that the keyboard reaches, on every screen and in every language, has
// a name that no other one beside it has, unless it is a person, and a role.
func TestEveryControlHasAName(t *testing.T) {
	drawsMuch(t)
	for _, l := range words.Languages() {
		t.Run(l.Code, func(t *testing.T) {
			for _, sh := range shots() {
				s := newStandIn(t, l.Code, sh.size, fynetheme.VariantDark)
				s.blind = true
				sh.prepare(s)
				s.namesControls(sh.name)
				for _, over := range s.win.Canvas().Overlays().List() {
					s.win.Canvas().Overlays().Remove(over)
				}
			}
		})
	}
}

// namesControls looks at what is on the window now.
func (s *stand) namesControls(where string) {
	s.t.Helper()
	tree := s.read()
	known := map[any]*access.Node{}
	each(tree, func(n *access.Node) {
		known[n.Key] = n
		names := map[string]bool{}
		for _, c := range controls(n) {
			if c.Role == access.RoleVideo { // people may be called alike
				continue
			}
			if id := string(c.Role) + " " + c.Name; names[id] {
				s.t.Errorf("%s: %q has two %s %q", where, n.Name, c.Role, c.Name)
			} else {
				names[id] = true
			}
		}
	})
	top := fyne.CanvasObject(s.root.Content)
	if over := s.win.Canvas().Overlays().Top(); over != nil {
		top = over
	}
	uitest.Walk(top, func(o fyne.CanvasObject) {
		if _, ok := o.(fyne.Focusable); !ok {
			return
		}
		n := known[o]
		switch {
		case n == nil:
			s.t.Errorf("%s: a reader does not find the %T", where, o)
		case strings.TrimSpace(n.Name) == "":
			s.t.Errorf("%s: a %s has no name (%T)", where, n.Role, o)
		case n.Role == access.RoleNone || n.Role == access.RoleContainer:
			s.t.Errorf("%s: %q has no role", where, n.Name)
		}
	})
}

// controls are the children that the keyboard reaches, those of groups without a name
// included.
func controls(n *access.Node) (all []*access.Node) {
	for _, c := range n.Children {
		if c.State.Has(access.Focusable) {
			all = append(all, c)
		}
	}
	return all
}

// What lies below a question cannot be reached, and is there again after it.
func TestAQuestionHidesWhatIsBelow(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(3)
	s.show()
	s.node(access.RoleButton, "Mute (M)")
	d := kit.Ask(s.win.Canvas(), "Leave?", "They go on.", "Leave", "Stay", func() {}, func() {})
	dialog := s.node(access.RoleDialog, "Leave?")
	if !dialog.State.Has(access.Modal) {
		t.Error("the question is not modal")
	}
	if stay := s.node(access.RoleButton, "Stay"); !stay.State.Has(access.Focused) {
		t.Error("the keyboard is on Stay, and the reader is not told")
	}
	each(s.read(), func(n *access.Node) {
		if n.Name == "Mute (M)" {
			t.Error("a button below the question is there")
		}
	})
	d.Close()
	s.node(access.RoleButton, "Mute (M)")
}

// Pressing by a reader is what pressing by hand is; what cannot be pressed says so.
func TestReaderPresses(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.show()
	s.node(access.RoleButton, "Mute (M)").Press()
	s.node(access.RoleButton, "Leave (Ctrl+L)").Press()
	if want := []string{"mic", "leave"}; !slices.Equal(s.act.done[len(s.act.done)-2:], want) {
		t.Errorf("pressed %q", s.act.done)
	}
	s.apply(call.StateChanged{State: call.StateLeaving})
	s.show()
	if b := s.node(access.RoleButton, "Mute (M)"); b.Press != nil || !b.State.Has(access.Disabled) {
		t.Errorf("a disabled button can be pressed: %+v", b)
	}
	s.state = model.New()
	s.root.shown = -1
	s.show()
	field := s.node(access.RoleEntry, s.book.T("lobby.name"))
	field.Write("Grace")
	if got := s.act.done[len(s.act.done)-1]; got != "name Grace" {
		t.Errorf("what is entered by a reader came as %q", got)
	}
}

// Tiles say who it is and what their signs mean; rows of people and of the chat do, too.
func TestTilesAndRowsSayTheirSigns(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(3)
	s.apply(call.HandsChanged{Hands: []call.Hand{{ID: "u1"}}})
	s.state.Panel = model.PanelPeople
	s.show()
	if n := s.node(access.RoleVideo, "Linus"); n.Detail != "Muted, Hand raised, number 1" || n.Press == nil {
		t.Errorf("the tile says %q", n.Detail)
	}
	if n := s.node(access.RoleRow, "Linus"); n.Detail != "Muted, Hand raised, number 1" || n.Press == nil {
		t.Errorf("the row says %q", n.Detail)
	}
	s.apply(call.ChatReceived{Message: call.ChatMessage{ID: "1", From: "u0", Name: "Grace Hopper", Text: "hello", At: s.now}})
	s.state.Panel = model.PanelChat
	s.show()
	s.node(access.RoleRow, "Grace Hopper: hello, "+s.now.Add(-40*time.Millisecond).Format("15:04"))
}

// The invitation says what its image is; who waits has a row, whose buttons are of them.
func TestInvitationAndThoseWhoWait(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.host()
	s.outside(0, "Radia Perlman", "Eve")
	s.show()
	for _, name := range []string{"Radia Perlman", "Eve"} {
		row := s.node(access.RoleRow, name)
		if all := controls(row); len(all) != 2 || all[0].Press == nil || all[1].Press == nil {
			t.Errorf("the row of %s has %d controls", name, len(all))
		}
	}
	var sheet invitation.Sheet
	copied := false
	sheet.Show(s.win.Canvas(), s.book, s.state.Room.Link, func() { copied = true })
	s.node(access.RoleImage, "QR code of the link")
	s.node(access.RoleText, s.state.Room.Link.String())
	s.node(access.RoleButton, "Copy the link").Press()
	s.node(access.RoleButton, "Copied")
	if !copied {
		t.Error("a reader cannot copy the link")
	}
}

// With nobody who listens nothing is put into words: a frame takes no more memory with a
// voice than without, nor does a tile say its signs.
func TestNothingIsPutIntoWordsForNobody(t *testing.T) {
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(3)
	s.show()
	least := func() float64 { // others take memory meanwhile
		var all []float64
		for range 5 {
			all = append(all, testing.AllocsPerRun(5, func() {
				s.root.Update(s.state, s.form, s.now)
				s.root.Tick(s.now)
			}))
		}
		return slices.Min(all)
	}
	said := 0
	for _, tile := range s.root.room.stage.tiles {
		tile.Says = func(video.Look) string { said++; return "" }
	}
	without := least()
	voice := &access.Voice{}
	s.root.Attach(nil, voice)
	with := least()
	t.Logf("allocations per frame: %v without a voice, %v with one that nobody hears", without, with)
	if with > without+2 || said != 0 {
		t.Errorf("%v allocations instead of %v, %d tiles say their signs", with, without, said)
	}
	voice.Listen(true)
	voice.Gather()
	s.read()
	if said != len(s.root.room.stage.tiles) {
		t.Errorf("%d tiles say their signs to a reader", said)
	}
}

// What others see come and go is said, once, and nothing while nobody listens.
func TestWhatIsSaid(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	voice := &access.Voice{}
	s.root.Attach(nil, voice)
	says := func(want ...string) {
		t.Helper()
		s.show()
		voice.Gather()
		var got []string
		for _, said := range voice.Take() {
			got = append(got, said.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("said %q, want %q", got, want)
		}
	}
	s.show()
	voice.Listen(true)
	says()
	s.enter(2)
	says("You are in “Design review”", "1 person", "Microphone on", "Camera on")
	says()
	s.apply(call.ParticipantJoined{Participant: call.Participant{Identity: "hedy", SID: "PA_h", Name: "Hedy"}})
	says("Hedy joined")
	s.apply(call.ChatReceived{Message: call.ChatMessage{ID: "1", From: "u0", Name: "Grace Hopper", Text: "hello", At: s.now}})
	says("Grace Hopper says: hello")
	s.apply(call.TrackMuted{ID: "ada", Local: true, Track: call.Track{SID: "Lmicrophone", Source: call.SourceMicrophone}})
	says("You are muted")
	s.apply(call.StateChanged{State: call.StateReconnecting})
	says("Reconnecting…\nYour connection is interrupted. Foyer reconnects as soon as it can. You can leave at any time.")
	s.apply(call.StateChanged{State: call.StateJoined})
	says()
	left := farewells(s.now)["banned"]
	s.apply(left)
	s.show()
	voice.Gather()
	all := voice.Take()
	text := s.book.Left(left, s.now)
	if len(all) != 1 || !all[0].Urgent || !strings.HasPrefix(all[0].Text, text.Title) || !strings.Contains(all[0].Text, text.Detail) {
		t.Errorf("the farewell is said as %+v, want %+v", all, text)
	}
	s.node(access.RoleHeading, text.Title)
	voice.Listen(false)
	s.enter(2)
	s.show()
	voice.Listen(true)
	says()
}
