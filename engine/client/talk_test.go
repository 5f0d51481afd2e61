package client

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

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

// chatHeader announces a message; content is nil unless it is in the header.
func chatHeader(id string, content []byte, deflated bool, total int) *livekit.DataPacket {
	p := header(id, uint64(total))
	h := p.GetStreamHeader()
	h.Topic, h.InlineContent = doorapi.TopicChat, content
	if deflated {
		h.Compression = livekit.DataStream_DEFLATE_RAW
	}
	return p
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
		{"in chunks", []*livekit.DataPacket{chatHeader("1", nil, false, 5), chunk("1", 0, "hello"), trailer("1")}, "hello"},
		{"inline", []*livekit.DataPacket{chatHeader("1", []byte("hello"), false, 5)}, "hello"},
		{"inline, deflated", []*livekit.DataPacket{chatHeader("1", deflate(t, long), true, len(long))}, long},
		{"deflated in chunks", []*livekit.DataPacket{chatHeader("1", nil, true, len(long)), chunk("1", 0, string(deflate(t, long))), trailer("1")}, long},
		{"web client of before", []*livekit.DataPacket{legacyPacket(`{"id":"1","message":"hello"}`)}, "hello"},
		{"web client's second form", []*livekit.DataPacket{legacyPacket(`{"id":"1","message":"hello","ignoreLegacy":true}`)}, ""},
		{"lines stay, controls and overrides go", []*livekit.DataPacket{chatHeader("1", []byte("a\r\nb\x1b[31m\u202ec"), false, 0)}, "a\nb[31mc"},
		{"nothing", []*livekit.DataPacket{chatHeader("1", []byte{}, false, 0)}, ""},
		{"only controls", []*livekit.DataPacket{chatHeader("1", []byte{7, 8}, false, 0)}, ""},
		{"too long", []*livekit.DataPacket{chatHeader("1", []byte(strings.Repeat("x", call.MaxChat+1)), false, 0)}, ""},
		{"bomb", []*livekit.DataPacket{chatHeader("1", bomb, true, 0)}, ""},
		{"not deflated", []*livekit.DataPacket{chatHeader("1", []byte("hello"), true, 5)}, ""},
		{"another length than announced", []*livekit.DataPacket{chatHeader("1", []byte("hello"), false, 6)}, ""},
		{"not a text", []*livekit.DataPacket{chatHeader("1", []byte{0xff}, false, 1)}, ""},
		{"an id that is too long", []*livekit.DataPacket{chatHeader(strings.Repeat("1", maxChatID+1), []byte("hello"), false, 5)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDataState()
			var events []call.SessionEvent
			for i, p := range test.packets {
				events = append(events, d.receive(packet(t, "bob", uint32(i+1), p), false, time.Unix(1000, 0))...)
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
			got := events[0].(call.ChatReceived).Message
			if got.Text != test.want || got.ID != "1" || got.From != "bob" || !got.At.Equal(time.Unix(1000, 0)) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A sender who floods is cut off, the others are not.
func TestChatFlood(t *testing.T) {
	d := newDataState()
	now := time.Unix(1000, 0)
	heard := map[call.Identity]int{}
	say := func(who string, n int) {
		for i := range n {
			for _, e := range d.receive(packet(t, who, 0, chatHeader(who+string(rune('a'+i%26)), []byte("x"), false, 0)), false, now) {
				heard[e.(call.ChatReceived).Message.From]++
			}
		}
	}
	say("mallory", 5000)
	say("bob", call.ChatBurst)
	if heard["mallory"] != 2*call.ChatBurst || heard["bob"] != call.ChatBurst {
		t.Errorf("heard %v", heard)
	}
}

func noticePacket(t testing.TB, identity, sid string, n doorapi.Notice) []byte {
	t.Helper()
	payload, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	topic := doorapi.TopicNotice
	return marshal(t, &livekit.DataPacket{
		ParticipantIdentity: identity, ParticipantSid: sid,
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Topic: &topic, Payload: payload}},
	})
}

func callPacket(t testing.TB, identity, sid, id string, n doorapi.Notice) []byte {
	t.Helper()
	payload, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return marshal(t, &livekit.DataPacket{
		ParticipantIdentity: identity, ParticipantSid: sid,
		Value: &livekit.DataPacket_RpcRequest{RpcRequest: &livekit.RpcRequest{Id: id, Method: doorapi.MethodNotice, Payload: string(payload), Version: 1}},
	})
}

func marshal(t testing.TB, p *livekit.DataPacket) []byte {
	t.Helper()
	raw, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Only the server's own packets are notices.
func TestNoticesAreTheServersAlone(t *testing.T) {
	n := doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "ada", Reason: "banned"}
	for name, test := range map[string]struct {
		raw  []byte
		want int
	}{
		"to everybody":                 {noticePacket(t, "", "", n), 1},
		"a participant's":              {noticePacket(t, "bob", "PA_bob", n), 0},
		"a call":                       {callPacket(t, "uuid", "", "uuid", n), 1},
		"a participant's call":         {callPacket(t, "bob", "PA_bob", "uuid", n), 0},
		"one named like its own call":  {callPacket(t, "uuid", "PA_bob", "uuid", n), 0},
		"a call without an id":         {callPacket(t, "", "", "", n), 0},
		"a call of somebody else's id": {callPacket(t, "other", "", "uuid", n), 0},
		"a stream on the notices topic": {packet(t, "bob", 1, func() *livekit.DataPacket {
			p := chatHeader("1", []byte("{}"), false, 0)
			p.GetStreamHeader().Topic = doorapi.TopicNotice
			return p
		}()), 0},
	} {
		d := newDataState()
		if events := d.receive(test.raw, false, time.Now()); len(events) != 0 || len(d.notices) != test.want {
			t.Errorf("%s: %d notices, events %v", name, len(d.notices), events)
		}
	}
	for name, raw := range map[string]string{
		"not JSON": "x", "no kind": `{"id":"ada"}`, "too long": `{"kind":"room","text":"` + strings.Repeat("x", doorapi.MaxNotice) + `"}`,
	} {
		if _, ok := parseNotice([]byte(raw)); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	clean, ok := parseNotice([]byte(`{"kind":"put_out","by":"Eve\n\u202eevE","text":"` + strings.Repeat("ä", call.MaxText) + `","role":"king"}`))
	if !ok || clean.By != "Eve evE" || len(clean.Text) > call.MaxText || clean.Role != "" {
		t.Errorf("cleaned: %q, %d bytes, role %q", clean.By, len(clean.Text), clean.Role)
	}
}

// told is a session that has joined a room with bob, and its events.
func told(t testing.TB) (*session, *[]call.SessionEvent) {
	t.Helper()
	s := bareSession(New(Config{Log: testLog(t)}), joinResponse(info("bob", "PA_b", 1)))
	t.Cleanup(s.alarms.stop)
	var events []call.SessionEvent
	s.sink = func(e call.SessionEvent) { events = append(events, e) }
	return s, &events
}

func (s *session) hearNotice(t testing.TB, n doorapi.Notice) {
	t.Helper()
	s.onData(noticePacket(t, "", "", n), false)
}

func TestK4_OthersLeaveForTheReasonToldBefore(t *testing.T) {
	removed := livekit.DisconnectReason_PARTICIPANT_REMOVED
	for name, test := range map[string]struct {
		notice *doorapi.Notice
		goes   livekit.DisconnectReason
		want   call.ParticipantLeft
	}{
		"without a word":     {nil, removed, call.ParticipantLeft{Reason: call.ReasonRemoved}},
		"banned":             {&doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "bob", Reason: "banned"}, removed, call.ParticipantLeft{Reason: call.ReasonBanned}},
		"offline too long":   {&doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "bob", Reason: "offline_removed"}, livekit.DisconnectReason_CONNECTION_TIMEOUT, call.ParticipantLeft{Reason: call.ReasonOfflineRemoved}},
		"the room is told":   {&doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "bob", Reason: "removed", By: "Eve", Text: "Shouting"}, removed, call.ParticipantLeft{Reason: call.ReasonRemoved, By: "Eve", Text: "Shouting"}},
		"about another":      {&doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "carl", Reason: "banned"}, removed, call.ParticipantLeft{Reason: call.ReasonRemoved}},
		"no reason of ours":  {&doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "bob", Reason: "left"}, removed, call.ParticipantLeft{Reason: call.ReasonRemoved}},
		"a second device of": {&doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "bob", Reason: "banned"}, livekit.DisconnectReason_DUPLICATE_IDENTITY, call.ParticipantLeft{Reason: call.ReasonDuplicate}},
	} {
		t.Run(name, func(t *testing.T) {
			s, events := told(t)
			if test.notice != nil {
				s.hearNotice(t, *test.notice)
			}
			s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{gone(info("bob", "PA_b", 2), test.goes)}})
			s.onAlarm(alarmLeft)
			if len(*events) != 1 {
				t.Fatalf("events: %+v", *events)
			}
			got := (*events)[0].(call.ParticipantLeft)
			if got.Reason != test.want.Reason || got.By != test.want.By || got.Text != test.want.Text {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A notice is forgotten: who is removed again later is not banned for it.
func TestK4_AnOldNoticeIsForgotten(t *testing.T) {
	s, events := told(t)
	s.departures.Tell("bob", call.Removal{Reason: call.ReasonBanned}, time.Now().Add(-11*time.Second))
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{
		gone(info("bob", "PA_b", 2), livekit.DisconnectReason_PARTICIPANT_REMOVED),
	}})
	if got := (*events)[0].(call.ParticipantLeft); got.Reason != call.ReasonRemoved {
		t.Errorf("got %+v", got)
	}
}

// What the door said about somebody who had gone already is not why they leave
// when they have been here again.
func TestK4_WhoComesAgainLeavesForAnotherReason(t *testing.T) {
	s, events := told(t)
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{
		gone(info("bob", "PA_b", 2), livekit.DisconnectReason_CLIENT_INITIATED),
	}})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "bob", Reason: "removed"})
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{info("bob", "PA_c", 3)}})
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{
		gone(info("bob", "PA_c", 4), livekit.DisconnectReason_CLIENT_INITIATED),
	}})
	last, ok := (*events)[len(*events)-1].(call.ParticipantLeft)
	if !ok || last.Reason != call.ReasonLeft {
		t.Errorf("events: %+v", *events)
	}
}

// The reason may come after the news, and somebody may be back before it.
func TestK4_TheReasonIsLate(t *testing.T) {
	removed := &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{
		gone(info("bob", "PA_b", 2), livekit.DisconnectReason_PARTICIPANT_REMOVED),
	}}
	s, events := told(t)
	s.onUpdate(removed)
	if len(*events) != 0 || !s.alarms.isSet(alarmLeft) {
		t.Fatalf("events: %+v", *events)
	}
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "carl", Reason: "banned"})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "bob", Reason: "banned"})
	s.onAlarm(alarmLeft)
	if len(*events) != 1 || (*events)[0].(call.ParticipantLeft).Reason != call.ReasonBanned {
		t.Errorf("events: %+v", *events)
	}
	s, events = told(t)
	s.onUpdate(removed)
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{info("bob", "PA_b2", 3)}})
	if len(*events) != 2 {
		t.Fatalf("events: %+v", *events)
	}
	if left, ok := (*events)[0].(call.ParticipantLeft); !ok || left.Reason != call.ReasonRemoved {
		t.Errorf("first %+v", (*events)[0])
	}
	s, events = told(t)
	s.onUpdate(removed)
	s.onLeave(&livekit.LeaveRequest{Reason: livekit.DisconnectReason_ROOM_CLOSED, Action: livekit.LeaveRequest_DISCONNECT})
	if len(*events) != 2 {
		t.Errorf("events: %+v", *events)
	}
}

func TestO4_TheDoorTellsWhoIsLost(t *testing.T) {
	s, events := told(t)
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeLost, ID: "bob"})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeLost, ID: "nobody"})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeBack, ID: "bob"})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeLost, ID: "bob"})
	s.roster.Heartbeat("PA_b", time.Second, time.Now()) // is there after all
	changed, _ := s.roster.Listen(nil, time.Time{}, time.Now(), time.Hour)
	s.emit(changed...)
	var lost []bool
	for _, e := range *events {
		lost = append(lost, e.(call.ParticipantUpdated).Participant.Lost)
	}
	if len(lost) != 4 || !lost[0] || lost[1] || !lost[2] || lost[3] {
		t.Errorf("lost: %v", lost)
	}
}

func TestStanding(t *testing.T) {
	s, events := told(t)
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeMuted, ID: "bob"}) // not us
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeMuted, ID: "ada"})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeUnmuted, ID: "ada"})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeRole, ID: "ada", Role: call.RoleCoHost})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeRole, ID: "ada"}) // of no role
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeRoom, Room: &call.RoomRules{Locked: true}})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeRoom, Room: &call.RoomRules{Locked: true}}) // as before
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeChatOff})
	s.hearNotice(t, doorapi.Notice{Kind: "news of tomorrow"})
	self := proto.CloneOf(joinResponse().GetParticipant())
	self.Permission = &livekit.ParticipantPermission{CanPublish: true}
	s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{self}})
	locked := call.RoomRules{Locked: true}
	want := []call.Standing{
		{Muted: true}, {},
		{Role: call.RoleCoHost}, {Role: call.RoleCoHost, Rules: locked}, {Role: call.RoleCoHost, Rules: locked, ChatOff: true},
		{Role: call.RoleCoHost, Rules: locked, ChatOff: true, Muted: true},
	}
	if len(*events) != len(want) {
		t.Fatalf("events: %+v", *events)
	}
	for i, e := range *events {
		if got := e.(call.RulesChanged).Standing; got != want[i] {
			t.Errorf("%d: %+v, want %+v", i, got, want[i])
		}
	}
}

// TestK10_RightsHoldWhenTheServerHasGivenThem: the door's word and LiveKit's come
// by two connections, in any order, or the word does not come at all.
func TestK10_RightsHoldWhenTheServerHasGivenThem(t *testing.T) {
	s, events := told(t)
	version := uint32(0)
	given := func(age int, publishes, data bool) {
		version++
		self := proto.CloneOf(joinResponse().GetParticipant())
		self.Version = version - uint32(age)
		self.Permission = &livekit.ParticipantPermission{CanPublish: publishes, CanPublishData: data}
		s.onUpdate(&livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{self}})
	}
	role := func(r call.Role) { s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeRole, ID: "ada", Role: r}) }
	s.standing.Role = call.RoleListener
	given(0, false, true)
	role(call.RoleCoHost) // a promise
	given(0, true, true)
	given(2, false, true) // old news
	role(call.RoleListener)
	given(0, false, true)
	given(0, true, true) // its notice was lost
	given(0, false, true)
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeMuted, ID: "ada"})
	given(0, false, false)
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeUnmuted, ID: "ada"}) // a promise
	given(0, false, true)
	want := []call.Standing{
		{Role: call.RoleCoHost}, {Role: call.RoleListener}, {Role: call.RoleParticipant}, {Role: call.RoleListener},
		{Role: call.RoleListener, Muted: true}, {Role: call.RoleListener},
	}
	var got []call.Standing
	for _, e := range *events {
		got = append(got, e.(call.RulesChanged).Standing)
	}
	if !slices.Equal(got, want) {
		t.Errorf("told %+v, want %+v", got, want)
	}
}

// TestK1_TheEndHasTheReasonToldBefore: the server's leave only says "removed".
func TestK1_TheEndHasTheReasonToldBefore(t *testing.T) {
	until := time.UnixMilli(1_900_000_000_000)
	ban := doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "ada", Reason: "banned", By: "Eve", Text: "Enough", Until: until.UnixMilli()}
	for name, end := range map[string]func(*session){
		"leave": func(s *session) {
			s.onLeave(&livekit.LeaveRequest{Reason: livekit.DisconnectReason_PARTICIPANT_REMOVED, Action: livekit.LeaveRequest_DISCONNECT})
		},
		"only the socket ends": func(s *session) { s.lost(call.ErrConnectionLost, false) },
		"nothing":              (*session).onRemovalOverdue,
	} {
		t.Run(name, func(t *testing.T) {
			s, events := told(t)
			s.hearNotice(t, ban)
			s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticePutOut, ID: "ada", Reason: "banned"}) // what the room hears
			if !s.alarms.isSet(alarmVerdict) {
				t.Error("nothing bounds the wait for the server")
			}
			end(s)
			if len(*events) != 1 {
				t.Fatalf("events: %+v", *events)
			}
			got := (*events)[0].(call.SessionEnded)
			if got.Reason != call.ReasonBanned || got.By != "Eve" || got.Text != "Enough" || !got.Until.Equal(until) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestK2_DismissedWithAText(t *testing.T) {
	s, events := told(t)
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeDismissed, By: "Eve", Text: "Good night"})
	s.onLeave(&livekit.LeaveRequest{Reason: livekit.DisconnectReason_ROOM_DELETED, Action: livekit.LeaveRequest_DISCONNECT})
	if got := (*events)[0].(call.SessionEnded); got.Reason != call.ReasonDismissed || got.By != "Eve" || got.Text != "Good night" {
		t.Errorf("got %+v", got)
	}
}

// What may have been said to nobody when the connection broke is said again.
func TestDoubtedChat(t *testing.T) {
	lost := time.Unix(1000, 0)
	d := newDataState()
	for i := range 10 {
		d.sent += 100
		d.hasSaid(call.ChatMessage{ID: string(rune('0' + i)), At: lost.Add(time.Duration(i-60) * time.Second)})
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
		d.hasSaid(call.ChatMessage{ID: "x", At: lost})
	}
	if n := len(d.doubted(0, lost)); n != keptChat {
		t.Errorf("%d messages are kept", n)
	}
}

func FuzzData(f *testing.F) {
	f.Add(packet(f, "bob", 1, header("1", 2)), packet(f, "bob", 2, chunk("1", 0, "hi")), packet(f, "bob", 3, trailer("1")))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		d := newDataState()
		now := time.Unix(1000, 0)
		for _, raw := range [][]byte{a, b, c, a, c} {
			for _, e := range d.receive(raw, false, now) {
				switch got := e.(type) {
				case call.DataReceived:
					if len(got.Topic) > maxTopic || len(got.ID) > call.MaxIDBytes || got.Topic == doorapi.TopicNotice {
						t.Errorf("event %+v", e)
					}
				case call.ChatReceived:
					if call.CheckChat(got.Message.Text) != nil || got.Message.ID == "" || len(got.Message.From) > call.MaxIDBytes {
						t.Errorf("event %+v", e)
					}
				default:
					t.Errorf("event %+v", e)
				}
			}
			for _, n := range d.notices {
				if n.valid && (len(n.notice.Text) > call.MaxText || len(n.notice.By) > call.MaxName) {
					t.Errorf("notice %+v", n)
				}
			}
			d.notices = nil
		}
	})
}
