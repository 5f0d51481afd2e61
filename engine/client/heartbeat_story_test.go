package client

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

// hears waits until a has heard somebody's heartbeat.
func hears(t *testing.T, a *client, id call.Identity) {
	t.Helper()
	eventually(t, "a beat of "+string(id), func() bool {
		heard := false
		err := a.ask(t.Context(), func() error {
			heard = a.roster.HasHeartbeat(id)
			return nil
		})
		return err == nil && heard
	})
}

// TestK3_ReconnectIsNoDuplicate is contract K4 against the server: who joins anew
// because the old connection was not to be kept is no other device.
func TestK3_ReconnectIsNoDuplicate(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := pair(t, sharedServer(t), change, change)
		hears(t, a, "bob")
		if err := b.ask(t.Context(), func() error { b.lost(errors.New("test"), true); return nil }); err != nil {
			t.Fatal(err)
		}
		left, _, n := wait[call.ParticipantLeft](a, 0, "bob's old self leaves", nil)
		if left.Reason != call.ReasonConnectionLost {
			t.Errorf("reason %v", left.Reason)
		}
		wait(a, n, "bob's new self", func(e call.ParticipantJoined) bool { return e.Participant.Identity == "bob" })
		for _, e := range a.seen() {
			if d, ok := e.ev.(call.DataReceived); ok {
				t.Errorf("a beat was given to the user: %+v", d)
			}
		}
	})
}

// TestO4_DeadProcess: a peer that publishes nothing and whose process dies, so
// that neither a leave nor the end of a connection is told, is marked within 5 s
// and gone within 21 s. These bounds hold in virtual time, see
// TestO4_TheDeadAreTakenForGone and TestO4_TheDeadAreMarked; here a busy machine
// has some seconds more.
func TestO4_DeadProcess(t *testing.T) {
	l := sharedServer(t)
	proxy := newCutter(t, l)
	a := join(t, l.request(t, roomName(t), "ada"), nil)
	b := join(t, proxy.request(t, roomName(t), "bob"), nil)
	a.connected()
	b.connected()
	a.patience = time.Minute
	hears(t, a, "bob")
	n := a.events()
	err := b.ask(t.Context(), func() error {
		b.limits.noHeartbeat = true
		return b.transport.Pub.PC.SCTP().Transport().ICETransport().Stop() // closes the sockets without a word
	})
	if err != nil {
		t.Fatal(err)
	}
	proxy.kill()
	died := time.Now()
	_, at, n := wait(a, n, "marked", func(e call.ParticipantUpdated) bool { return e.Participant.Lost })
	marked := at.Sub(died)
	left, at, _ := wait[call.ParticipantLeft](a, n, "gone", nil)
	t.Logf("marked after %v, gone after %v", marked, at.Sub(died))
	if marked > 8*time.Second || at.Sub(died) > 25*time.Second || left.Reason != call.ReasonConnectionLost {
		t.Errorf("marked after %v, gone after %v with %v", marked, at.Sub(died), left.Reason)
	}
}

// TestCloseAfterKickIsQuick: pion takes 400 ms to give up an association that the
// server has ended first; nobody waits for it.
func TestCloseAfterKickIsQuick(t *testing.T) {
	l := sharedServer(t)
	const rounds = 20
	var took []time.Duration
	for range rounds {
		c := join(t, l.request(t, roomName(t), "bob"), nil)
		c.connected()
		data := onLoop(t, c, func() *webrtc.DataChannel { return c.transport.Reliable })
		eventually(t, "data", func() bool { return data.ReadyState() == webrtc.DataChannelStateOpen })
		frozen := make(chan struct{})
		c.post(func() { <-frozen }) // it is busy while the server removes it
		_, err := l.rooms.RemoveParticipant(l.api(t, roomName(t)), &livekit.RoomParticipantIdentity{Room: roomName(t), Identity: "bob"})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the server ends the association", func() bool { return data.ReadyState() == webrtc.DataChannelStateClosed })
		close(frozen)
		_, at, _ := wait[call.SessionEnded](c, 0, "end", nil)
		c.Close()
		took = append(took, time.Since(at))
	}
	slices.Sort(took)
	// Not the median: pion may be done before we begin, so not every round tells.
	// Not the worst: a busy machine can delay any of them.
	slow := took[rounds-3]
	t.Logf("SessionEnded -> Close returned: p50 %v  third worst %v  max %v", took[rounds/2], slow, took[rounds-1])
	if slow > 300*time.Millisecond {
		t.Errorf("closing takes %v", slow)
	}
}

// onLoop asks the loop for something of its own.
func onLoop[T any](t *testing.T, c *client, get func() T) (v T) {
	t.Helper()
	if err := c.ask(t.Context(), func() error { v = get(); return nil }); err != nil {
		t.Fatal(err)
	}
	return v
}
