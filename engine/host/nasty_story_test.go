package host

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
)

// TestK8_BanTimes: 1 to 43200 minutes, or until lifted; nothing else is a ban,
// however large or small the number is.
func TestK8_BanTimes(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link := s.invite(nil)
	s.mustJoin(newGuest(t, "anna"), link) // makes the room
	bans := func() []call.BanRow {
		t.Helper()
		var answer doorapi.BansAnswer
		if refusal, status := s.do(call.OpBans, "", doorapi.RoomRequest{Room: "hall"}, &answer); status != http.StatusOK {
			t.Fatalf("bans: %d %+v", status, refusal)
		}
		return answer.Bans
	}
	for _, minutes := range []string{"-1", "43201", "-43200", "4294967297", "9223372036854775807", "-9223372036854775808",
		"153722868", "1e300", "99999999999999999999999", "1.5", `"10"`, "[1]", "true"} {
		body := json.RawMessage(`{"room":"hall","ids":["anna"],"minutes":` + minutes + `}`)
		if refusal, status := s.do(call.OpBan, "", body, nil); status != http.StatusBadRequest || refusal.Code != doorapi.CodeBadRequest {
			t.Errorf("%s minutes: %d %+v", minutes, status, refusal)
		}
	}
	if got := bans(); len(got) != 0 {
		t.Fatalf("banned all the same: %+v", got)
	}
	for _, minutes := range []int{1, 43200, 0} {
		began := time.Now()
		s.mustDo(call.OpBan, "", doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"anna"}, Minutes: minutes}, call.ResultDone)
		got := bans()
		if len(got) != 1 {
			t.Fatalf("%d minutes: %+v", minutes, got)
		}
		if minutes == 0 {
			if got[0].Until != 0 {
				t.Errorf("until lifted: %+v", got[0])
			}
		} else if off := time.UnixMilli(got[0].Until).Sub(began.Add(time.Duration(minutes) * time.Minute)); off < -time.Second || off > waitTimeout {
			t.Errorf("%d minutes: %v off", minutes, off)
		}
		if _, refusal, _ := s.join(newGuest(t, "anna").request(t, link)); refusal.Code != doorapi.CodeBanned || refusal.Until != got[0].Until {
			t.Errorf("%d minutes: %+v", minutes, refusal)
		}
		s.mustDo(call.OpUnban, "", people("hall", "anna"), call.ResultDone)
	}
}

// TestNastyNames: SQL, markup and templates in rooms, titles, identities, names,
// chat and reasons stay what they are from one end to the other, and touch nobody
// else.
func TestNastyNames(t *testing.T) {
	t.Parallel()
	const (
		room  = `';--$1%s<b>\..//` // what room IDs may have of it
		title = `<img src=x onerror=alert(1)>'); DROP TABLE rooms;--`
		id    = `' OR '1'='1`
		name  = `Robert'); DROP TABLE members;--<script>alert("x")</script>`
		words = `%' UNION SELECT * FROM bans;-- {{.}} ${x} <b>&amp;</b> $1 \x00 ’😀`
	)
	roomID := call.RoomID(room[1:]) // without the quote, which rooms may not have
	s := startServer(t, noLimits)
	link := s.invite(func(r *doorclient.InviteRequest) { r.Room, r.Title = roomID, title })
	nasty, anna := newGuest(t, id), newGuest(t, "anna")
	req := nasty.request(t, link)
	req.Name = name
	if err := req.Sign(nasty.key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, refusal, status := s.join(req)
	if status != http.StatusOK || answer.Title != title {
		t.Fatalf("join: %d %+v, title %q", status, refusal, answer.Title)
	}
	_, join := s.mustDial(answer.Token)
	if p := join.GetParticipant(); p.GetIdentity() != id || p.GetName() != name || join.GetRoom().GetName() != string(roomID) {
		t.Errorf("in the room as %+v", p)
	}
	friend := s.enter(link, anna)
	friend.await("everybody", func(e call.SessionEvent) bool { _, ok := e.(call.RosterReplaced); return ok })
	s.kept()
	friend.say(words)
	var said doorapi.ChatRow
	if refusal, status := s.do(call.OpSay, "", doorapi.SayRequest{Room: doorapi.RoomParameter(roomID), Text: words}, &said); status != http.StatusOK {
		t.Fatalf("say: %d %+v", status, refusal)
	}
	if m := friend.hears(words); m.Text != words {
		t.Errorf("heard %q", m.Text)
	}
	eventually(t, "both lines are stored", waitTimeout, func() bool {
		return slices.Equal(s.history(string(roomID), ""), []string{words, words})
	})
	if after := s.history(string(roomID), `' OR 1=1;--`); len(after) != 2 { // an ID that nobody has: everything
		t.Errorf("after nothing: %q", after)
	}
	eventually(t, "both are online", waitTimeout, func() bool {
		return s.online(string(roomID), id) && s.online(string(roomID), "anna")
	})
	q := people(string(roomID), id)
	q.Text = words
	s.mustDo(call.OpBan, "", q, call.ResultDone)
	var bans doorapi.BansAnswer
	if refusal, status := s.do(call.OpBans, "", doorapi.RoomRequest{Room: doorapi.RoomParameter(roomID)}, &bans); status != http.StatusOK ||
		len(bans.Bans) != 1 || bans.Bans[0].ID != id || bans.Bans[0].Name != name || bans.Bans[0].Text != words {
		t.Errorf("bans: %d %+v %+v", status, refusal, bans)
	}
	if _, refusal, _ := s.join(nasty.request(t, link)); refusal.Code != doorapi.CodeBanned || refusal.Text != words {
		t.Errorf("banned: %+v", refusal)
	}
	if !s.online(string(roomID), "anna") {
		t.Error("anna is gone, too")
	}
	s.mustJoin(newGuest(t, "ben"), link)
	s.mustDo(call.OpUnban, "", people(string(roomID), "x' OR identity != '"), call.ResultNotBanned)
	s.mustDo(call.OpUnban, "", people(string(roomID), id), call.ResultDone)
	s.mustJoin(nasty, link)
}
