//go:build linux

package attack_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
	"foyer/internal/drive"
)

// rightsAttacks are of those to whom the host has said no.
func rightsAttacks() []attempt {
	return []attempt{
		{"banned, by 19 ways", banned, "come back", comeBack},
		{"banned, racing", banned, "be in at the moment of the ban", raceBan},
		{"banned, another ID", banned, "come back with the same key under another ID", bannedAs},
		{"demoted, another ID", listener, "have the rank back under another ID", demotedAs},
		{"demoted, joining anew", listener, "have the rank back by the same invitation", demotedAgain},
		{"muted, writing", muted, "write although muted", mutedWrites},
		{"locked room", outsider, "come into a room that the host has locked", lockedRoom},
		{"token made with the API key", keyHolder, "take ada's ID, the keeper's, and none at all", madeTokens},
		{"flood of the API", keyHolder, "keep the server busy with LiveKit's own API", apiFlood},
	}
}

// outcast is let in and then banned.
func (s *stage) outcast() (*attack.Outcast, error) {
	g, p, err := s.guest(call.RoleParticipant)
	if err != nil {
		return nil, err
	}
	o := &attack.Outcast{Person: p, Door: attack.Door{URL: s.door.URL}, Link: s.links[call.RoleParticipant], Old: g.Token, SID: g.SID()}
	if _, err := g.Hear(s.ctx, func(m *livekit.SignalResponse) bool { return m.GetRefreshToken() != "" }); err != nil {
		return nil, err
	}
	o.New = g.Refreshed()
	if err := s.asHost(call.OpBan, doorapi.PeopleRequest{Room: hall, IDs: []call.Identity{p.ID}, Minutes: 60}, nil); err != nil {
		return nil, err
	}
	if err := g.AwaitCut(s.ctx, cutLimit); err != nil {
		return nil, fmt.Errorf("after the ban %w", err)
	}
	o.Later = s.invite(hall, call.RoleParticipant)
	o.Made, err = s.server.Token(string(p.ID), p.Name, drive.Grants{"roomJoin": true, "room": hall})
	return o, err
}

func comeBack(s *stage) (string, error) {
	o, err := s.outcast()
	if err != nil {
		return "", err
	}
	tries := many(2, 20) * len(attack.Ways())
	in, err := o.Try(s.ctx, tries)
	switch {
	case err != nil:
		return "", err
	case in > 0:
		return "", reached("%d of %d tries are in", in, tries)
	}
	return fmt.Sprintf("%d tries, 0 in", tries), nil
}

func bannedAs(s *stage) (string, error) {
	o, err := s.outcast()
	if err != nil {
		return "", err
	}
	for n := range 5 {
		_, err := s.door.Come(s.ctx, o.As(fmt.Sprintf("%s-%d", o.ID, n)), o.Later)
		if said, err := refused(err); err != nil {
			return said, err
		}
	}
	return "refused", nil
}

func raceBan(s *stage) (string, error) {
	times := many(15, 200)
	for n := range times {
		p, err := s.somebody()
		if err != nil {
			return "", err
		}
		admitted, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
		if err != nil {
			return "", err
		}
		done := make(chan error, 1)
		go func() {
			time.Sleep(time.Duration(n%20) * time.Millisecond) // the race is between these
			done <- s.asHost(call.OpBan, doorapi.PeopleRequest{Room: hall, IDs: []call.Identity{p.ID}, Minutes: 60}, nil)
		}()
		g, err := s.door.Enter(s.ctx, p.ID, admitted.Token)
		if banning := <-done; banning != nil {
			return "", banning
		}
		if err != nil {
			continue // never in
		}
		if err := g.AwaitCut(s.ctx, cutLimit); err != nil {
			g.Close()
			return "", reached("%s stays in (try %d)", p.ID, n)
		}
		g.Close()
	}
	return fmt.Sprintf("%d races, 0 stay", times), nil
}

func (s *stage) demoted() (attack.Person, error) {
	_, p, err := s.guest(call.RoleParticipant)
	if err == nil {
		err = s.asHost(call.OpRole, doorapi.RoleRequest{Room: hall, IDs: []call.Identity{p.ID}, Role: call.RoleListener}, nil)
	}
	return p, err
}

// rank comes again and tells which role that brings.
func (s *stage) rank(p attack.Person) (string, error) {
	admitted, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant])
	if err != nil {
		return refused(err)
	}
	if admitted.Role != call.RoleListener {
		return "", reached("%s is %s again", p.ID, admitted.Role)
	}
	return "a listener still", nil
}

func demotedAs(s *stage) (string, error) {
	p, err := s.demoted()
	if err != nil {
		return "", err
	}
	return s.rank(p.As(string(p.ID) + "-bis"))
}

func demotedAgain(s *stage) (string, error) {
	p, err := s.demoted()
	if err != nil {
		return "", err
	}
	return s.rank(p)
}

func mutedWrites(s *stage) (string, error) {
	g, p, err := s.sender()
	if err != nil {
		return "", err
	}
	if err := s.mute(p.ID); err != nil {
		return "", err
	}
	words := fmt.Sprint("muted words of ", p.ID)
	mark := s.ada.Mark()
	all := append(text("muted", doorapi.TopicChat, words), text("muted-to-ada", doorapi.TopicChat, words, s.ada.id)...)
	for _, label := range []string{attack.Reliable, attack.Lossy} {
		for _, packet := range all {
			if err := write(g.Channel(label), packet); err != nil {
				return "", err
			}
		}
	}
	if err := s.stats(6); err != nil {
		return "", err
	}
	if s.ada.reads(mark, words) {
		return "", reached("ada reads what %s writes although muted", p.ID)
	}
	return "nobody reads it", nil
}

func lockedRoom(s *stage) (said string, err error) {
	yes, no := true, false
	outside, err := s.somebody()
	if err != nil {
		return "", err
	}
	admitted, err := s.door.Admit(s.ctx, outside, s.links[call.RoleParticipant])
	if err != nil {
		return "", err
	}
	if err := s.asHost(call.OpRules, doorapi.RulesRequest{Room: hall, Locked: &yes}, nil); err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, s.asHost(call.OpRules, doorapi.RulesRequest{Room: hall, Locked: &no}, nil))
	}()
	if _, err := s.door.Admit(s.ctx, outside, s.links[call.RoleParticipant]); err == nil {
		return "", reached("the door admits to a locked room")
	}
	again := &livekit.JoinRequest{ClientInfo: &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17}, Reconnect: true, ParticipantSid: "PA_nobody"}
	tries := []struct{ path, query string }{
		{"/rtc", "protocol=17"}, {"/rtc", "protocol=17&reconnect=1"}, {"/rtc", "protocol=17&reconnect=true&sid=PA_x"},
		{"/rtc", "protocol=17&reconnect=0&reconnect=1"}, {"/rtc", "protocol=17&reconnect=1&reconnect=0"},
		{"/rtc", "protocol=17&room=elsewhere"}, {"/rtc", "protocol=17&attributes=e30"}, {"/rtc", "protocol=17&publish=x"},
		{attack.JoinPath, attack.Packed(nil)}, {attack.JoinPath, attack.Packed(again)},
		{attack.JoinPath, "join_request=&" + attack.Packed(again)}, {attack.JoinPath, attack.Packed(again) + "&" + attack.Packed(nil)},
		{attack.JoinPath, attack.Packed(nil) + "&" + attack.Packed(again)}, {"/rtc", attack.Packed(again)},
	}
	for _, try := range tries {
		ws, _, err := s.door.Socket(s.ctx, try.path, try.query, admitted.Token, nil)
		if err != nil {
			return "", err
		}
		if ws != nil {
			_ = ws.Close()
		}
	}
	if err := s.stats(4); err != nil {
		return "", err
	}
	for _, e := range s.ada.Events()[s.mark:] {
		if e.Name == "participant_joined" && e.Text("id") == string(outside.ID) {
			return "", reached("%s is in a locked room", outside.ID)
		}
	}
	return fmt.Sprintf("%d mixes of parameters, 0 in", len(tries)), nil
}

// madeTokens are good ones that somebody makes who has the API key and means no
// good for the people in the room.
func madeTokens(s *stage) (string, error) {
	mark := s.ada.Mark()
	for _, id := range []string{"", "foyer-keeper", " ada", "\u202eada", string(make([]byte, 64))} {
		token, err := s.server.Token(id, id, drive.Grants{"roomJoin": true, "room": hall, "hidden": true})
		if err != nil {
			return "", err
		}
		g, err := s.door.Enter(s.ctx, call.Identity(id), token)
		if err == nil {
			s.later(g.Leave)
			if id == "" || len(id) > call.MaxIdentity {
				return "", reached("the ID %q is in", id)
			}
			continue
		}
		if _, err := refused(err); err != nil {
			return "", err
		}
	}
	if err := s.stats(4); err != nil {
		return "", err
	}
	for _, e := range s.ada.Events()[mark:] {
		if e.Name == "left" || e.Name == "state" {
			return "", reached("%s", e.Raw)
		}
	}
	return "nobody else is concerned", nil
}

func apiFlood(s *stage) (string, error) {
	times := many(200, 5_000)
	for n := range times {
		err := s.server.Call(s.ctx, "UpdateRoomMetadata", map[string]any{"room": hall, "metadata": fmt.Sprintf("%01000d", n)}, nil)
		if refusal := new(drive.APIError); err != nil && !errors.As(err, &refusal) {
			return "", err
		}
	}
	return fmt.Sprintf("%d calls", times), s.stats(2)
}
