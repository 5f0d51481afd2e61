package seats

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"

	"foyer/engine/call"
	"foyer/engine/host/register"
)

func member(role call.Role, presence call.Presence) register.Member {
	return register.Member{Role: role, Presence: presence, Key: ed25519.PublicKey("of an installation")}
}

// TestCheck goes through the rules that decide about a place.
func TestCheck(t *testing.T) {
	here := map[call.Identity]bool{"anna": true}
	open := map[call.Identity]int{"anna": 1}
	guest, away := member(call.RoleParticipant, ""), member(call.RoleParticipant, call.PresenceOffline)
	keyless := away // came with a token that the door did not make
	keyless.Key = nil
	for name, tt := range map[string]struct {
		rules register.Rules
		who   Entrant
		now   Occupancy
		want  error
	}{
		"no rules": {who: Entrant{Identity: "ben", Member: guest}},
		"locked":   {rules: register.Rules{Locked: true}, who: Entrant{Identity: "ben", Member: guest}, want: call.ErrRoomLocked},
		"locked, a co-host": {
			rules: register.Rules{Locked: true}, who: Entrant{Identity: "ben", Member: member(call.RoleCoHost, "")},
		},
		"locked, inside": {rules: register.Rules{Locked: true}, who: Entrant{Identity: "anna", Member: guest}},
		"locked, back by itself": {
			rules: register.Rules{Locked: true}, who: Entrant{Identity: "ben", Member: away, Again: true},
		},
		"locked, back as somebody without a key": {
			rules: register.Rules{Locked: true}, who: Entrant{Identity: "ben", Member: keyless, Again: true}, want: call.ErrRoomLocked,
		},
		"locked, back by hand": {
			rules: register.Rules{Locked: true}, who: Entrant{Identity: "ben", Member: away}, want: call.ErrRoomLocked,
		},
		"locked, gone for good": {
			rules: register.Rules{Locked: true}, want: call.ErrRoomLocked,
			who: Entrant{Identity: "ben", Member: member(call.RoleParticipant, call.PresenceGone), Again: true},
		},
		"full":         {rules: register.Rules{MaxMembers: 1}, who: Entrant{Identity: "ben", Member: guest}, want: call.ErrRoomFull},
		"one place":    {rules: register.Rules{MaxMembers: 2}, who: Entrant{Identity: "ben", Member: guest}},
		"full, inside": {rules: register.Rules{MaxMembers: 1}, who: Entrant{Identity: "anna", Member: guest}},
		"full with who is coming in": {
			rules: register.Rules{MaxMembers: 2}, who: Entrant{Identity: "ben", Member: guest},
			now: Occupancy{Open: map[call.Identity]int{"carl": 1}}, want: call.ErrRoomFull,
		},
		"waiting":                       {rules: register.Rules{Waiting: true}, who: Entrant{Identity: "ben", Member: guest}, want: call.ErrWaiting},
		"waiting, let in":               {rules: register.Rules{Waiting: true}, who: Entrant{Identity: "ben", Member: guest, LetIn: true}},
		"waiting, removed a moment ago": {rules: register.Rules{Waiting: true}, who: Entrant{Identity: "anna", Member: guest}, want: call.ErrWaiting},
		"waiting, co-host":              {rules: register.Rules{Waiting: true}, who: Entrant{Identity: "ben", Member: member(call.RoleCoHost, "")}},
		"waiting, back by itself": {
			rules: register.Rules{Waiting: true}, who: Entrant{Identity: "ben", Member: away, Again: true},
		},
		"waiting, back as somebody without a key": {
			rules: register.Rules{Waiting: true}, who: Entrant{Identity: "ben", Member: keyless, Again: true}, want: call.ErrWaiting,
		},
		"waiting, back by hand": {
			rules: register.Rules{Waiting: true}, who: Entrant{Identity: "ben", Member: away}, want: call.ErrWaiting,
		},
		"waiting, gone for good": {
			rules: register.Rules{Waiting: true}, want: call.ErrWaiting,
			who: Entrant{Identity: "ben", Member: member(call.RoleParticipant, call.PresenceGone), Again: true},
		},
		"waiting, full": {
			rules: register.Rules{Waiting: true, MaxMembers: 1}, who: Entrant{Identity: "ben", Member: guest}, want: call.ErrRoomFull,
		},
		"second device":         {rules: register.Rules{RefuseNewcomer: true}, who: Entrant{Identity: "anna", Member: guest}, want: call.ErrAlreadyHere},
		"second device, itself": {rules: register.Rules{RefuseNewcomer: true}, who: Entrant{Identity: "anna", Member: guest, Again: true}},
		"second device allowed": {who: Entrant{Identity: "anna", Member: guest}},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.now.Open == nil {
				tt.now.Open = open
			}
			if err := Check(tt.rules, tt.who, nil, here, tt.now); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// TestCheckSelves: an installation fills a room with a few identities, wherever they
// are connected, and an identity that is there already always comes back.
func TestCheckSelves(t *testing.T) {
	self := func(n int) call.Identity { return call.Identity(fmt.Sprint("self", n)) }
	var others []register.Member
	here, mine := map[call.Identity]bool{}, map[call.Identity]int{}
	for n := range MaxSelves {
		others = append(others, register.Member{Identity: self(n)})
		here[self(n)] = true
		if n%2 == 0 {
			mine[self(n)] = 1 // at this door
		}
	}
	others = append(others, register.Member{Identity: "self away"})
	now := Occupancy{Open: mine, Mine: mine}
	if err := Check(register.Rules{}, Entrant{Identity: "one more"}, others, here, now); !errors.Is(err, call.ErrManyIdentities) {
		t.Errorf("one more: %v", err)
	}
	if err := Check(register.Rules{}, Entrant{Identity: self(1)}, others, here, now); err != nil {
		t.Errorf("one who is there: %v", err)
	}
	delete(here, self(1))
	if err := Check(register.Rules{}, Entrant{Identity: "one more"}, others, here, now); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}
