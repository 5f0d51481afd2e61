package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/signalconn"
	"foyer/engine/doorapi"
)

// notify tells everybody in the room a notice, as the door does.
func (l *liveKit) notify(t testing.TB, room string, n doorapi.Notice) {
	t.Helper()
	topic := doorapi.TopicNotice
	_, err := l.rooms.SendData(l.api(t, room), &livekit.SendDataRequest{
		Room: room, Kind: livekit.DataPacket_RELIABLE, Topic: &topic, Data: encode(t, n),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tell tells one person and waits for the answer.
func (l *liveKit) tell(t testing.TB, room, identity, method string, n doorapi.Notice) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(l.api(t, room), answerTimeout)
	defer cancel()
	_, err := l.rooms.PerformRpc(ctx, &livekit.PerformRpcRequest{
		Room: room, DestinationIdentity: identity, Method: method, Payload: string(encode(t, n)), ResponseTimeoutMs: 5000,
	})
	return err
}

// answerTimeout is when an answer counts as lost: LiveKit sends the request before
// it listens for the answer (ParticipantImpl.PerformRpc), and ours can be faster.
const answerTimeout = removalTimeout / 4

// deliver is tell until it was heard: an answer is lost now and then, two in a row are
// not.
func (l *liveKit) deliver(t testing.TB, room, identity string, n doorapi.Notice) {
	t.Helper()
	var err error
	for range 3 {
		if err = l.tell(t, room, identity, doorapi.MethodNotice, n); err == nil {
			return
		}
	}
	t.Fatalf("the notice is not answered: %v", err)
}

// talking is a pair whose data channels the server has, too: it throws away what
// it cannot send yet.
func talking(t testing.TB, l *liveKit, change func(*Dialer)) (a, b *client) {
	t.Helper()
	a, b = pair(t, l, change, change)
	for _, id := range []string{"ada", "bob"} {
		eventually(t, "data channel of "+id, func() bool {
			return l.tell(t, roomName(t), id, doorapi.MethodNotice, doorapi.Notice{Kind: "hello"}) == nil
		})
	}
	return a, b
}

func (l *liveKit) remove(t testing.TB, room, identity string) {
	t.Helper()
	if _, err := l.rooms.RemoveParticipant(l.api(t, room), &livekit.RoomParticipantIdentity{Room: room, Identity: identity}); err != nil {
		t.Fatal(err)
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestChatBetweenSessions(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		a, b := talking(t, sharedServer(t), change)
		n := 0
		hear := func(sent call.ChatMessage) {
			t.Helper()
			var got call.ChatReceived
			got, _, n = wait[call.ChatReceived](b, n, "message", nil)
			if m := got.Message; m.ID != sent.ID || m.Text != sent.Text || m.From != "ada" || m.Name != "Name of ada" || got.History {
				t.Errorf("heard %+v, said %+v", got, sent)
			}
		}
		for _, old := range []bool{false, true} { // in one packet, and in three for an older client
			if old {
				if err := a.ask(t.Context(), func() error { a.roster.Apply(info("old", "PA_old", 1)); return nil }); err != nil {
					t.Fatal(err)
				}
			} else if err := a.ask(t.Context(), func() error {
				if !a.roster.EverybodyReads(signalconn.ClientProtocol) {
					t.Error("the server says that bob reads less than we write")
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				sent, err := a.SendChat(t.Context(), fmt.Sprintf("Grüße %d\nzweite Zeile", i))
				if err != nil {
					t.Fatal(err)
				}
				hear(sent)
			}
		}
	})
}

// TestO8_ChatOutlivesAFullReconnect: what is said while reconnecting
// arrives once, in order.
func TestO8_ChatOutlivesAFullReconnect(t *testing.T) {
	l := sharedServer(t)
	a, b := talking(t, l, nil)
	n := a.events()
	const count = 30
	for i := range count {
		if i == count/3 {
			simulate(t, a, &livekit.SimulateScenario{Scenario: &livekit.SimulateScenario_NodeFailure{NodeFailure: true}})
		}
		if _, err := a.SendChat(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	wait[call.SessionReconnected](a, n, "reconnected", nil)
	if _, err := a.SendChat(t.Context(), "end"); err != nil {
		t.Fatal(err)
	}
	wait(b, 0, "the end", func(e call.ChatReceived) bool { return e.Message.Text == "end" })
	seen, next := map[string]bool{}, 0
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.log {
		c, ok := e.ev.(call.ChatReceived)
		if !ok || seen[c.Message.ID] || c.Message.Text == "end" {
			continue // the same message again has the same id
		}
		seen[c.Message.ID] = true
		if c.Message.Text != fmt.Sprint(next) {
			t.Errorf("%q comes after %d messages", c.Message.Text, next)
		}
		next++
	}
	if next != count {
		t.Errorf("%d of %d messages have come", next, count)
	}
}

// TestK8_K4_TheReasonOfABanArrives: proof of arrival by the server's RPC, the
// reason with the person, and with the others.
func TestK8_K4_TheReasonOfABanArrives(t *testing.T) {
	modes(t, func(t *testing.T, change func(*Dialer)) {
		l, room := sharedServer(t), roomName(t)
		a, b := talking(t, l, change)
		until := time.Now().Add(time.Hour).Truncate(time.Millisecond)
		ban := doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "ada", Reason: "banned", By: "Eve", Text: "Enough", Until: until.UnixMilli()}
		if err := l.tell(t, room, "ada", "somebody.elses", ban); err == nil {
			t.Error("a method that we do not have is answered")
		}
		start := time.Now()
		l.deliver(t, room, "ada", ban)
		t.Logf("answered after %v", time.Since(start))
		l.notify(t, room, doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "ada", Reason: "banned"})
		l.remove(t, room, "ada")
		ended, _, _ := wait[call.SessionEnded](a, 0, "end", nil)
		if ended.Reason != call.ReasonBanned || ended.By != "Eve" || ended.Text != "Enough" || !ended.Until.Equal(until) {
			t.Errorf("ended: %+v", ended)
		}
		left, _, _ := wait[call.ParticipantLeft](b, 0, "ada is gone", nil)
		if left.Reason != call.ReasonBanned || left.By != "" || left.Text != "" {
			t.Errorf("left: %+v", left)
		}
	})
}

// TestK1_ToldButNotRemoved: a server that says it and then does nothing does not
// keep anybody.
func TestK1_ToldButNotRemoved(t *testing.T) {
	l, room := sharedServer(t), roomName(t)
	a, b := talking(t, l, nil)
	told := time.Now()
	l.deliver(t, room, "ada", doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "ada", Reason: "removed", By: "Eve"})
	ended, at, _ := wait[call.SessionEnded](a, 0, "end", nil)
	if ended.Reason != call.ReasonRemoved || ended.By != "Eve" || at.Sub(told) > removalTimeout+time.Second {
		t.Errorf("ended after %v: %+v", at.Sub(told), ended)
	}
	wait[call.ParticipantLeft](b, 0, "ada is gone", nil)
}

func TestNoticesOfARealServer(t *testing.T) {
	l, room := sharedServer(t), roomName(t)
	a, b := talking(t, l, nil)
	// A participant's own packet on that topic changes nothing.
	if err := b.SendData(t.Context(), doorapi.TopicNotice, encode(t, doorapi.Notice{Kind: doorapi.NoticeDismissed})); err != nil {
		t.Fatal(err)
	}
	n := a.events()
	l.notify(t, room, doorapi.Notice{Kind: doorapi.NoticeRoom, Room: &call.RoomRules{Locked: true}})
	rules, _, _ := wait[call.RulesChanged](a, n, "rules", nil)
	if !rules.Standing.Rules.Locked {
		t.Errorf("rules %+v", rules)
	}
	if err := a.ask(t.Context(), func() error {
		if a.ending.Told() {
			t.Error("bob has dismissed the room")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// bob beats until he is silent, and then only the door knows.
	l.notify(t, room, doorapi.Notice{Kind: doorapi.NoticeLost, ID: "bob"})
	wait(a, n, "bob is lost", func(e call.ParticipantUpdated) bool { return e.Participant.Lost })
	wait(a, n, "and is there after all", func(e call.ParticipantUpdated) bool { return !e.Participant.Lost })
	if _, err := l.rooms.DeleteRoom(l.api(t, room), &livekit.DeleteRoomRequest{Room: room}); err != nil {
		t.Fatal(err)
	}
	if ended, _, _ := wait[call.SessionEnded](a, 0, "end", nil); ended.Reason != call.ReasonDismissed {
		t.Errorf("ended: %+v", ended)
	}
}

// TestK10_MutedPeopleHearButDoNotWrite: the server's permission is what counts.
func TestK10_MutedPeopleHearButDoNotWrite(t *testing.T) {
	l, room := sharedServer(t), roomName(t)
	a, b := talking(t, l, nil)
	permit := func(data bool) {
		t.Helper()
		_, err := l.rooms.UpdateParticipant(l.api(t, room), &livekit.UpdateParticipantRequest{
			Room: room, Identity: "ada", Permission: &livekit.ParticipantPermission{CanSubscribe: true, CanPublish: true, CanPublishData: data},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	permit(false)
	wait(a, 0, "muted", func(e call.RulesChanged) bool { return e.Standing.Muted })
	wait(b, 0, "ada is muted", func(e call.ParticipantUpdated) bool { return e.Participant.Muted })
	if _, err := a.SendChat(t.Context(), "hello?"); !errors.Is(err, call.ErrMuted) {
		t.Errorf("chat: %v", err)
	}
	if _, err := b.SendChat(t.Context(), "can you hear me?"); err != nil {
		t.Fatal(err)
	}
	wait[call.ChatReceived](a, 0, "message", nil)
	permit(true)
	wait(a, 0, "not muted", func(e call.RulesChanged) bool { return !e.Standing.Muted })
	if _, err := a.SendChat(t.Context(), "hello!"); err != nil {
		t.Fatal(err)
	}
	wait(b, 0, "message", func(e call.ChatReceived) bool { return e.Message.Text == "hello!" })
}
