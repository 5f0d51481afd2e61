//go:build linux

package attack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
)

// joinAttacks come from who has an invitation, or pretends to, at the door.
func joinAttacks() []attempt {
	return []attempt{
		{"names of 2 MB, of nothing, of bidi", participant, "be shown as nobody, or as somebody else", oddNames},
		{"odd room IDs", participant, "name files, parameters and flags", oddRooms},
		{"replayed join", participant, "use somebody's join once more", replayed},
		{"shifted clocks", participant, "sign for another time", shifted},
		{"flood of joins", participant, "be stored as thousands of people who never come", joinFlood},
		{"User-Agents of 100 kB", participant, "keep the processor busy and the memory full with a header", longAgents},
		{"500 identities of one key", participant, "be 500 people in a room", manyIdentities},
		{"a web page", outsider, "let a browser on the host's computer rule (CSRF, DNS rebinding)", webPage},
		{"reading history in a loop", participant, "keep the database busy", historyLoop},
		{"ruling as a participant", participant, "remove, ban, mute, dismiss and invite", ruling},
	}
}

func oddNames(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	long := strings.Repeat("n", 2<<20)
	bad := []func(*doorapi.JoinRequest){
		func(q *doorapi.JoinRequest) { q.Name = long }, func(q *doorapi.JoinRequest) { q.Identity = call.Identity(long) },
		func(q *doorapi.JoinRequest) { q.Name = "" }, func(q *doorapi.JoinRequest) { q.Name = "\u200b\u2060" },
		func(q *doorapi.JoinRequest) { q.Name = "\u3164" }, func(q *doorapi.JoinRequest) { q.Name = "\u2800" },
		func(q *doorapi.JoinRequest) { q.Name = "a\nb" }, func(q *doorapi.JoinRequest) { q.Name = "a\x00" },
		func(q *doorapi.JoinRequest) { q.Identity = "\u202eada" }, func(q *doorapi.JoinRequest) { q.Identity = "ad\u200ba" },
		func(q *doorapi.JoinRequest) { q.Identity = " ada" }, func(q *doorapi.JoinRequest) { q.Identity = "ada\u00a0" },
		func(q *doorapi.JoinRequest) { q.Identity = "\xff" }, func(q *doorapi.JoinRequest) { q.Identity = "e\u0301" },
	}
	var wrong []string
	for n, change := range bad {
		q, err := p.AskAt(s.links[call.RoleParticipant], time.Now(), change)
		if err != nil {
			return "", err
		}
		a, err := s.door.Ask(s.ctx, q)
		if err != nil {
			return "", err
		}
		if a.In() {
			wrong = append(wrong, fmt.Sprintf("%d: %.20q %.20q", n, q.Identity, q.Name))
		}
	}
	if len(wrong) > 0 {
		return "", reached("let in: %s", strings.Join(wrong, ", "))
	}
	return fmt.Sprintf("%d refused", len(bad)), nil
}

func oddRooms(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	rooms := []string{"../../etc/passwd", "%2e%2e/", "--data", "a&s=x", "'; drop table members; --", "hall ", "HALL", "hall\x00", "", strings.Repeat("r", 129), "\u200bhall", "ha\nll"}
	for _, room := range rooms {
		link := s.links[call.RoleParticipant]
		link.Room = call.RoomID(room)
		_, err := s.door.Admit(s.ctx, p, link)
		if said, err := refused(err); err != nil {
			return said, fmt.Errorf("room %.30q: %w", room, err)
		}
	}
	return fmt.Sprintf("%d refused", len(rooms)), nil
}

func replayed(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	q, err := p.Ask(s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	if a, err := s.door.Ask(s.ctx, q); err != nil || !a.In() {
		return "", fmt.Errorf("the first one: %v %w", a, err)
	}
	var last attack.Answer
	for n := range 10 {
		s.door.From = net.IPv4(127, 0, 200, byte(1+n))
		if last, err = s.door.Ask(s.ctx, q); err != nil {
			return "", err
		}
		if last.In() {
			return "", reached("it was good twice")
		}
	}
	changed := q
	changed.Identity = "ada"
	if last, err = s.door.Ask(s.ctx, changed); err != nil || last.In() {
		return "", reached("with another ID it was good: %v %v", last, err)
	}
	return "refused, " + last.String(), nil
}

func shifted(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	in := 0
	for _, by := range []time.Duration{-100 * 365 * 24 * time.Hour, -365 * 24 * time.Hour, -time.Hour, time.Hour, 365 * 24 * time.Hour} {
		q, err := p.AskAt(s.links[call.RoleParticipant], time.Now().Add(by), nil)
		if err != nil {
			return "", err
		}
		for range 2 {
			a, err := s.door.Ask(s.ctx, q)
			if err != nil {
				return "", err
			}
			if a.In() {
				in++
			}
			q.Time++ // after it was signed
		}
	}
	if in > 0 {
		return "", reached("%d joins of another time were good", in)
	}
	return "refused", nil
}

// joinFlood asks to be let in as somebody new each time, over one connection.
func joinFlood(s *stage) (string, error) {
	client := s.door.Client()
	defer client.CloseIdleConnections()
	limited, asked, times, began := 0, 0, many(500, 5_000), time.Now()
	const atOnce, perSecond = 300, 30 // of one address
	floods := func() bool { return asked > atOnce+int(perSecond*time.Since(began).Seconds()) }
	for ; asked < times || limited == 0 && floods() && asked < 4*times; asked++ {
		p, err := s.somebody()
		if err != nil {
			return "", err
		}
		q, err := p.Ask(s.links[call.RoleParticipant])
		if err != nil {
			return "", err
		}
		body, err := json.Marshal(q)
		if err != nil {
			return "", err
		}
		a, err := attack.Ask(s.ctx, client, http.MethodPost, s.door.URL+doorapi.JoinPath, "", body)
		if err != nil {
			return "", err
		}
		if a.Status == http.StatusTooManyRequests {
			limited++
		}
	}
	switch {
	case limited == 0 && floods():
		return "", reached("all %d were answered", asked)
	case limited == 0:
		return fmt.Sprintf("%d asked for in %v, as many as may be", asked, time.Since(began).Round(time.Second)), nil
	}
	return fmt.Sprintf("%d of %d refused for their number", limited, asked), nil
}

// longAgents connects by the header that LiveKit looks for browsers in.
func longAgents(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	a, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	usual, long := time.Duration(0), time.Hour
	for n := range 3 {
		took, err := s.asBrowser(a.Token, fmt.Sprintf("Mozilla/5.0 (%d)", n))
		if err != nil {
			return "", err
		}
		usual = max(usual, took)
	}
	times := many(8, 200)
	for n := range times {
		took, err := s.asBrowser(a.Token, strings.Repeat(fmt.Sprintf("Mozilla/5.0 (%d; ", n), 100<<10/16))
		if err != nil {
			return "", err
		}
		long = min(long, took)
	}
	said := fmt.Sprintf("%d connects in %v at least, others in %v at most", times, long.Round(time.Millisecond), usual.Round(time.Millisecond))
	if long > 5*usual+300*time.Millisecond {
		return "", reached("%s", said)
	}
	return said, nil
}

// asBrowser connects as a browser that calls itself agent, and hangs up. It tells how long
// that took.
func (s *stage) asBrowser(token, agent string) (time.Duration, error) {
	began := time.Now()
	query := attack.Query("protocol", "16", "sdk", "js", "auto_subscribe", "0")
	conn, a, err := s.door.Socket(s.ctx, "/rtc", query, token, http.Header{"User-Agent": {agent}})
	if err != nil {
		return 0, err
	}
	if conn == nil {
		return 0, &attack.RefusedError{Answer: a}
	}
	return time.Since(began), conn.Close()
}

func manyIdentities(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	in, out := 0, 0
	for n := range many(60, 500) {
		g, err := s.come(p.As(fmt.Sprintf("%s-%d", p.ID, n)), call.RoleParticipant)
		if err == nil && g.In() {
			in++
			continue
		}
		if said, err := refused(err); err != nil {
			return said, err
		}
		out++
	}
	const most = 16
	if in > most {
		return "", reached("one key is %d people at a time", in)
	}
	return fmt.Sprintf("%d at a time, %d refused", in, out), nil
}

// webPage is what a page can make a browser send: forms without a preflight,
// from a name that points to the host's computer.
func webPage(s *stage) (string, error) {
	client := s.door.Client()
	defer client.CloseIdleConnections()
	body, err := json.Marshal(doorapi.DismissRequest{Room: hall})
	if err != nil {
		return "", err
	}
	n := 0
	for _, op := range []call.Operation{call.OpDismiss, call.OpRules, call.OpMute, "invitations"} {
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json"} {
			req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.door.URL+doorapi.APIPath+string(op), bytes.NewReader(body))
			if err != nil {
				return "", err
			}
			req.Host = "rebound.example"
			req.Header.Set("Origin", "https://rebound.example")
			req.Header.Set("Content-Type", kind)
			req.Header.Set("Cookie", "key="+s.admin)
			a, err := attack.Send(client, req)
			if err != nil {
				return "", err
			}
			if a.In() || a.Header.Get("Access-Control-Allow-Credentials") != "" {
				return "", reached("%s as %s: %v", op, kind, a)
			}
			n++
		}
	}
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+s.serving.pprof+"/debug/pprof/heap", nil)
	if err != nil {
		return "", err
	}
	req.Host = "rebound.example"
	if a, err := attack.Send(client, req); err != nil || a.In() {
		return "", reached("profiles: %v %v", a, err)
	}
	return fmt.Sprintf("%d forms refused, and profiles", n), nil
}

func historyLoop(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	limited, times := 0, many(600, 10_000)
	client := s.door.Client()
	defer client.CloseIdleConnections()
	body, err := json.Marshal(doorapi.ChatRequest{Room: hall, After: "-"})
	if err != nil {
		return "", err
	}
	for range times {
		a, err := attack.Ask(s.ctx, client, http.MethodPost, s.door.URL+doorapi.APIPath+string(call.OpChat), g.Token, body)
		if err != nil {
			return "", err
		}
		if a.Status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 && *long {
		return "", reached("all %d were answered", times)
	}
	return fmt.Sprintf("%d times, %d refused for their number", times, limited), nil
}

func ruling(s *stage) (string, error) {
	g, err := s.participant()
	if err != nil {
		return "", err
	}
	yes, ada := true, []call.Identity{call.Identity(s.ada.id)}
	n := 0
	for op, q := range map[call.Operation]any{
		call.OpRemove: doorapi.PeopleRequest{Room: hall, IDs: ada}, call.OpBan: doorapi.PeopleRequest{Room: hall, IDs: ada},
		call.OpMute: doorapi.MuteRequest{Room: hall, All: true}, call.OpRole: doorapi.RoleRequest{Room: hall, IDs: []call.Identity{g.ID}, Role: call.RoleHost},
		call.OpRules: doorapi.RulesRequest{Room: hall, Locked: &yes}, call.OpDismiss: doorapi.DismissRequest{Room: hall},
		call.OpSay: doorapi.SayRequest{Room: hall, Text: "not the host"}, call.OpWithdraw: doorapi.RoomRequest{Room: hall},
		call.OpRooms: struct{}{}, call.OpBans: doorapi.RoomRequest{Room: hall}, "invitations": doorapi.RoomRequest{Room: hall},
	} {
		if said, err := refused(s.door.Do(s.ctx, g.Token, op, q, nil)); err != nil {
			return said, fmt.Errorf("%s: %w", op, err)
		}
		n++
	}
	for _, method := range []string{"ListRooms", "RemoveParticipant", "DeleteRoom", "SendData", "MutePublishedTrack", "UpdateParticipant"} {
		a, err := s.door.Request(s.ctx, http.MethodPost, "/twirp/livekit.RoomService/"+method, g.Token, []byte(`{"room":"hall","identity":"ada"}`))
		if err != nil {
			return "", err
		}
		if a.In() {
			return "", reached("%s: %v", method, a)
		}
		n++
	}
	return fmt.Sprintf("%d operations refused", n), nil
}
