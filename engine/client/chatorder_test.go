package client

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// keptRoom is a session in a room with a keeper, and bob, who has a web client.
func keptRoom(t testing.TB) (*session, *[]call.SessionEvent) {
	t.Helper()
	s, events := told(t)
	s.ticket.keeper = "keeper"
	return s, events
}

func batchPacket(t testing.TB, sender string, b doorapi.ChatBatch) []byte {
	t.Helper()
	topic := doorapi.TopicBatch
	return marshal(t, &livekit.DataPacket{
		ParticipantIdentity: sender, ParticipantSid: "PA_" + sender,
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: encode(t, b), Topic: &topic}},
	})
}

// batch is what the keeper tells; a message is "id" of bob or "who:id".
func batch(number int64, messages ...string) doorapi.ChatBatch {
	b := doorapi.ChatBatch{Number: number}
	for _, m := range messages {
		from, id, ok := strings.Cut(m, ":")
		if !ok {
			from, id = "bob", m
		}
		b.Messages = append(b.Messages, doorapi.ChatRow{
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
	s.onData(packet(t, from, 0, chatHeader(id, []byte("text "+id), false, 0)), false)
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
			s.onData(batchPacket(t, "", batch(1, "1", "2")), false)
			s.onData(batchPacket(t, "", batch(2, "ada:3", "2", "4")), false)
		}, "1 2 3 4"},
		"direct ones have their place or none": {func(t *testing.T, s *session) {
			s.direct(t, "2")
			s.direct(t, "carl:1")
			s.onData(batchPacket(t, "", batch(1, "carl:1", "2")), false)
			s.direct(t, "2")
			s.direct(t, "3") // the keeper has refused it, or not heard it
			s.onData(batchPacket(t, "", batch(2, "4")), false)
		}, "1 2 4"},
		"nobody is shown what the keeper has not taken": {func(t *testing.T, s *session) {
			s.direct(t, "1") // before the keeper is heard
			s.onData(batchPacket(t, "", batch(1, "0")), false)
			s.direct(t, "2")
			s.data.order.here = false // it is away
			s.direct(t, "3")
			s.onData(batchPacket(t, "", batch(2, "3")), false)
		}, "0 3"},
		"said while no keeper was there": {func(t *testing.T, s *session) {
			s.direct(t, "before")
			s.onData(batchPacket(t, "", batch(7, "0")), false)
			s.direct(t, "1")
			s.direct(t, "2")
			s.direct(t, "carl:3")
			s.onData(batchPacket(t, "", batch(1, "2", "4")), false) // another one
			s.onData(batchPacket(t, "", batch(2, "1")), false)
		}, "0 missed 1 3 2 4"},
		"ids are their sender's": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(1, "mallory:1", "1", "mallory:2", "carl:2", "carl:2")), false)
		}, "1 1 2 2"},
		"a gap": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "", batch(7, "1")), false)
			s.onData(batchPacket(t, "", batch(9, "2")), false)
			s.onData(batchPacket(t, "", batch(1, "3")), false) // of the next keeper
			s.onData(batchPacket(t, "", batch(2, "4")), false)
		}, "1 missed 2 missed 3 4"},
		"not the keeper's": {func(t *testing.T, s *session) {
			s.onData(batchPacket(t, "bob", batch(1, "1")), false)
		}, ""},
		"no keeper": {func(t *testing.T, s *session) {
			s.ticket.keeper = ""
			s.direct(t, "1")
			s.onData(batchPacket(t, "", batch(1, "1", "2")), false)
		}, "1"},
		"nonsense": {func(t *testing.T, s *session) {
			b := batch(1, "1", strings.Repeat("x", maxChatID+1), "")
			b.Messages[0].Text, b.Messages[0].Name = "a\x1b\u202eb", "e\nv"
			s.onData(batchPacket(t, "", b), false)
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
	s.onData(batchPacket(t, "", b), false)
	got := (*events)[0].(call.ChatReceived).Message
	if got.From != "gone" || got.Name != "e v" || got.Text != "ab" || got.At.UnixMilli() != 1_700_000_000_000 || got.Seq != 0 {
		t.Errorf("%+v", got)
	}
}

// TestChatIsBoundedInMemory: ids are forgotten at some time.
func TestChatIsBoundedInMemory(t *testing.T) {
	o := newChatOrder()
	for i := range 3 * rememberedIDs {
		o.known.Add(call.MessageKey{ID: fmt.Sprint(i)})
	}
	if o.known.Has(call.MessageKey{ID: fmt.Sprint(2*rememberedIDs - 1)}) ||
		!o.known.Has(call.MessageKey{ID: fmt.Sprint(2 * rememberedIDs)}) ||
		!o.known.Has(call.MessageKey{ID: fmt.Sprint(3*rememberedIDs - 1)}) {
		t.Error("not the newest are known")
	}
}

func TestReceipts(t *testing.T) {
	o := newChatOrder()
	taken, refused, lost, known := o.said("1"), o.said("2"), o.said("3"), o.said("4")
	messages, _ := o.batch(doorapi.ChatBatch{
		Number: 1, Messages: batch(1, "ada:1", "mallory:3").Messages,
		Refused: []doorapi.ChatRefusal{{ID: "2", From: "ada", Code: doorapi.CodeTooFast}, {ID: "no", From: "ada", Code: "?"}, {ID: "3", From: "mallory", Code: doorapi.CodeTooFast}},
		Known:   []doorapi.ChatReceipt{{ID: "4", From: "ada"}, {ID: "3", From: "mallory"}, {ID: "no", From: "ada"}},
	}, "ada", time.Now())
	if err := <-taken; err != nil || len(messages) != 2 {
		t.Errorf("taken: %v, %v", err, messages)
	}
	if err := <-refused; !errors.Is(err, call.ErrChatTooFast) {
		t.Errorf("refused: %v", err)
	}
	if err := <-known; err != nil {
		t.Errorf("known: %v", err)
	}
	if o.waits("1") || o.waits("2") || !o.waits("3") || o.waits("4") || !o.here {
		t.Error("receipts that have come are missing, or the other way round")
	}
	o.forget("3")
	if messages, _ := o.batch(batch(2, "ada:3"), "ada", time.Now()); len(messages) != 1 || len(lost) != 0 {
		t.Errorf("what was given up is not told when it comes: %v", messages)
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
	if to := s.addressees(); to != nil {
		t.Errorf("before the keeper is heard: %v", to)
	}
	s.onData(batchPacket(t, "", batch(1)), false)
	if to := s.addressees(); to != nil {
		t.Errorf("while bob reads no batches: %v", to)
	}
	bob := info("bob", "PA_b", 9)
	bob.State = livekit.ParticipantInfo_DISCONNECTED
	if p, ok := s.roster.Get("bob"); ok {
		bob.Sid = string(p.SID)
	}
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{bob}})
	if to := fmt.Sprint(s.addressees()); to != "[keeper]" {
		t.Errorf("to %v", to)
	}
	s.data.order.here = false
	if to := s.addressees(); to != nil {
		t.Errorf("a silent keeper: %v", to)
	}
}

// TestPrivateTalkIsNotShown: whatever is for some people alone, or may reach some
// alone, is not the room's chat, in a room without a keeper. The keeper hears what
// is for it, and tells everybody.
func TestPrivateTalkIsNotShown(t *testing.T) {
	legacy, beat := legacyChatTopic, "some.topic"
	user := func(topic string) *livekit.DataPacket {
		return &livekit.DataPacket{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: []byte(`{"id":"1","message":"psst"}`)}}}
	}
	part := func(raw []byte) *livekit.DataPacket {
		p := &livekit.DataPacket{}
		if err := proto.Unmarshal(raw, p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	whole := part(packet(t, "mallory", 0, chatHeader("1", []byte("psst"), false, 0)))
	header := part(packet(t, "mallory", 0, chatHeader("1", nil, false, 4)))
	chunk := &livekit.DataPacket{Value: &livekit.DataPacket_StreamChunk{StreamChunk: &livekit.DataStream_Chunk{StreamId: "1", Content: []byte("psst")}}}
	trailer := &livekit.DataPacket{Value: &livekit.DataPacket_StreamTrailer{StreamTrailer: &livekit.DataStream_Trailer{StreamId: "1"}}}
	old := user(legacy)
	old.GetUser().DestinationIdentities = []string{"ada"} //nolint:staticcheck // older clients write it
	for name, tt := range map[string]struct {
		packets   []*livekit.DataPacket
		private   int // which of them is for one person; none: -1
		lossy     bool
		heard     int
		observers int
	}{
		"a text":               {[]*livekit.DataPacket{whole}, -1, false, 1, 1},
		"a private text":       {[]*livekit.DataPacket{whole}, 0, false, 0, 1},
		"a lossy text":         {[]*livekit.DataPacket{whole}, -1, true, 0, 0},
		"in pieces":            {[]*livekit.DataPacket{header, chunk, trailer}, -1, false, 1, 1},
		"a private header":     {[]*livekit.DataPacket{header, chunk, trailer}, 0, false, 0, 1},
		"a private piece":      {[]*livekit.DataPacket{header, chunk, trailer}, 1, false, 0, 1},
		"a private end":        {[]*livekit.DataPacket{header, chunk, trailer}, 2, false, 0, 1},
		"of an older client":   {[]*livekit.DataPacket{user(legacy)}, -1, false, 1, 1},
		"older, private":       {[]*livekit.DataPacket{user(legacy)}, 0, false, 0, 1},
		"older still, private": {[]*livekit.DataPacket{old}, -1, false, 0, 1},
		"older, lossy":         {[]*livekit.DataPacket{user(legacy)}, -1, true, 0, 0},
		"no chat":              {[]*livekit.DataPacket{user(beat)}, 0, true, 0, 0},
		"LiveKit's own message": {[]*livekit.DataPacket{{Value: &livekit.DataPacket_ChatMessage{
			ChatMessage: &livekit.ChatMessage{Id: "1", Message: "psst"}}}}, -1, false, 0, 0},
	} {
		for _, observes := range []bool{false, true} {
			d := newDataState()
			d.observes = observes
			heard := 0
			for i, p := range tt.packets {
				p = proto.CloneOf(p)
				p.ParticipantIdentity, p.ParticipantSid = "mallory", "PA_m"
				if i == tt.private {
					p.DestinationIdentities = []string{"ada"}
				}
				for _, e := range d.receive(marshal(t, p), tt.lossy, time.Now()) {
					if _, ok := e.(call.ChatReceived); ok {
						heard++
					}
				}
			}
			if want := map[bool]int{false: tt.heard, true: tt.observers}[observes]; heard != want {
				t.Errorf("%s (observer: %v): heard %d, want %d", name, observes, heard, want)
			}
		}
	}
}
