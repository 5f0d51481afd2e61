package client

import (
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// told is a session that has joined a room with bob, and its events.
func told(t testing.TB) (*session, *[]call.SessionEvent) {
	t.Helper()
	s := bareSession(New(Config{Log: testLog(t)}), joinResponse(info("bob", "PA_b", 1)))
	t.Cleanup(s.alarms.Stop)
	var events []call.SessionEvent
	s.sink = func(e call.SessionEvent) { events = append(events, e) }
	return s, &events
}

func (s *session) hearNotice(t testing.TB, n doorapi.Notice) {
	t.Helper()
	s.data.onMessage(noticePacket(t, "", "", n), false)
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
	if len(*events) != 0 || !s.alarms.IsSet(alarmLeft) {
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
	s.permissions.current.Role = call.RoleListener
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
			if !s.alarms.IsSet(alarmRemoval) {
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

// Hosts and co-hosts hear how many people wait, and who came last, fit to be shown.
func TestWaitersNotice(t *testing.T) {
	s, events := told(t)
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeWaiting, Count: 3, By: "Eve\u202e\n"})
	s.hearNotice(t, doorapi.Notice{Kind: doorapi.NoticeWaiting, Count: -4})
	want := []call.SessionEvent{call.WaitersChanged{Count: 3, Name: "Eve"}, call.WaitersChanged{}}
	if !slices.Equal(*events, want) {
		t.Errorf("got %+v, want %+v", *events, want)
	}
}
