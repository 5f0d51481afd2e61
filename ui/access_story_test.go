package ui

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/ui/access"
)

// readBench is a window in a room, with somebody who is read to.
func readBench(t *testing.T, set Settings) (*bench, *access.Voice) {
	t.Helper()
	voice := &access.Voice{}
	set.Name = "Ada"
	b := newBenchWith(t, set, func(c *Config) { c.Voice = voice })
	b.join(invite("r-1"), ada)
	voice.Listen(true)
	b.listens(voice)
	return b, voice
}

// listens is what is said since the last time.
func (b *bench) listens(v *access.Voice) (all []string) {
	v.Gather()
	for _, said := range v.Take() {
		all = append(all, said.Text)
	}
	return all
}

// What others see come and go is said while the window is minimized, too, and while only
// the small one is there, and not again once the window is back.
func TestItIsSaidBehindOtherWindows(t *testing.T) {
	for name, small := range map[string]bool{"minimized": false, "small window": true} {
		t.Run(name, func(t *testing.T) {
			b, voice := readBench(t, Settings{Small: small})
			b.frame.hidden(true)
			if (b.over() != nil) != small {
				t.Fatalf("the small window is there: %v", !small)
			}
			b.events(graceComes())
			b.chats("Grace", "can you hear this?")
			if got := b.listens(voice); !slices.Equal(got, []string{"Grace joined", "Grace says: can you hear this?"}) {
				t.Errorf("said %q", got)
			}
			b.events(call.StateChanged{State: call.StateReconnecting})
			if got := b.listens(voice); len(got) != 1 || got[0][:12] != "Reconnecting" {
				t.Errorf("said %q", got)
			}
			b.events(call.Left{Reason: call.ReasonRemoved, Stayed: time.Minute, By: "Grace"})
			if got := b.listens(voice); len(got) != 1 {
				t.Errorf("the farewell is said as %q", got)
			}
			b.frame.hidden(false)
			if got := b.listens(voice); len(got) != 0 {
				t.Errorf("said again: %q", got)
			}
		})
	}
}

// A screen reader that begins to listen hears the notices that are still shown, and nothing
// that was before; what nobody hears is not put into words.
func TestWhoBeginsToListen(t *testing.T) {
	voice := &access.Voice{}
	b := newBenchWith(t, Settings{Name: "Ada"}, func(c *Config) { c.Voice = voice })
	b.join(invite("r-1"), ada)
	b.events(graceComes())
	b.chats("Grace", "before")
	if got := b.listens(voice); len(got) != 0 {
		t.Errorf("nobody listens, and is told %q", got)
	}
	voice.Listen(true)
	if got := b.listens(voice); !slices.Equal(got, []string{"Grace joined"}) {
		t.Errorf("said %q", got)
	}
	voice.Listen(false)
	voice.Listen(true)
	if got := b.listens(voice); len(got) != 0 {
		t.Errorf("said again: %q", got)
	}
}

// After a storm, the newest is said and no more than anybody could listen to.
func TestAStormIsSaidBriefly(t *testing.T) {
	b, voice := readBench(t, Settings{})
	b.events(graceComes())
	b.listens(voice)
	for i := 0; i < 10_000; i += 100 {
		var many []call.Event
		for j := i; j < i+100; j++ {
			many = append(many, call.ChatReceived{Message: call.ChatMessage{
				ID: fmt.Sprint(j), From: "u-grace", Name: "Grace", Text: fmt.Sprint("message ", j), At: b.now,
			}})
		}
		b.events(many...)
		if got := b.listens(voice); len(got) != 3 || got[2] != fmt.Sprint("Grace says: message ", i+99) {
			t.Fatalf("after %d messages %q is said", i+100, got)
		}
	}
}
