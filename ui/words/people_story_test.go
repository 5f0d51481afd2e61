package words

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// A name that is written from right to left does not turn the sentence.
func TestNamesAreIsolated(t *testing.T) {
	b := English()
	for name, want := range map[string]string{
		"Ada": "Ada joined", "محمد": "\u2068محمد\u2069 joined", "עדה\u200e (2)": "\u2068עדה\u200e (2)\u2069 joined", "王": "王 joined",
	} {
		if got := b.T("room.joined", "name", name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The host's table has no empty cell for an invisible name or ID.
func TestNobodyIsInvisibleInTables(t *testing.T) {
	b := Tables{English()}
	table := b.Members(doorapi.MembersAnswer{Members: []call.MemberRow{
		{ID: "a", Name: "\u3164"}, {ID: "b\u200b", Name: "Bob\u202e"}, {ID: "\u2800", Name: "\u200b"}, {ID: "c", Name: "Paul (2)"},
	}}, now())
	for i, want := range [][2]string{{"a", "a"}, {"bU+200B", "Bob"}, {"U+2800", "U+2800"}, {"c", "Paul (2)"}} {
		if got := table.Rows[i]; got[0] != want[0] || got[1] != want[1] {
			t.Errorf("row %d: %q, want %q", i, got[:2], want)
		}
	}
}

// A join that fails for a clock that is off says what time it is at the server.
func TestClockSaysTheServersTime(t *testing.T) {
	at := now().Add(26 * time.Hour)
	got := English().Error(fmt.Errorf("join: %w", &call.ClockError{Server: at}), "", call.SourceUnknown, now()).String()
	if want := English().Until(at, now()); !strings.Contains(got, want) || !strings.Contains(got, "date and time of this computer") {
		t.Errorf("%q does not say %q", got, want)
	}
	if got := English().Error(&call.ClockError{}, "", call.SourceUnknown, now()).String(); strings.Contains(got, "0001") || !strings.Contains(got, "clock") {
		t.Errorf("%q", got)
	}
}
