package desk

import (
	"strings"
	"testing"
	"unicode/utf8"

	"foyer/ui/words"
)

func TestNote(t *testing.T) {
	book := words.English()
	for name, tt := range map[string]struct {
		happens     func(a *Announcer)
		title, text string
		private     string // text, of a private one
	}{
		"a message": {func(a *Announcer) { a.Said("Grace", "hello") }, "Grace", "hello", "1 new message"},
		"messages": {func(a *Announcer) {
			a.Said("Grace", "hello")
			a.Said("Linus", "bye")
		}, "2 new messages", "Linus: bye", "2 new messages"},
		"a join": {func(a *Announcer) { a.Joined("Grace") }, "Design review", "Grace joined", "1 person joined"},
		"joins": {func(a *Announcer) {
			for range 12 {
				a.Joined("Grace")
			}
		}, "Design review", "12 people joined", "12 people joined"},
		"somebody waits": {func(a *Announcer) { a.Waits("Grace", 1) }, "Design review", "Grace wants to come in", "1 person is waiting to be let in"},
		"a crowd waits": {func(a *Announcer) {
			a.Waits("Linus", 1)
			a.Waits("Grace", 981)
		}, "Design review", "Grace and 980 more want to come in", "981 people are waiting to be let in"},
		"both": {func(a *Announcer) {
			a.Joined("Grace")
			a.Said("Grace", "hello")
		}, "Grace", "hello\nGrace joined", "1 new message\n1 person joined"},
		"the end": {func(a *Announcer) {
			a.Joined("Grace")
			a.Said("Grace", "hello")
			a.Ended("Grace removed you from the room", "“sorry”")
		}, "Grace removed you from the room", "“sorry”", "The call has ended"},
		"right to left":      {func(a *Announcer) { a.Joined("שלום") }, "Design review", "\u2068שלום\u2069 joined", "1 person joined"},
		"control characters": {func(a *Announcer) { a.Said("Grace", "a\x1b[31m\u202eb") }, "Grace", "a[31mb", "1 new message"},
	} {
		t.Run(name, func(t *testing.T) {
			var a Announcer
			a.Enter("Design review")
			tt.happens(&a)
			if n := a.Note(book, false); n.Title != tt.title || n.Text != tt.text {
				t.Errorf("got %q, %q; want %q, %q", n.Title, n.Text, tt.title, tt.text)
			}
			if n := a.Note(book, true); n.Title != "Foyer" || n.Text != tt.private {
				t.Errorf("private: got %q, %q; want %q", n.Title, n.Text, tt.private)
			}
			if !a.Seen() || a.Seen() {
				t.Error("what was seen is not forgotten")
			}
		})
	}
}

// What comes from others may be as long as the room allows, and a notification is
// short.
func TestNotesAreShort(t *testing.T) {
	var a Announcer
	a.Enter(strings.Repeat("r", 300))
	for _, text := range []string{strings.Repeat("x", 60_000), strings.Repeat("é👩‍👩‍👧", 9000), strings.Repeat("\n", 9000) + "x"} {
		a.Said(strings.Repeat("שלום", 100), text)
		a.Joined(strings.Repeat("n", 255))
		n := a.Note(words.English(), false)
		if utf8.RuneCountInString(n.Title) > 70 || utf8.RuneCountInString(n.Text) > 400 || !utf8.ValidString(n.Title+n.Text) {
			t.Errorf("a notification of %d and %d bytes", len(n.Title), len(n.Text))
		}
	}
}
