package data

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/data/datatest"
	"foyer/engine/doorapi"
)

// Only the server's own packets are notices.
func TestNoticesAreTheServersAlone(t *testing.T) {
	n := doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "ada", Reason: "banned"}
	for name, test := range map[string]struct {
		raw  []byte
		want int
	}{
		"to everybody":                 {datatest.Notice(t, "", "", n), 1},
		"a participant's":              {datatest.Notice(t, "bob", "PA_bob", n), 0},
		"a call":                       {datatest.Call(t, "uuid", "", "uuid", n), 1},
		"a participant's call":         {datatest.Call(t, "bob", "PA_bob", "uuid", n), 0},
		"one named like its own call":  {datatest.Call(t, "uuid", "PA_bob", "uuid", n), 0},
		"a call without an id":         {datatest.Call(t, "", "", "", n), 0},
		"a call of somebody else's id": {datatest.Call(t, "other", "", "uuid", n), 0},
		"a stream on the notices topic": {datatest.Packet(t, "bob", 1, func() *livekit.DataPacket {
			p := datatest.ChatHeader("1", []byte("{}"), false, 0)
			p.GetStreamHeader().Topic = doorapi.TopicNotice
			return p
		}()), 0},
	} {
		d := NewReceiver(false)
		items := d.Receive(test.raw, false, time.Now())
		notices := slices.DeleteFunc(slices.Clone(items), func(i Item) bool { _, is := i.(Notice); return !is })
		if len(notices) != test.want || len(items) != len(notices) {
			t.Errorf("%s: %v", name, items)
		}
	}
	for name, raw := range map[string]string{
		"not JSON": "x", "no kind": `{"id":"ada"}`, "too long": `{"kind":"room","text":"` + strings.Repeat("x", doorapi.MaxNotice) + `"}`,
	} {
		if _, ok := parseNotice([]byte(raw)); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	clean, ok := parseNotice([]byte(`{"kind":"put_out","by":"Eve\n\u202eevE","text":"` + strings.Repeat("ä", call.MaxText) + `","role":"king"}`))
	if !ok || clean.By != "Eve evE" || len(clean.Text) > call.MaxText || clean.Role != "" {
		t.Errorf("cleaned: %q, %d bytes, role %q", clean.By, len(clean.Text), clean.Role)
	}
}
