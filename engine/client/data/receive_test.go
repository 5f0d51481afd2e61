package data

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client/data/datatest"
	"foyer/engine/doorapi"
)

func TestDataDuplicatesAndLegacyChat(t *testing.T) {
	d := NewReceiver(false)
	topic := "t"
	user := &livekit.DataPacket{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: []byte("p")}}}
	for i, want := range []int{1, 0, 1} {
		if got := len(d.Receive(datatest.Packet(t, "bob", []uint32{5, 5, 6}[i], user), false, time.Now())); got != want {
			t.Errorf("packet %d: %d events, want %d", i, got, want)
		}
	}
	legacy := legacyChatTopic
	for payload, want := range map[string]int{`{"message":"m","ignoreLegacy":true}`: 0, `{"id":"1","message":"m"}`: 1, `{"message":"m"}`: 0, `nonsense`: 0} {
		p := &livekit.DataPacket{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &legacy, Payload: []byte(payload)}}}
		if got := len(d.Receive(datatest.Packet(t, "bob", 0, p), false, time.Now())); got != want {
			t.Errorf("%s: %d events, want %d", payload, got, want)
		}
	}
}

func deflate(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func legacyPacket(payload string) *livekit.DataPacket {
	topic := legacyChatTopic
	return &livekit.DataPacket{Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: []byte(payload)}}}
}

func TestChatForms(t *testing.T) {
	long := strings.Repeat("round ", 600)
	bomb := deflate(t, strings.Repeat("x", 10<<20))
	for _, test := range []struct {
		name    string
		packets []*livekit.DataPacket
		want    string // empty: nothing
	}{
		{"in chunks", []*livekit.DataPacket{datatest.ChatHeader("1", nil, false, 5), datatest.Chunk("1", 0, "hello"), datatest.Trailer("1")}, "hello"},
		{"inline", []*livekit.DataPacket{datatest.ChatHeader("1", []byte("hello"), false, 5)}, "hello"},
		{"inline, deflated", []*livekit.DataPacket{datatest.ChatHeader("1", deflate(t, long), true, len(long))}, long},
		{"deflated in chunks", []*livekit.DataPacket{datatest.ChatHeader("1", nil, true, len(long)), datatest.Chunk("1", 0, string(deflate(t, long))), datatest.Trailer("1")}, long},
		{"web client of before", []*livekit.DataPacket{legacyPacket(`{"id":"1","message":"hello"}`)}, "hello"},
		{"web client's second form", []*livekit.DataPacket{legacyPacket(`{"id":"1","message":"hello","ignoreLegacy":true}`)}, ""},
		{"lines stay, controls and overrides go", []*livekit.DataPacket{datatest.ChatHeader("1", []byte("a\r\nb\x1b[31m\u202ec"), false, 0)}, "a\nb[31mc"},
		{"nothing", []*livekit.DataPacket{datatest.ChatHeader("1", []byte{}, false, 0)}, ""},
		{"only controls", []*livekit.DataPacket{datatest.ChatHeader("1", []byte{7, 8}, false, 0)}, ""},
		{"too long", []*livekit.DataPacket{datatest.ChatHeader("1", []byte(strings.Repeat("x", call.MaxChat+1)), false, 0)}, ""},
		{"bomb", []*livekit.DataPacket{datatest.ChatHeader("1", bomb, true, 0)}, ""},
		{"not deflated", []*livekit.DataPacket{datatest.ChatHeader("1", []byte("hello"), true, 5)}, ""},
		{"another length than announced", []*livekit.DataPacket{datatest.ChatHeader("1", []byte("hello"), false, 6)}, ""},
		{"not a text", []*livekit.DataPacket{datatest.ChatHeader("1", []byte{0xff}, false, 1)}, ""},
		{"an id that is too long", []*livekit.DataPacket{datatest.ChatHeader(strings.Repeat("1", maxChatID+1), []byte("hello"), false, 5)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := NewReceiver(false)
			var events []Item
			for i, p := range test.packets {
				events = append(events, d.Receive(datatest.Packet(t, "bob", uint32(i+1), p), false, time.Unix(1000, 0))...)
			}
			if test.want == "" {
				if len(events) != 0 {
					t.Errorf("events: %+v", events)
				}
				return
			}
			if len(events) != 1 {
				t.Fatalf("events: %+v", events)
			}
			got := events[0].(Chat)
			if got.Text != test.want || got.ID != "1" || got.From != "bob" || !got.At.Equal(time.Unix(1000, 0)) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A sender who floods is cut off, the others are not.
func TestChatFlood(t *testing.T) {
	d := NewReceiver(false)
	now := time.Unix(1000, 0)
	heard := map[call.Identity]int{}
	say := func(who string, n int) {
		for i := range n {
			for _, e := range d.Receive(datatest.Packet(t, who, 0, datatest.ChatHeader(who+string(rune('a'+i%26)), []byte("x"), false, 0)), false, now) {
				heard[e.(Chat).From]++
			}
		}
	}
	say("mallory", 5000)
	say("bob", call.ChatBurst)
	if heard["mallory"] != 2*call.ChatBurst || heard["bob"] != call.ChatBurst {
		t.Errorf("heard %v", heard)
	}
}

// TestPrivateTalkIsNotShown: whatever is only for some people, or may reach some
// alone, is not the room's chat, in a room without a keeper. The keeper hears what
// is for it, and tells everybody.
func TestPrivateTalkIsNotShown(t *testing.T) {
	legacy, other := legacyChatTopic, "some.topic"
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
	whole := part(datatest.Packet(t, "mallory", 0, datatest.ChatHeader("1", []byte("psst"), false, 0)))
	header := part(datatest.Packet(t, "mallory", 0, datatest.ChatHeader("1", nil, false, 4)))
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
		"no chat":              {[]*livekit.DataPacket{user(other)}, 0, true, 0, 0},
		"LiveKit's own message": {[]*livekit.DataPacket{{Value: &livekit.DataPacket_ChatMessage{
			ChatMessage: &livekit.ChatMessage{Id: "1", Message: "psst"}}}}, -1, false, 0, 0},
	} {
		for _, observes := range []bool{false, true} {
			d := NewReceiver(observes)
			heard := 0
			for i, p := range tt.packets {
				p = proto.CloneOf(p)
				p.ParticipantIdentity, p.ParticipantSid = "mallory", "PA_m"
				if i == tt.private {
					p.DestinationIdentities = []string{"ada"}
				}
				for _, e := range d.Receive(datatest.Marshal(t, p), tt.lossy, time.Now()) {
					if _, ok := e.(Chat); ok {
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

// TestPrivateReactionIsNotShown: one that not everybody gets is shown to nobody.
func TestPrivateReactionIsNotShown(t *testing.T) {
	topic := doorapi.TopicReaction
	reaction := func() *livekit.DataPacket {
		return &livekit.DataPacket{
			ParticipantIdentity: "mallory", ParticipantSid: "PA_m",
			Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: []byte("👏")}},
		}
	}
	private, old := reaction(), reaction()
	private.DestinationIdentities = []string{"ada"}
	old.GetUser().DestinationIdentities = []string{"ada"} //nolint:staticcheck // older clients write it
	for name, tt := range map[string]struct {
		packet *livekit.DataPacket
		lossy  bool
		heard  int
	}{
		"to all":         {reaction(), false, 1},
		"lossy":          {reaction(), true, 0},
		"private":        {private, false, 0},
		"older, private": {old, false, 0},
	} {
		if got := len(NewReceiver(false).Receive(datatest.Marshal(t, tt.packet), tt.lossy, time.Now())); got != tt.heard {
			t.Errorf("%s: heard %d times, want %d", name, got, tt.heard)
		}
	}
}

// TestPrivatePacketsSaySo: a packet says that only some people have got it.
func TestPrivatePacketsSaySo(t *testing.T) {
	topic := "some.topic"
	packet := func() *livekit.DataPacket {
		return &livekit.DataPacket{
			ParticipantIdentity: "mallory", ParticipantSid: "PA_m",
			Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: []byte("psst")}},
		}
	}
	private, old := packet(), packet()
	private.DestinationIdentities = []string{"ada"}
	old.GetUser().DestinationSids = []string{"PA_a"} //nolint:staticcheck // older clients write it
	for p, want := range map[*livekit.DataPacket]bool{packet(): false, private: true, old: true} {
		for _, e := range NewReceiver(false).Receive(datatest.Marshal(t, p), false, time.Now()) {
			if got, ok := e.(Received); !ok || got.Private != want {
				t.Errorf("%v: got %+v, want private: %v", p, e, want)
			}
		}
	}
}

func FuzzData(f *testing.F) {
	f.Add(datatest.Packet(f, "bob", 1, datatest.Header("1", 2)), datatest.Packet(f, "bob", 2, datatest.Chunk("1", 0, "hi")), datatest.Packet(f, "bob", 3, datatest.Trailer("1")))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		d := NewReceiver(false)
		now := time.Unix(1000, 0)
		for _, raw := range [][]byte{a, b, c, a, c} {
			for _, e := range d.Receive(raw, false, now) {
				switch got := e.(type) {
				case Received:
					if len(got.Topic) > MaxTopic || len(got.ID) > call.MaxIDBytes || got.Topic == doorapi.TopicNotice {
						t.Errorf("event %+v", e)
					}
				case Chat:
					if call.CheckChat(got.Text) != nil || got.ID == "" || len(got.From) > call.MaxIDBytes {
						t.Errorf("event %+v", e)
					}
				case Notice:
					if got.Valid && (len(got.Text) > call.MaxText || len(got.By) > call.MaxName) {
						t.Errorf("notice %+v", got)
					}
				}
			}
		}
	})
}
