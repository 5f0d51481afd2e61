package signal

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// keptRoom is a session in a room with a keeper, and bob, who has a web client.
func keptRoom(t testing.TB) (*session, *[]call.SessionEvent) {
	t.Helper()
	s, events := told(t)
	s.ticket.keeper = "keeper"
	return s, events
}

func batchPacket(t testing.TB, sender string, b call.ChatBatch) []byte {
	t.Helper()
	topic := call.TopicBatch
	return marshal(t, &livekit.DataPacket{
		ParticipantIdentity: sender, ParticipantSid: "PA_" + sender,
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: encode(t, b), Topic: &topic}},
	})
}

// batch is what the keeper tells; a message is "id" of bob or "who:id".
func batch(number int64, messages ...string) call.ChatBatch {
	b := call.ChatBatch{Number: number}
	for _, m := range messages {
		from, id, ok := strings.Cut(m, ":")
		if !ok {
			from, id = "bob", m
		}
		b.Messages = append(b.Messages, call.ChatRow{
			ChatMessage: call.ChatMessage{ID: id, From: call.Identity(from), Name: "Name of " + from, Text: "text " + id}, Time: 1_700_000_000_000,
		})
	}
	return b
}

// direct lets bob, or who stands before a colon, say something as web clients do.
func (s *session) direct(t testing.TB, id string) {
	t.Helper()
	from, rest, ok := strings.Cut(id, ":")
	if !ok {
		from, rest = "bob", id
	}
	id = rest
	s.onData(packet(t, from, 0, chatHeader(id, []byte("text "+id), false, 0)))
}

// late lets what is held be overdue.
func (s *session) late() {
	for i := range s.data.order.held {
		s.data.order.held[i].came = s.data.order.held[i].came.Add(-chatHold)
	}
	s.onAlarm(alarmChat)
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
			s.onData(batchPacket(t, "", batch(1, "1", "2")))
			s.onData(batchPacket(t, "", batch(2, "ada:3", "2", "4")))
		}, "1 2 3 4"},
		"direct ones wait for their place": {func(t *testing.T, s *session) {
			s.direct(t, "2")
			s.direct(t, "carl:1")
			s.onData(batchPacket(t, "", batch(1, "carl:1", "2")))
			s.late()
		}, "1 2"},
		"direct ones come later": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(1, "1", "2")))
			s.direct(t, "2")
			s.late()
		}, "1 2"},
		"the keeper does not come": {func(t *testing.T, s *session) {
			s.direct(t, "1")
			s.direct(t, "1")
			s.late()
			s.direct(t, "2") // at once
			s.onData(batchPacket(t, "", batch(1, "2", "1", "3")))
			s.direct(t, "4")
			s.onData(batchPacket(t, "", batch(2, "5", "4")))
		}, "1 2 3 5 4"},
		"the keeper is there, but leaves one out": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(1, "0")))
			s.direct(t, "1")
			s.onData(batchPacket(t, "", batch(2, "2")))
			s.late()
			s.direct(t, "4") // waits
			s.onData(batchPacket(t, "", batch(3, "3", "4")))
		}, "0 2 1 3 4"},
		"another keeper comes": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(9, "0")))
			s.direct(t, "1")
			s.direct(t, "2")
			s.direct(t, "3")
			s.direct(t, "4")
			s.onData(batchPacket(t, "", batch(1, "carl:c", "3")))
		}, "0 missed c 1 2 3"},
		"ids are their sender's": {func(t *testing.T, s *session) {
			s.direct(t, "mallory:1")
			s.direct(t, "1")
			s.direct(t, "carl:2")
			s.onData(batchPacket(t, "", batch(1, "mallory:1", "1", "mallory:2", "carl:2", "carl:2")))
		}, "1 1 2 2"},
		"a gap": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(7, "1")))
			s.onData(batchPacket(t, "", batch(9, "2")))
			s.onData(batchPacket(t, "", batch(1, "3"))) // of the next keeper
			s.onData(batchPacket(t, "", batch(2, "4")))
		}, "1 missed 2 missed 3 4"},
		"not the keeper's": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "bob", batch(1, "1")))
		}, ""},
		"no keeper": {func(t *testing.T, s *session) {
			s.ticket.keeper = ""
			s.direct(t, "1")
			s.onData(batchPacket(t, "", batch(1, "1", "2")))
		}, "1"},
		"more than can wait": {func(t *testing.T, s *session) {
			for i := range maxHeldChat {
				s.onDirect(call.ChatReceived{Message: call.ChatMessage{ID: fmt.Sprint("h", i)}}, time.Now())
			}
			s.direct(t, "1")
		}, "h0"},
		"silence lets everything go in order": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(1, "0")))
			for _, id := range []string{"1", "2", "3"} {
				s.direct(t, id)
			}
			s.data.order.held[0].came = s.data.order.held[0].came.Add(-chatHold)
			s.data.order.at = s.data.order.at.Add(-chatHold)
			s.onAlarm(alarmChat)
			s.direct(t, "4")
		}, "0 1 2 3 4"},
		"ours is not taken": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(1, "0")))
			s.direct(t, "1")
			s.data.order.said("ours")
			s.data.order.forget("ours")
			s.emitChat(s.data.order.silence())
			s.holdChat(time.Now())
			s.direct(t, "2")
		}, "0 1 2"},
		"nonsense": {func(t *testing.T, s *session) {
			b := batch(1, "1", strings.Repeat("x", maxChatID+1), "")
			b.Messages[0].Text, b.Messages[0].Name = "a\x1b\u202eb", "e\nv"
			s.onData(batchPacket(t, "", b))
		}, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s, events := keptRoom(t)
			test.play(t, s)
			if got := heardIDs(*events); got != test.want {
				t.Errorf("heard %q, want %q", got, test.want)
			}
			if waits := len(s.data.order.held) > 0; waits != s.alarms.isSet(alarmChat) {
				t.Errorf("waits: %v, alarm: %v", waits, !waits)
			}
		})
	}
}

// TestChatOfABatch: who said it, and what can be shown of it.
func TestChatOfABatch(t *testing.T) {
	s, events := keptRoom(t)
	b := batch(1, "gone:1")
	b.Messages[0].Text, b.Messages[0].Name = "a\x1b\u202eb", "e\nv"
	s.onData(batchPacket(t, "", b))
	got := (*events)[0].(call.ChatReceived).Message
	if got.From != "gone" || got.Name != "ev" || got.Text != "ab" || got.At.UnixMilli() != 1_700_000_000_000 || got.Seq != 0 {
		t.Errorf("%+v", got)
	}
}

// TestChatIsBoundedInMemory: ids are forgotten at some time.
func TestChatIsBoundedInMemory(t *testing.T) {
	o := newChatOrder()
	for i := range 3 * rememberedIDs {
		o.remember(chatKey{id: fmt.Sprint(i)})
	}
	if len(o.known) != rememberedIDs || len(o.ring) != rememberedIDs || o.known[chatKey{id: "0"}] || !o.known[chatKey{id: fmt.Sprint(3*rememberedIDs - 1)}] {
		t.Errorf("%d known, %d in the ring", len(o.known), len(o.ring))
	}
}

func TestReceipts(t *testing.T) {
	o := newChatOrder()
	taken, refused, lost := o.said("1"), o.said("2"), o.said("3")
	messages, _ := o.batch(call.ChatBatch{
		Number: 1, Messages: batch(1, "ada:1", "mallory:3").Messages,
		Refused: []call.ChatRefusal{{ID: "2", From: "ada", Code: call.DoorTooFast}, {ID: "no", From: "ada", Code: "?"}, {ID: "3", From: "mallory", Code: call.DoorTooFast}},
	}, "ada", time.Now())
	if err := <-taken; err != nil || len(messages) != 2 {
		t.Errorf("taken: %v, %v", err, messages)
	}
	if err := <-refused; !errors.Is(err, call.ErrChatTooFast) {
		t.Errorf("refused: %v", err)
	}
	if o.waits("1") || o.waits("2") || !o.waits("3") || o.state != keeperHere {
		t.Error("receipts that have come are missing, or the other way round")
	}
	o.forget("3")
	o.silence()
	o.remember(chatKey{"ada", "3"})
	if messages, _ := o.batch(batch(2, "ada:3"), "ada", time.Now()); len(messages) != 0 || len(lost) != 0 || o.state != keeperHere {
		t.Errorf("ours is told twice: %v", messages)
	}
}

// TestAddressees: the keeper, and those who do not read its batches.
func TestAddressees(t *testing.T) {
	s, _ := keptRoom(t)
	native := info("carl", "PA_c", 1)
	native.Attributes = map[string]string{call.AttributeBatches: "1"}
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{native}})
	if to := s.addressees(); to != nil {
		t.Errorf("before the keeper is heard: %v", to)
	}
	s.onData(batchPacket(t, "", batch(1)))
	if to := fmt.Sprint(s.addressees()); to != "[keeper bob]" {
		t.Errorf("to %v", to)
	}
	if to := fmt.Sprint(s.address(true)); to != "[keeper carl]" {
		t.Errorf("the others: %v", to)
	}
	for i := range maxAddressed {
		s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{info(fmt.Sprint("web", i), fmt.Sprint("PA_w", i), 1)}})
	}
	if to := s.addressees(); to != nil {
		t.Errorf("too many: %v", to)
	}
	s.data.order.state = keeperSilent
	if to := s.addressees(); to != nil {
		t.Errorf("a silent keeper: %v", to)
	}
}
