//go:build linux

package attack_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
)

// porch is a room that lets newcomers wait.
const porch = "porch"

// waitingAttacks come from who has an invitation, and has to wait.
func waitingAttacks() []attempt {
	return []attempt{
		{"flood of the waiting room", participant, "fill the waiting room, the memory and the hosts' list", waitingFlood},
		{"coming in without being let in", participant, "enter past the waiting room by 5 ways", pastWaiting},
	}
}

// porchLink is a participant's invitation to the porch, whose rule is on.
func (s *stage) porchLink() (call.Link, error) {
	link, err := s.server.Drive.InviteWith(s.ctx, porch)
	if err != nil {
		return call.Link{}, err
	}
	return call.ParseLink(link)
}

func (s *stage) porchWaits(on bool) error {
	return s.asHost(call.OpRules, doorapi.RulesRequest{Room: porch, Waiting: &on}, nil)
}

func (s *stage) whoWaits() (answer doorapi.WaitingAnswer, err error) {
	return answer, s.asHost(call.OpWaiting, doorapi.RoomRequest{Room: porch}, &answer)
}

// waitingFlood asks as somebody new each time, from some addresses.
func waitingFlood(s *stage) (string, error) {
	link, err := s.porchLink()
	if err == nil {
		err = s.porchWaits(true)
	}
	if err != nil {
		return "", err
	}
	waiting, turned := 0, 0
	for n := range many(320, 3000) {
		p, err := s.somebody()
		if err != nil {
			return "", err
		}
		q, err := p.AskAt(link, time.Now(), func(q *doorapi.JoinRequest) { q.Wait = true })
		if err != nil {
			return "", err
		}
		door := s.door
		door.From = net.IPv4(127, 0, 210, byte(1+n/160))
		a, err := door.Ask(s.ctx, q)
		switch {
		case err != nil:
			return "", err
		case a.In():
			return "", reached("one of them is in: %v", a)
		case a.Code() == doorapi.CodeWaiting:
			waiting++
		default:
			turned++
		}
	}
	list, err := s.whoWaits()
	const room, rows = 1000, doorapi.MaxWaiters
	if err != nil || len(list.Waiting) > rows || len(list.Waiting)+list.More > room || turned == 0 {
		return "", reached("%d rows and %d more, %d refused: %v", len(list.Waiting), list.More, turned, err)
	}
	return fmt.Sprintf("%d wait, %d refused, %d in the list", waiting, turned, len(list.Waiting)), nil
}

// pastWaiting tries to enter the media server without having been let in.
func pastWaiting(s *stage) (string, error) {
	link, err := s.porchLink()
	if err == nil {
		err = s.porchWaits(false)
	}
	if err != nil {
		return "", err
	}
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	early, err := s.door.Admit(s.ctx, p, link) // while everybody may; the room is open from here on
	s.later(func() { _ = s.asHost(call.OpDismiss, doorapi.DismissRequest{Room: porch}, nil) })
	if err == nil {
		err = s.porchWaits(true)
	}
	if err != nil {
		return "", err
	}
	enters := func(token, how string) error {
		for _, path := range []string{"/rtc", "/rtc/v1"} {
			conn, a, err := s.door.Socket(s.ctx, path, attack.Query("protocol", "16", "auto_subscribe", "0"), token, nil)
			if conn != nil {
				_ = conn.Close()
				return reached("%s: it is in", how)
			}
			if err != nil || a.In() {
				return fmt.Errorf("%s: %v %w", how, a, err)
			}
		}
		return nil
	}
	if err := enters(early.Token, "a token from before the rule"); err != nil {
		return "", err
	}
	asks := func(q doorapi.JoinRequest, how string) error {
		a, err := s.door.Ask(s.ctx, q)
		if err != nil {
			return err
		}
		if a.In() {
			return reached("%s: %v", how, a)
		}
		return nil
	}
	again, err := p.AskAt(link, time.Now(), func(q *doorapi.JoinRequest) { q.Generation, q.Existing = early.Generation, true })
	if err != nil {
		return "", err
	}
	if err := asks(again, "as if the connection were lost"); err != nil {
		return "", err
	}
	// A guest is let in: neither their join once more, nor their ID with another key.
	good, err := s.somebody()
	if err != nil {
		return "", err
	}
	first, err := good.AskAt(link, time.Now(), func(q *doorapi.JoinRequest) { q.Wait = true })
	if err == nil {
		err = asks(first, "the first question")
	}
	if err != nil {
		return "", err
	}
	thief, err := attack.NewPerson(string(good.ID))
	if err != nil {
		return "", err
	}
	in := doorapi.WaitersRequest{Room: porch, IDs: []call.Identity{good.ID}} // nobody else waits under it
	if err := s.asHost(call.OpAdmit, in, nil); err != nil {
		return "", err
	}
	stolen, err := thief.Ask(link)
	if err == nil {
		err = asks(stolen, "another key with the ID of who was let in")
	}
	if err == nil {
		err = asks(first, "the same join once more")
	}
	if err != nil {
		return "", err
	}
	if _, err := s.door.Admit(s.ctx, good, link); err != nil {
		return "", fmt.Errorf("who was let in: %w", err)
	}
	return s.strangerDecides(early.Token)
}

// strangerDecides tries to let people in with the token of who waits.
func (s *stage) strangerDecides(token string) (string, error) {
	for _, op := range []call.Operation{call.OpWaiting, call.OpAdmit, call.OpTurnAway} {
		body, err := json.Marshal(doorapi.WaitersRequest{Room: porch, All: true})
		if err != nil {
			return "", err
		}
		a, err := s.door.Request(s.ctx, http.MethodPost, doorapi.APIPath+string(op), token, body)
		if err != nil || a.In() {
			return "", reached("%s by who waits: %v %v", op, a, err)
		}
	}
	return "nobody in, and nobody decides", nil
}
