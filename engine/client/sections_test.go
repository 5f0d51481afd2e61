package client

import (
	"fmt"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/rtp"
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

// TestEarlyOffers answers a new connection's offers without the tracks that were
// asked for just before. Foyer offers again at once, and not for ever: the server
// asks for the section of a track that it has later.
func TestEarlyOffers(t *testing.T) {
	for _, c := range []struct {
		name  string
		offer uint32
		wants int
		mids  map[string]string
		again bool
	}{
		{"nothing wanted", 1, 0, nil, false},
		{"the track is missing", 1, 1, nil, true},
		{"the track is there", 1, 1, map[string]string{"0": "TR_0"}, false},
		{"one of two is missing", 2, 2, map[string]string{"0": "TR_0"}, true},
		{"asked often enough", earlyOffers, 1, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := bareSession(New(Config{}), joinResponse())
			tr, err := rtp.NewTransport(rtp.Config{Events: s.transportEvents(), Log: rtp.PionLog{Log: s.log}, Budget: s.budget})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { tr.Close(time.Second, s.dialer.keep) })
			s.transport = tr
			for i := range c.wants {
				s.subscriptions.told[call.SID(fmt.Sprintf("TR_%d", i))] = call.Subscription{}
			}
			if err := tr.AddSections(max(c.wants, 1), 0); err != nil {
				t.Fatal(err)
			}
			tr.Pub.Offering, tr.Pub.OfferID = true, c.offer
			s.negotiation.onAnswer(&livekit.SessionDescription{Id: c.offer, Sdp: answerTo(t, tr.Pub.PC), MidToTrackId: c.mids})
			if tr.Pub.Offering {
				t.Error("the answer was not taken")
			}
			if tr.Pub.Again != c.again { // there is no signal connection to send it
				t.Errorf("offers again: %v, want %v", tr.Pub.Again, c.again)
			}
		})
	}
}

// answerTo answers as a server that has no track to send.
func answerTo(t *testing.T, pc *webrtc.PeerConnection) string {
	t.Helper()
	server, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	offer, err := pc.CreateOffer(nil)
	if err == nil {
		err = pc.SetLocalDescription(offer)
	}
	if err == nil {
		err = server.SetRemoteDescription(offer)
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer.SDP
}
