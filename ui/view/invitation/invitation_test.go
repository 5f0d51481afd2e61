package invitation

import (
	"strings"
	"testing"

	"foyer/engine/call"
	"foyer/ui/words"
)

// TestBrowserNote: the note says whom the one address serves that a browser tries, in each
// language.
func TestBrowserNote(t *testing.T) {
	near, six, far := "192.168.1.10:7843", "[2001:db8::7]:7843", "203.0.113.5:7843"
	for _, l := range words.Languages() {
		book := words.Choose(l.Code, nil)
		for _, tt := range []struct {
			hosts   []string
			key, at string
		}{
			{[]string{near, six}, "invite.browser.network", near},
			{[]string{near, far}, "invite.browser.internet", far},
			{[]string{"127.0.0.1:7843"}, "invite.browser.computer", "127.0.0.1:7843"},
		} {
			link := call.Link{Hosts: tt.hosts, Room: "mine", Secret: "secret"}
			got, want := browserNote(book, link), book.T(tt.key, "address", tt.at)
			if !strings.Contains(got, tt.at) || !strings.HasSuffix(got, want) {
				t.Errorf("%s, %v: %q", l.Code, tt.hosts, got)
			}
		}
	}
}
