package model

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

func message(id string, seq int64, from, text string) call.ChatReceived {
	return call.ChatReceived{Message: call.ChatMessage{
		ID: id, Seq: seq, From: call.Identity(from), Text: text, At: epoch.Add(time.Duration(seq) * time.Second),
	}}
}

// history is a message that was said before our time.
func history(id string, seq int64, from, text string) call.ChatReceived {
	m := message(id, seq, from, text)
	m.Message.At, m.History = epoch.Add(-time.Hour+time.Duration(seq)*time.Second), true
	return m
}

func text(c *Chat) string {
	var all []string
	for _, l := range c.All() {
		switch {
		case l.Kind == LineJoined:
			all = append(all, "+"+l.Name)
		case l.Kind == LineGone:
			all = append(all, "-"+l.Name)
		case l.Sending:
			all = append(all, "("+l.Message.Text+")")
		default:
			all = append(all, l.Message.Text)
		}
	}
	return strings.Join(all, " ")
}

func TestChatKeepsTheServersOrder(t *testing.T) {
	s := joined(person("ann", "PA_1"))
	apply(s, message("m5", 5, "ann", "e"), history("m3", 3, "ann", "c"), history("m4", 4, "ann", "d"), message("m6", 6, "ann", "f"),
		call.ParticipantJoined{Participant: person("bob", "PA_2")}, message("m7", 0, "ann", "g"), call.ParticipantLeft{Participant: person("bob", "PA_2"), Reason: call.ReasonLeft})
	if got := text(&s.Chat); got != "c d e f +BOB g -BOB" {
		t.Error(got)
	}
	if name := s.Chat.Lines[0].Message.Name; name != "ANN" {
		t.Errorf("a message without a name is by %q", name)
	}
}

// Somebody's first words may come before the news that they came: the line says it
// before them, and after what others said.
func TestWhoSpeaksHasJoined(t *testing.T) {
	s := joined(person("ann", "PA_1"))
	apply(s, message("m1", 1, "ann", "a"), message("m2", 2, "bob", "b"), message("m3", 3, "bob", "c"),
		call.ParticipantJoined{Participant: person("bob", "PA_2")},
		message("m9", 9, "eve", "long ago"), call.ParticipantJoined{Participant: person("eve", "PA_3")})
	if got := text(&s.Chat); got != "a +BOB b c long ago +EVE" {
		t.Error(got)
	}
}

// Unread is what others say where nobody looks: not our own words, nor what was
// said before our time.
func TestUnread(t *testing.T) {
	s := joined(person("ann", "PA_1"))
	apply(s, history("m1", 1, "ann", "old"), message("m2", 2, "ann", "a"), message("m3", 3, "me", "b"), message("m4", 4, "ann", "c"))
	if s.Chat.Unread != 2 {
		t.Errorf("%d unread, want 2", s.Chat.Unread)
	}
	s.Open(PanelPeople)
	apply(s, message("m5", 5, "ann", "d"))
	if s.Chat.Unread != 3 {
		t.Errorf("%d unread beside the list of people, want 3", s.Chat.Unread)
	}
	s.Open(PanelChat)
	apply(s, message("m6", 6, "ann", "e"))
	if s.Chat.Unread != 0 {
		t.Errorf("%d unread in the open chat", s.Chat.Unread)
	}
	s.Read(false) // scrolled up
	apply(s, message("m7", 7, "ann", "f"))
	if s.Chat.Unread != 1 {
		t.Errorf("%d unread below, want 1", s.Chat.Unread)
	}
	s.Read(true)
	if s.Chat.Unread != 0 {
		t.Error("the end in view is still unread")
	}
}

// What is said is shown at once, once, and where it cannot be sent it comes back,
// in order, before what has been typed since.
func TestSaying(t *testing.T) {
	s := joined(person("ann", "PA_1"))
	say := func(words string) {
		s.SetDraft(words)
		s.Say(s.Chat.Message(), epoch)
	}
	say("u\u0308\u202e") // arrives composed, and without what turns the text round
	apply(s, message("m0", 0, "me", "ü"))
	if got := text(&s.Chat); got != "ü" {
		t.Errorf("%q", got)
	}
	s = joined(person("ann", "PA_1"))
	say("one\n")
	say("two")
	say("three")
	if got := text(&s.Chat); got != "(one) (two) (three)" || s.Chat.Draft != "" {
		t.Errorf("%q, draft %q", got, s.Chat.Draft)
	}
	apply(s, message("m1", 1, "me", "one"))
	if got := text(&s.Chat); got != "one (two) (three)" {
		t.Error(got)
	}
	s.SetDraft("typed")
	failed := func(words string) {
		apply(s, call.CommandFailed{Command: CommandChat, Text: words, Err: call.ErrMuted})
	}
	failed("two")
	failed("three")
	if got := text(&s.Chat); got != "one" || s.Chat.Draft != "two\nthree\ntyped" || s.Chat.Err == nil {
		t.Errorf("%q, draft %q, error %v", got, s.Chat.Draft, s.Chat.Err)
	}
	if len(s.Notices) != 0 {
		t.Error("it is said in passing too")
	}
	s.SetDraft("two")
	if s.Chat.Err != nil {
		t.Error("the failure is still said beside another text")
	}
	s.RefuseChat(call.ErrChatTooFast)
	if s.Chat.Draft != "two" || s.Chat.Err == nil {
		t.Errorf("draft %q, error %v", s.Chat.Draft, s.Chat.Err)
	}
}

func TestTheLargestMessage(t *testing.T) {
	s := joined()
	s.SetDraft(strings.Repeat("ß", call.MaxChat/2))
	if s.Chat.Err != nil || s.Chat.Message() != s.Chat.Draft {
		t.Errorf("%v", s.Chat.Err)
	}
	s.SetDraft(strings.Repeat("ß", call.MaxChat/2) + "x")
	if s.Chat.Err == nil {
		t.Error("nothing says that it is too long")
	}
	for _, blank := range []string{"", " ", "\n\n", " \n\t"} {
		if s.SetDraft(blank); s.Chat.Message() != "" {
			t.Errorf("%q would be sent as %q", blank, s.Chat.Message())
		}
	}
	if s.SetDraft("\n  a\n b \n"); s.Chat.Message() != "  a\n b" {
		t.Errorf("%q", s.Chat.Message())
	}
}

// A draft, and what was not confirmed, is there again after a rejoin of the same
// room, and nowhere else.
func TestTheDraftOutlivesTheStay(t *testing.T) {
	s := joined(person("ann", "PA_1"))
	s.Open(PanelChat)
	s.SetDraft("under way")
	s.Say("under way", epoch)
	s.SetDraft("half a thou")
	version := s.Chat.Version
	apply(s, message("m1", 1, "ann", "a"), call.Left{Reason: call.ReasonConnectionLost})
	if s.Panel != PanelNone || len(s.Chat.All()) != 0 || s.Chat.Version <= version {
		t.Errorf("after the stay: panel %d, %d lines", s.Panel, len(s.Chat.All()))
	}
	back := call.Joined{Room: "r", Self: person("me", "PA_m2")}
	apply(s, back)
	if s.Chat.Draft != "under way\nhalf a thou" {
		t.Errorf("the draft is %q", s.Chat.Draft)
	}
	apply(s, call.Left{Reason: call.ReasonLeft}, call.Joined{Room: "other", Self: person("me", "PA_m3")})
	if s.Chat.Draft != "" {
		t.Errorf("another room has the draft %q", s.Chat.Draft)
	}
}

// Nothing of an earlier stay comes into the chat, and it is bounded.
func TestChatIsBounded(t *testing.T) {
	s := New()
	apply(s, message("m1", 1, "ann", "stray"), call.CommandFailed{Command: CommandChat, Text: "lost", Err: call.ErrMuted})
	if len(s.Chat.Lines) != 0 {
		t.Error("there is chat outside of a room")
	}
	s = joined(person("ann", "PA_1"))
	for i := range maxLines + 50 {
		apply(s, message(fmt.Sprint(i), int64(i+1), "ann", "x"))
	}
	if n := len(s.Chat.Lines); n != maxLines || s.Chat.Lines[0].Message.ID != "50" {
		t.Errorf("%d lines from %q", n, s.Chat.Lines[0].Message.ID)
	}
	big := strings.Repeat("y", call.MaxChat)
	for i := range maxLineBytes/call.MaxChat + 10 {
		apply(s, message(fmt.Sprint("big", i), int64(i+maxLines+100), "ann", big))
	}
	if s.Chat.bytes > maxLineBytes || len(s.Chat.Lines) < 1000 {
		t.Errorf("%d lines of %d bytes", len(s.Chat.Lines), s.Chat.bytes)
	}
}

func TestLinesOfOneSpeech(t *testing.T) {
	s := joined(person("ann", "PA_1"), person("bob", "PA_2"))
	for i, m := range []call.ChatReceived{
		message("1", 1, "ann", "a"), message("2", 2, "ann", "b"), message("3", 3, "bob", "c"), message("4", 400, "bob", "d"),
	} {
		s.Apply(eventqueue.Stamped{At: epoch, Event: m})
		if i == 0 {
			continue
		}
		lines := s.Chat.Lines
		if got, want := lines[i].Continues(lines[i-1]), i == 1; got != want {
			t.Errorf("line %d continues: %v", i, got)
		}
	}
}

func TestLinks(t *testing.T) {
	for in, want := range map[string]string{
		"see https://example.org/a?b=c#d.":                                                    "https://example.org/a?b=c#d",
		"(http://example.org/x_(y))":                                                          "http://example.org/x_(y)",
		"HTTPS://EXAMPLE.org, or mailto:ada@example.org!":                                     "HTTPS://EXAMPLE.org mailto:ada@example.org",
		"javascript:alert(1) file:///etc/passwd foyer://x ftp://a.b data:text/html,x ssh://h": "",
		"xhttps://a.b":                  "",
		"https:// http:///x mailto:ada": "",
		"“https://a.b/c”":               "https://a.b/c",
		"https://a.b/\u202egpj.exe":     "https://a.b/\u202egpj.exe",
	} {
		var got []string
		for _, l := range Links(in) {
			got = append(got, in[l.Start:l.End])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	// The name before the @ is not where the link leads.
	l := Links("https://bank.example@evil.example/")[0]
	if l.Host() != "evil.example" || l.Foreign() {
		t.Errorf("it leads to %q", l.Host())
	}
	if l := Links("https://ехample.org/")[0]; !l.Foreign() {
		t.Errorf("%q has plain letters", l.Host())
	}
	if s := Links("https://a.b/\u202egpj.exe")[0].URL.String(); strings.Contains(s, "\u202e") {
		t.Errorf("what turns the text round is shown as it is: %q", s)
	}
}

func FuzzLinks(f *testing.F) {
	f.Add("see https://example.org/a?b=c#d.")
	f.Add("mailto:a@b (http://[::1]:80/)")
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, l := range Links(s) {
			if l.Start < end || l.End <= l.Start || l.End > len(s) {
				t.Fatalf("%q: %d to %d", s, l.Start, l.End)
			}
			if end = l.End; l.Host() == "" {
				t.Fatalf("%q leads nowhere", s[l.Start:l.End])
			}
			switch l.URL.Scheme {
			case "http", "https", "mailto":
			default:
				t.Fatalf("%q is a link", s[l.Start:l.End])
			}
		}
	})
}
