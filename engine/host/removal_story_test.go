package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/engine/host/roomservice"
)

// do calls an operation with a bearer token, or the admin key if that is empty.
func (s *testServer) do(op call.Operation, bearer string, request, answer any) (doorapi.Error, int) {
	s.t.Helper()
	if bearer == "" {
		key, _, err := doorclient.ReadAdminKey(s.AdminKeyFile)
		if err != nil {
			s.t.Fatal(err)
		}
		bearer = key
	}
	raw, err := json.Marshal(request)
	if err != nil {
		s.t.Fatal(err)
	}
	status, body := s.post(doorapi.APIPath+string(op), bearer, raw)
	var refusal doorapi.Error
	if status == http.StatusOK {
		err = json.Unmarshal(body, answer)
	} else {
		err = json.Unmarshal(body, &refusal)
	}
	if err != nil {
		s.t.Fatalf("%s: status %d, body %q: %v", op, status, body, err)
	}
	return refusal, status
}

// mustDo calls an operation about people and checks their results, in order.
func (s *testServer) mustDo(op call.Operation, bearer string, request any, want ...string) {
	s.t.Helper()
	var answer doorapi.PeopleAnswer
	refusal, status := s.do(op, bearer, request, &answer)
	var got []string
	for _, r := range answer.Results {
		got = append(got, r.Result)
	}
	if status != http.StatusOK || !slices.Equal(got, want) {
		s.t.Fatalf("%s: %d %+v, results %v, want %v", op, status, refusal, got, want)
	}
}

func people(room string, ids ...call.Identity) doorapi.PeopleRequest {
	return doorapi.PeopleRequest{Room: doorapi.RoomParameter(room), IDs: ids}
}

// api is LiveKit's own client at the door's address.
func (s *testServer) roomService(room string) livekit.RoomService {
	return livekit.NewRoomServiceProtobufClient(s.URL, &http.Client{Timeout: waitTimeout, Transport: &adminTransport{s.api, s.client().Transport}})
}

// inRoom lists who LiveKit has in a room.
func (s *testServer) inRoom(room string) []string {
	s.t.Helper()
	list, err := s.roomService(room).ListParticipants(context.Background(), &livekit.ListParticipantsRequest{Room: room})
	if err != nil {
		s.t.Fatal(err)
	}
	var ids []string
	for _, p := range list.GetParticipants() {
		if roomservice.IsPerson(p) {
			ids = append(ids, p.GetIdentity())
		}
	}
	slices.Sort(ids)
	return ids
}

// refreshed waits for the token that LiveKit gives to participants.
func (w *wire) refreshed() string {
	w.t.Helper()
	return w.next(func(m *livekit.SignalResponse) bool { return m.GetRefreshToken() != "" }).GetRefreshToken()
}

// foreign makes a token as a holder of the API key does.
func (s *testServer) foreign(identity string) string {
	s.t.Helper()
	token, err := auth.NewAccessToken(s.api.Key, s.api.Secret).SetIdentity(identity).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "hall"}).SetValidFor(time.Hour).ToJWT()
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// intruder is a banned person with everything they have ever had.
type intruder struct {
	s       *testServer
	link    call.Link
	guest   guest
	old     string // the token of their first join
	fresh   string // LiveKit's refreshed one
	sid     string
	now     func() time.Time
	answers map[string]int
}

// try is one way to come in. It returns what the door said.
type try func(*intruder) (in bool, said string)

func (i *intruder) connect(path, token string) (bool, string) {
	w, status, err := i.s.dialPath(path, token)
	if err == nil {
		_ = w.conn.Close()
		return true, "in"
	}
	return false, fmt.Sprint(status)
}

func (i *intruder) validate(path, token string) (bool, string) {
	req, err := http.NewRequest(http.MethodGet, i.s.URL+path, nil)
	if err != nil {
		i.s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := i.s.client().Do(req)
	if err != nil {
		i.s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK, fmt.Sprint(res.StatusCode)
}

func (i *intruder) join(change func(*doorapi.JoinRequest, *guest)) (bool, string) {
	g := i.guest
	req := doorapi.JoinRequest{Room: i.link.Room, Secret: i.link.Secret, Identity: g.id, Name: "Anna"}
	if change != nil {
		change(&req, &g)
	}
	if err := req.Sign(g.key, i.link.Fingerprint, i.now()); err != nil {
		i.s.t.Fatal(err)
	}
	answer, refusal, status := i.s.join(req)
	if status != http.StatusOK {
		return false, string(refusal.Code)
	}
	return i.connect("/rtc?protocol=17", answer.Token)
}

// mint makes a refreshed token as LiveKit would now (roommanager.go,
// refreshToken).
func (i *intruder) mint() string {
	parsed, err := auth.ParseAPIToken(i.old)
	if err != nil {
		i.s.t.Fatal(err)
	}
	_, grants, err := parsed.Verify(i.s.api.Secret)
	if err != nil {
		i.s.t.Fatal(err)
	}
	token, err := auth.NewAccessToken(i.s.api.Key, i.s.api.Secret).SetIdentity("anna").SetName("Anna").
		SetAttributes(grants.Attributes).SetVideoGrant(grants.Video).SetValidFor(10 * time.Minute).ToJWT()
	if err != nil {
		i.s.t.Fatal(err)
	}
	return token
}

func tries() map[string]try {
	const first, resume = "/rtc?protocol=17&sdk=go", "/rtc?protocol=17&sdk=go&reconnect=1&sid="
	return map[string]try{
		"old token":                 func(i *intruder) (bool, string) { return i.connect(first, i.old) },
		"old token in the query":    func(i *intruder) (bool, string) { return i.connect(first+"&access_token="+i.old, "") },
		"refreshed token":           func(i *intruder) (bool, string) { return i.connect(first, i.fresh) },
		"refreshed in the query":    func(i *intruder) (bool, string) { return i.connect(first+"&access_token="+i.fresh, "") },
		"resume with the old":       func(i *intruder) (bool, string) { return i.connect(resume+i.sid, i.old) },
		"resume with the refreshed": func(i *intruder) (bool, string) { return i.connect(resume+i.sid, i.fresh) },
		"a token refreshed now":     func(i *intruder) (bool, string) { return i.connect(first, i.mint()) },
		"single connection":         func(i *intruder) (bool, string) { return i.connect(i.s.singlePath(false, ""), i.fresh) },
		"resume, single connection": func(i *intruder) (bool, string) { return i.connect(i.s.singlePath(true, i.sid), i.fresh) },
		"validate":                  func(i *intruder) (bool, string) { return i.validate("/rtc/validate", i.old) },
		"validate v1":               func(i *intruder) (bool, string) { return i.validate("/rtc/v1/validate", i.fresh) },
		"a token of the API key":    func(i *intruder) (bool, string) { return i.connect(first, i.s.foreign("anna")) },
		"join":                      func(i *intruder) (bool, string) { return i.join(nil) },
		"new name": func(i *intruder) (bool, string) {
			return i.join(func(r *doorapi.JoinRequest, _ *guest) { r.Name = "Somebody else" })
		},
		"new identity": func(i *intruder) (bool, string) {
			return i.join(func(r *doorapi.JoinRequest, _ *guest) { r.Identity = "berta" })
		},
		"new key": func(i *intruder) (bool, string) {
			return i.join(func(r *doorapi.JoinRequest, g *guest) { *g = newGuest(i.s.t, "anna") })
		},
		"wrong secret": func(i *intruder) (bool, string) {
			return i.join(func(r *doorapi.JoinRequest, _ *guest) { r.Secret = "wrong" })
		},
		"rejoin by itself": func(i *intruder) (bool, string) {
			return i.join(func(r *doorapi.JoinRequest, _ *guest) { r.Generation = 1 })
		},
		"rejoin with a guess": func(i *intruder) (bool, string) {
			return i.join(func(r *doorapi.JoinRequest, _ *guest) { r.Generation = 2 })
		},
	}
}

// run tries every way in turn, n tries in all, and counts who got in.
func (i *intruder) run(t *testing.T, n int) (in int) {
	t.Helper()
	ways := tries()
	names := make([]string, 0, len(ways))
	for name := range ways {
		names = append(names, name)
	}
	slices.Sort(names)
	for k := range n {
		name := names[k%len(names)]
		ok, said := ways[name](i)
		i.answers[name+": "+said]++
		if ok {
			in++
			t.Errorf("%s: in", name)
		}
	}
	return in
}

// TestK8_BannedNeverGetsIn: of 1000 tries by every way, before and after a
// restart of the server, none succeeds; when the time is over, the first does.
func TestK8_BannedNeverGetsIn(t *testing.T) {
	t.Parallel()
	const half = 500
	var ahead atomic.Int64 // of the server's clock
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	dir := t.TempDir()
	configure := func(c *Config) {
		noLimits(c) // the ban has to hold by itself
		c.Data, c.now = dir, now
	}
	s := startServer(t, configure)
	link := s.invite(nil)
	witness := newGuest(t, "witness")
	s.mustDial(s.mustJoin(witness, link).Token)
	i := &intruder{s: s, link: link, guest: newGuest(t, "anna"), now: now, answers: map[string]int{}}
	i.old = s.mustJoin(i.guest, link).Token
	w, join := s.mustDial(i.old)
	i.sid, i.fresh = join.GetParticipant().GetSid(), w.refreshed()
	began := time.Now()
	s.mustDo(call.OpBan, "", doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"anna"}, Minutes: 60, Text: "Enough"}, call.ResultDone)
	if r := w.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
		t.Errorf("told %v", r)
	}
	in := i.run(t, half)
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"witness"}) {
		t.Errorf("in the room: %v", got)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s = startServer(t, configure)
	i.s = s
	s.mustDial(s.mustJoin(witness, link).Token)
	in += i.run(t, half)
	if got := s.inRoom("hall"); !slices.Equal(got, []string{"witness"}) {
		t.Errorf("in the room after a restart: %v", got)
	}
	t.Logf("%d of %d tries got in; %v", in, 2*half, i.answers)

	_, refusal, _ := s.join(i.guest.request(t, link))
	lasts := time.UnixMilli(refusal.Until).Sub(began)
	if refusal.Code != doorapi.CodeBanned || refusal.Text != "Enough" || lasts < time.Hour-time.Second || lasts > time.Hour+waitTimeout {
		t.Errorf("J7: told %+v, %v after the ban", refusal, lasts)
	}
	ahead.Store(int64(61 * time.Minute))
	if ok, said := i.connect("/rtc?protocol=17", i.fresh); ok || said != "403" {
		t.Errorf("the tokens of before the ban: %s", said)
	}
	if ok, said := i.join(nil); !ok {
		t.Errorf("after the end of the ban: %s", said)
	}
}

func TestK8_BansAreListedAndLifted(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link, anna := s.invite(nil), newGuest(t, "anna")
	s.mustDial(s.mustJoin(anna, link).Token)
	s.mustDo(call.OpBan, "", doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"anna", "nobody"}, Text: "<b>'; DROP TABLE bans"}, call.ResultDone, call.ResultUnknown)
	var bans doorapi.BansAnswer
	if refusal, _ := s.do(call.OpBans, "", doorapi.RoomRequest{Room: "hall"}, &bans); len(bans.Bans) != 1 {
		t.Fatalf("%+v %+v", bans, refusal)
	}
	if b := bans.Bans[0]; b.ID != "anna" || b.Name != "Guest anna" || b.Until != 0 || b.Text != "<b>'; DROP TABLE bans" {
		t.Errorf("%+v", b)
	}
	s.mustDo(call.OpUnban, "", people("hall", "anna", "ben"), call.ResultDone, call.ResultNotBanned)
	s.mustDial(s.mustJoin(anna, link).Token)
}

// TestK8_BanInTheMiddle bans while the person connects over and over: whatever
// the moment, nobody is in the room in the end.
func TestK8_BanInTheMiddle(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link := s.invite(nil)
	for round := range 10 {
		g := newGuest(t, fmt.Sprint("anna", round))
		token := s.mustJoin(g, link).Token
		s.mustDial(token)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for n := range 12 {
				extra := ""
				if n%2 == 0 {
					extra = "&reconnect=1"
				}
				if w, _, err := s.dial(token, extra); err == nil {
					_ = w.conn.Close()
				}
			}
		}()
		s.mustDo(call.OpBan, "", people("hall", g.id), call.ResultDone)
		<-ended
		if got := s.inRoom("hall"); len(got) != 0 {
			t.Fatalf("round %d: in the room: %v", round, got)
		}
	}
}

// TestK1_RemovalEndsTokens: what somebody had is dead at once, and says why; a
// fresh join is welcome.
func TestK1_RemovalEndsTokens(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link, anna := s.invite(nil), newGuest(t, "anna")
	first := s.mustJoin(anna, link)
	if first.Generation != 1 || first.Role != call.RoleParticipant {
		t.Errorf("joined as %+v", first)
	}
	w, join := s.mustDial(first.Token)
	fresh := w.refreshed()
	s.mustDo(call.OpRemove, "", doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"anna"}, Text: "Calm down"}, call.ResultDone)
	if r := w.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
		t.Errorf("told %v", r)
	}
	for name, extra := range map[string]string{"anew": "", "resume": "&reconnect=1&sid=" + join.GetParticipant().GetSid()} {
		for _, token := range []string{first.Token, fresh} {
			if _, status, err := s.dial(token, extra); err == nil || status != http.StatusForbidden {
				t.Errorf("%s: %d %v", name, status, err)
			}
		}
	}
	req := doorapi.JoinRequest{Room: "hall", Secret: link.Secret, Identity: "anna", Name: "Anna", Generation: first.Generation}
	if err := req.Sign(anna.key, link.Fingerprint, time.Now()); err != nil {
		t.Fatal(err)
	}
	_, refusal, _ := s.join(req)
	var out *call.PutOutError
	if !errors.As(refusal.Err(), &out) || out.Reason != call.ReasonRemoved || out.Text != "Calm down" {
		t.Errorf("O9: a client that joins anew by itself is told %+v", refusal)
	}
	again := s.mustJoin(anna, link)
	if again.Generation != 2 {
		t.Errorf("generation %d", again.Generation)
	}
	s.mustDial(again.Token)
	if _, status, err := s.dial(fresh, ""); err == nil {
		t.Errorf("the refreshed token of before works again: %d", status)
	}
}

// TestK1_ForeignTokens: tokens of the API key die by their age.
func TestK1_ForeignTokens(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	s.invite(nil)
	old := s.foreign("bot")
	w, _ := s.mustDial(old)
	fresh := w.refreshed()
	s.mustDo(call.OpRemove, "", doorapi.PeopleRequest{Room: "hall", IDs: []call.Identity{"bot"}, Text: "Bye"}, call.ResultDone)
	for _, token := range []string{old, fresh, s.foreign("bot")} {
		if _, status, err := s.dial(token, ""); err == nil || status != http.StatusForbidden {
			t.Errorf("%d %v", status, err)
		}
	}
	s.waitSecond()
	s.mustDial(s.foreign("bot"))
	// A forged mark of the door does not turn it into one of the door's.
	forged, err := auth.NewAccessToken(s.api.Key, s.api.Secret).SetIdentity("bot").
		SetAttributes(map[string]string{doorapi.AttributeMember: "x", doorapi.AttributeGeneration: "3"}).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "hall"}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	if _, status, err := s.dial(forged, ""); err == nil || status != http.StatusUnauthorized {
		t.Errorf("forged mark: %d %v", status, err)
	}
}

// waitSecond waits for the next second: tokens say only in which they were made.
func (s *testServer) waitSecond() {
	now := time.Now()
	<-time.After(now.Truncate(time.Second).Add(1010 * time.Millisecond).Sub(now))
}

// TestK6_SeveralAtOnce: ten people in one call, results in order, bad requests
// refused before anything happens.
func TestK6_SeveralAtOnce(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	var ids []call.Identity
	var wires []*wire
	for n := range call.MaxPeople {
		g := newGuest(t, fmt.Sprint("guest", n))
		w, _ := s.mustDial(s.mustJoin(g, link).Token)
		ids, wires = append(ids, g.id), append(wires, w)
	}
	long := strings.Repeat("x", call.MaxText+1)
	for name, q := range map[string]doorapi.PeopleRequest{
		"eleven":           people("hall", append(slices.Clone(ids), "another")...),
		"nobody":           people("hall"),
		"empty id":         people("hall", ""),
		"long text":        {Room: "hall", IDs: ids, Text: long},
		"control":          {Room: "hall", IDs: ids, Text: "a\x00b"},
		"negative minutes": {Room: "hall", IDs: ids, Minutes: -1},
		"huge minutes":     {Room: "hall", IDs: ids, Minutes: call.MaxBanMinutes + 1},
		"room with space":  people("a b", ids...),
	} {
		if refusal, status := s.do(call.OpBan, "", q, nil); status != http.StatusBadRequest || refusal.Code != doorapi.CodeBadRequest {
			t.Errorf("%s: %d %+v", name, status, refusal)
		}
	}
	if refusal, status := s.do(call.OpRemove, "", people("no-such-room", "guest0"), nil); status != http.StatusNotFound {
		t.Errorf("unknown room: %d %+v", status, refusal)
	}
	if got := s.inRoom("hall"); len(got) != call.MaxPeople {
		t.Fatalf("bad requests removed somebody: %v", got)
	}
	mixed := append(slices.Clone(ids[:8]), "nobody", ids[0])
	want := append(slices.Repeat([]string{call.ResultDone}, 8), call.ResultUnknown, call.ResultDone)
	began := time.Now()
	s.mustDo(call.OpRemove, "", people("hall", mixed...), want...)
	t.Logf("8 people removed in %v", time.Since(began))
	for _, w := range wires[:8] {
		if r := w.leaveReason(); r != livekit.DisconnectReason_PARTICIPANT_REMOVED {
			t.Errorf("told %v", r)
		}
	}
	if got := s.inRoom("hall"); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
}

func TestK7_AlreadyGone(t *testing.T) {
	t.Parallel()
	s := startServer(t, nil)
	link := s.invite(nil)
	s.mustDial(s.mustJoin(newGuest(t, "anna"), link).Token)
	s.mustDo(call.OpRemove, "", people("hall", "anna"), call.ResultDone)
	s.mustDo(call.OpRemove, "", people("hall", "anna", "nobody"), call.ResultAlreadyGone, call.ResultUnknown)
}

// singlePath is a connect for a single PeerConnection.
func (s *testServer) singlePath(resume bool, sid string) string {
	return "/rtc/v1?join_request=" + packJoin(s.t, &livekit.JoinRequest{
		ClientInfo:         &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17, Version: "2.4.0"},
		ConnectionSettings: &livekit.ConnectionSettings{AutoSubscribe: true},
		Reconnect:          resume, ParticipantSid: sid,
	})
}
