package client

import (
	"fmt"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// keptRoom is a session in a room with a keeper, and bob, who has a web client.
func keptRoom(t testing.TB) (*session, *[]call.SessionEvent) {
	t.Helper()
	s, events := told(t)
	s.credentials.keeper = "keeper"
	return s, events
}

// direct lets bob, or who stands before a colon, say something as web clients do.
func (s *session) direct(t testing.TB, id string) {
	t.Helper()
	from, rest, ok := strings.Cut(id, ":")
	if !ok {
		from, rest = "bob", id
	}
	id = rest
	s.data.onMessage(packet(t, from, 0, chatHeader(id, []byte("text "+id), false, 0)), false)
}

func heardIDs(events []call.SessionEvent) string {
	var all []string
	for _, e := range events {
		switch e := e.(type) {
		case call.ChatReceived:
			all = append(all, e.Message.ID)
		case call.ChatMissed:
			all = append(all, "missed")
		}
	}
	return strings.Join(all, " ")
}

// TestChatOrder: one order for everybody, nothing lost, nothing twice.
func TestChatOrder(t *testing.T) {
	for name, test := range map[string]struct {
		play func(t *testing.T, s *session)
		want string
	}{
		"batches": {func(t *testing.T, s *session) {
			s.data.onMessage(batchPacket(t, "", batch(1, "1", "2")), false)
			s.data.onMessage(batchPacket(t, "", batch(2, "ada:3", "2", "4")), false)
		}, "1 2 3 4"},
		"direct ones have their place or none": {func(t *testing.T, s *session) {
			s.direct(t, "2")
			s.direct(t, "carl:1")
			s.data.onMessage(batchPacket(t, "", batch(1, "carl:1", "2")), false)
			s.direct(t, "2")
			s.direct(t, "3") // the keeper has refused it, or not heard it
			s.data.onMessage(batchPacket(t, "", batch(2, "4")), false)
		}, "1 2 4"},
		"nobody is shown what the keeper has not taken": {func(t *testing.T, s *session) {
			s.direct(t, "1") // before the keeper is heard
			s.data.onMessage(batchPacket(t, "", batch(1, "0")), false)
			s.direct(t, "2")
			s.chat.order.KeeperIsSilent() // it is away
			s.direct(t, "3")
			s.data.onMessage(batchPacket(t, "", batch(2, "3")), false)
		}, "0 3"},
		"said while no keeper was there": {func(t *testing.T, s *session) {
			s.direct(t, "before")
			s.data.onMessage(batchPacket(t, "", batch(7, "0")), false)
			s.direct(t, "1")
			s.direct(t, "2")
			s.direct(t, "carl:3")
			s.data.onMessage(batchPacket(t, "", batch(1, "2", "4")), false) // another one
			s.data.onMessage(batchPacket(t, "", batch(2, "1", "carl:3")), false)
		}, "0 missed 1 2 4 3"},
		"said while the next keeper had begun, which goes, too": {func(t *testing.T, s *session) {
			s.data.onMessage(batchPacket(t, "", batch(7, "0")), false)
			s.direct(t, "carl:1")
			s.direct(t, "carl:2")
			s.data.onMessage(batchPacket(t, "", batch(1, "carl:1")), false)
			s.data.onMessage(batchPacket(t, "", batch(1, "3")), false)
		}, "0 missed 1 missed 2 3"},
		"heard by a keeper that went before it told": {func(t *testing.T, s *session) {
			s.data.onMessage(batchPacket(t, "", batch(5, "0")), false)
			s.direct(t, "told long ago, or refused")
			s.data.onMessage(batchPacket(t, "", batch(6, "1")), false)
			s.direct(t, "carl:9") // stored while 7 is sent, and told in 9, which never comes
			s.direct(t, "carl:8") // refused by then
			s.data.onMessage(batchPacket(t, "", batch(7, "2")), false)
			last := batch(8, "3")
			last.Refused = []doorapi.ChatRefusal{{ID: "8", From: "carl", Code: doorapi.CodeTooFast}}
			s.data.onMessage(batchPacket(t, "", last), false)
			s.data.onMessage(batchPacket(t, "", batch(1, "4")), false) // another one
		}, "0 1 2 3 missed 9 4"},
		"ids are their sender's": {func(t *testing.T, s *session) {
			s.data.onMessage(batchPacket(t, "", batch(1, "mallory:1", "1", "mallory:2", "carl:2", "carl:2")), false)
		}, "1 1 2 2"},
		"a gap": {func(t *testing.T, s *session) {
			s.data.onMessage(batchPacket(t, "", batch(7, "1")), false)
			s.data.onMessage(batchPacket(t, "", batch(9, "2")), false)
			s.data.onMessage(batchPacket(t, "", batch(1, "3")), false) // of the next keeper
			s.data.onMessage(batchPacket(t, "", batch(2, "4")), false)
		}, "1 missed 2 missed 3 4"},
		"not the keeper's": {func(t *testing.T, s *session) {
			s.data.onMessage(batchPacket(t, "bob", batch(1, "1")), false)
		}, ""},
		"no keeper": {func(t *testing.T, s *session) {
			s.credentials.keeper = ""
			s.direct(t, "1")
			s.data.onMessage(batchPacket(t, "", batch(1, "1", "2")), false)
		}, "1"},
		"nonsense": {func(t *testing.T, s *session) {
			b := batch(1, "1", strings.Repeat("x", 129), "")
			b.Messages[0].Text, b.Messages[0].Name = "a\x1b\u202eb", "e\nv"
			s.data.onMessage(batchPacket(t, "", b), false)
		}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s, events := keptRoom(t)
			test.play(t, s)
			if got := heardIDs(*events); got != test.want {
				t.Errorf("heard %q, want %q", got, test.want)
			}
		})
	}
}

// TestChatOfABatch: who said it, and what can be shown of it.
func TestChatOfABatch(t *testing.T) {
	s, events := keptRoom(t)
	b := batch(1, "gone:1")
	b.Messages[0].Text, b.Messages[0].Name = "a\x1b\u202eb", "e\nv"
	s.data.onMessage(batchPacket(t, "", b), false)
	got := (*events)[0].(call.ChatReceived).Message
	if got.From != "gone" || got.Name != "e v" || got.Text != "ab" || got.At.UnixMilli() != 1_700_000_000_000 || got.Seq != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAddressees: the keeper alone, or everybody; never some.
func TestAddressees(t *testing.T) {
	s, _ := keptRoom(t)
	come := func(id string, reads bool) {
		p := info(id, "PA_"+id, 2)
		if reads {
			p.Attributes = map[string]string{doorapi.AttributeBatches: "1"}
		}
		s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{p}})
	}
	come("carl", true)
	if to := s.chat.addressees(); to != nil {
		t.Errorf("before the keeper is heard: %v", to)
	}
	s.data.onMessage(batchPacket(t, "", batch(1)), false)
	if to := s.chat.addressees(); to != nil {
		t.Errorf("while bob reads no batches: %v", to)
	}
	bob := info("bob", "PA_b", 9)
	bob.State = livekit.ParticipantInfo_DISCONNECTED
	if p, ok := s.roster.Get("bob"); ok {
		bob.Sid = string(p.SID)
	}
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{bob}})
	if to := fmt.Sprint(s.chat.addressees()); to != "[keeper]" {
		t.Errorf("to %v", to)
	}
	s.chat.order.KeeperIsSilent()
	if to := s.chat.addressees(); to != nil {
		t.Errorf("a silent keeper: %v", to)
	}
}
