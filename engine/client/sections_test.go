package client

import (
	"testing"
	"time"

	"foyer/engine/call"
)

// TestNegotiationHasAnEnd subscribes to a track and takes that back before its
// media section is there, again and again. The server then lacks a section that no
// offer brings, and asks for it without an end.
func TestNegotiationHasAnEnd(t *testing.T) {
	server := sharedServer(t)
	room := roomName(t)
	b := join(t, server.request(t, room, "bystander"), nil)
	b.connected()
	eve := join(t, server.request(t, room, "eve"), nil)
	eve.connected()
	publish(t, eve, microphoneSpec())
	first, _, _ := wait[call.TrackPublished](b, 0, "a track", nil)
	offers := func() (n uint32) {
		if err := b.ask(t.Context(), func() error { n = b.transport.Pub.OfferID; return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 20 {
		for _, wants := range [][]call.Subscription{{{Track: first.Track.SID}}, nil} {
			if err := b.Subscribe(t.Context(), wants); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := offers()
	time.Sleep(3 * time.Second) // what must not happen has no event
	if n := offers() - before; n > 4+4 {
		t.Errorf("%d offers in 3 s", n)
	}
	// It still hears what it wants to hear, however often it has tried in vain.
	const longWait = 30
	if err := b.ask(t.Context(), func() error {
		b.transport.Lacking.Tries = longWait
		b.alarms.Set(alarmSections, b.transport.Lacking.Wait())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	mark, began := len(b.seen()), time.Now()
	if err := b.Subscribe(t.Context(), []call.Subscription{{Track: first.Track.SID}}); err != nil {
		t.Fatal(err)
	}
	wait[call.RemoteTrackReady](b, mark, "the track", nil)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the track came after %v", took)
	}
}
