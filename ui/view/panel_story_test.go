package view

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"

	"foyer/engine/call"
	"foyer/ui/kit"
	"foyer/ui/model"
	"foyer/ui/view/invitation"
	"foyer/ui/view/panel"
	"foyer/ui/words"
)

// said is a message that came that long before now.
func (s *stand) said(from call.Identity, name, text string, before time.Duration) {
	n := len(s.state.Chat.Lines) + 1
	s.apply(call.ChatReceived{Message: call.ChatMessage{
		ID: fmt.Sprint("m", n), Seq: int64(n), From: from, Name: name, Text: text, At: s.now.Add(-before),
	}})
}

// talk is a chat with everything that a chat can have.
func (s *stand) talk() {
	s.enter(4)
	s.state.Open(model.PanelChat)
	s.said("u0", "Grace Hopper", "The slides are at https://example.org/review/slides?page=3 – have a look.", 9*time.Minute)
	s.said("u0", "Grace Hopper", "I am ready when you are.", 9*time.Minute)
	s.said("ada", "Ada Lovelace", "Two minutes, I am looking for my headphones.\nThen we start with page 3.", 8*time.Minute)
	now := s.now
	s.now = now.Add(-2 * time.Minute)
	s.apply(call.ParticipantJoined{Participant: call.Participant{Identity: "rad", SID: "PA_rad", Name: "Radia Perlman"}},
		call.ParticipantLeft{Participant: call.Participant{Identity: "rad"}, Reason: call.ReasonRemoved, By: "Grace Hopper", Text: "wrong meeting, sorry"})
	s.now = now
	s.said("u2", "Margaret Hamilton", "Grüße aus Zürich!", time.Minute)
	s.state.SetDraft("Here we go")
}

// host is a room in which we may moderate, with the list of people open.
func (s *stand) host() {
	s.enter(9)
	s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleHost}})
	s.state.Open(model.PanelPeople)
	s.apply(call.Moderated{Op: call.OpMembers, Members: []call.MemberRow{
		{ID: "u0", Role: call.RoleCoHost}, {ID: "u2", Role: call.RoleListener}, {ID: "u3", Role: call.RoleParticipant},
	}}, call.SpeakersChanged{Speakers: []call.SpeakerLevel{{ID: "u3", Level: 0.4}}})
	_, others := people(9)
	lost, muted := others[5], others[1]
	lost.Lost, muted.Muted = true, true
	s.apply(call.ParticipantUpdated{Participant: lost}, call.ParticipantUpdated{Participant: muted})
}

// outside lets people wait to be let in, and so many more.
func (s *stand) outside(more int, names ...string) {
	rows := make([]call.WaiterRow, len(names))
	for i, name := range names {
		rows[i] = call.WaiterRow{ID: fmt.Sprint("w", i), Identity: call.Identity(fmt.Sprint("x", i)), Name: name}
	}
	s.apply(call.WaitersChanged{Count: len(names) + more, Name: names[len(names)-1]},
		call.Moderated{Op: call.OpWaiting, Waiting: rows, More: more})
}

func panelScreens() []screen {
	return []screen{
		{"chat", "light", (*stand).talk},
		{"covers", "small", func(s *stand) {
			s.enter(2)
			s.state.Open(model.PanelChat)
			s.said("u0", "Grace Hopper", "Can you hear me?", time.Minute)
			s.said("ada", "Ada Lovelace", "Not yet. One moment, please: I am in the wrong window.", time.Minute)
		}},
		{"empty", "", func(s *stand) {
			s.enter(2)
			s.state.Open(model.PanelChat)
		}},
		{"muted", "", func(s *stand) {
			s.enter(2)
			s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, Muted: true}})
			s.state.Open(model.PanelChat)
			s.said("u0", "Grace Hopper", "I have muted you for a moment.", time.Minute)
			s.state.SetDraft("kept")
		}},
		{"failed", "", func(s *stand) {
			s.enter(2)
			s.state.Open(model.PanelChat)
			s.state.SetDraft("not sent")
			s.state.RefuseChat(call.ErrChatTooFast)
			s.apply(call.RulesChanged{Standing: call.Standing{Role: call.RoleParticipant, ChatOff: true}})
		}},
		{"unread", "", func(s *stand) {
			s.enter(2)
			s.said("u0", "Grace Hopper", "Are you there?", time.Minute)
		}},
		{"people", "dark", (*stand).host},
		{"waiting", "small", func(s *stand) {
			s.host()
			s.outside(980, "Radia Perlman", "Barbara Liskov", "Frances Allen", "Wang Xiaoyun of the department for long names", "Eve")
		}},
		{"waiting-one", "", func(s *stand) {
			s.host()
			s.outside(0, "Radia Perlman")
		}},
		{"nobody", "", func(s *stand) {
			s.host()
			s.state.Search = "zz"
		}},
		{"bans", "dark", func(s *stand) {
			s.host()
			s.state.Open(model.PanelBans)
			s.apply(call.Moderated{Op: call.OpBans, Bans: []call.BanRow{
				{ID: "mallory", Name: "Mallory", By: "Ada Lovelace", Text: "spam", Until: s.now.Add(10 * time.Minute).UnixMilli()},
				{ID: "eve", Name: "Eve"},
			}})
		}},
		{"nobans", "", func(s *stand) {
			s.host()
			s.state.Open(model.PanelBans)
			s.apply(call.Moderated{Op: call.OpBans})
		}},
		{"members-failed", "", func(s *stand) {
			s.host()
			s.apply(call.CommandFailed{Command: "members", Err: call.ErrUnreachable})
		}},
	}
}

// The menu of a person, over the list.
func TestPersonMenu(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.host()
	s.show()
	press := func(k fyne.KeyName) { s.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: k}) }
	s.win.Canvas().Focus(s.root.PanelFocus())
	for range 3 {
		press(fyne.KeyDown)
	}
	press(fyne.KeyReturn)
	s.golden("menu")
	s.apply(call.ParticipantLeft{Participant: call.Participant{Identity: "u3"}, Reason: call.ReasonLeft})
	s.root.Update(s.state, s.form, s.now)
	if len(s.win.Canvas().Overlays().List()) != 0 {
		t.Error("the menu is about somebody who has gone")
	}
}

func TestPanel(t *testing.T) { golden(t, "panel", panelScreens()) }

// The invitation, over the room.
func TestInvitation(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.enter(2)
	s.show()
	link := call.Link{
		Hosts: []string{"192.168.1.10:7843"}, Room: "r-abcdefgh", Title: "Design review", Secret: "0123456789abcdefghijkl",
	}
	var sheet invitation.Sheet
	copied := false
	sheet.Show(s.win.Canvas(), words.English(), link, func() { copied = true })
	s.golden("invitation")
	s.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !copied {
		t.Error("Enter does not copy the link")
	}
	sheet.Settle(link.String())
	if !sheet.Open() {
		t.Error("the sheet goes while the link is good")
	}
	sheet.Settle("")
	if sheet.Open() || len(s.win.Canvas().Overlays().List()) != 0 {
		t.Error("the sheet stays when the link is no good")
	}
}

// What a host is asked before somebody is banned.
func TestRemovalDialog(t *testing.T) {
	drawsMuch(t)
	s := newStand(t, normal, fynetheme.VariantDark)
	s.host()
	s.show()
	r := panel.NewRemoval(words.English(), "Alan", true, func() {})
	r.Times.Choose(1)
	r.Reason.SetText("wrong meeting, sorry")
	r.Tell.On = true
	kit.AskQuestion(s.win.Canvas(), r.Question(), func() {}, func() {})
	s.golden("removal")
}
