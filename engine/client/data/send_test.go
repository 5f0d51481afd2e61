package data

import (
	"testing"
	"time"

	"foyer/engine/call"
)

func TestKeptPackets(t *testing.T) {
	d := &Sender{}
	for i := range uint32(100) {
		d.keep(i+1, make([]byte, 10_000))
	}
	if d.keptSize > keptBytes || len(d.kept) > keptPackets {
		t.Errorf("%d packets, %d bytes are kept", len(d.kept), d.keptSize)
	}
	if got := len(d.After(98)); got != 2 {
		t.Errorf("%d packets after 98, want 2", got)
	}
}

// What may have been said to nobody when the connection broke is said again.
func TestDoubtedChat(t *testing.T) {
	lost := time.Unix(1000, 0)
	d := &Sender{}
	for i := range 10 {
		d.sent += 100
		d.Said(call.ChatMessage{ID: string(rune('0' + i)), At: lost.Add(time.Duration(i-60) * time.Second)})
	}
	ids := func(list []call.ChatMessage) (all string) {
		for _, m := range list {
			all += m.ID
		}
		return all
	}
	for waiting, want := range map[uint64]string{0: "", 1: "9", 100: "9", 101: "89", 5000: "0123456789"} {
		if got := ids(d.doubted(waiting, lost)); got != want {
			t.Errorf("%d bytes wait: %q, want %q", waiting, got, want)
		}
	}
	if got := ids(d.doubted(0, lost.Add(-51*time.Second-time.Millisecond+doubtful-2*time.Second))); got != "789" { // of the last seconds
		t.Errorf("just before the end: %q", got)
	}
	d.carried = []call.ChatMessage{{ID: "c"}}
	if got := ids(d.doubted(100, lost)); got != "c9" {
		t.Errorf("carried twice: %q", got)
	}
	for range 2 * keptChat {
		d.Said(call.ChatMessage{ID: "x", At: lost})
	}
	if n := len(d.doubted(0, lost)); n != keptChat {
		t.Errorf("%d messages are kept", n)
	}
}
