package moderation_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/moderation"
	"foyer/engine/host/roomservice"
)

func as(id call.Identity) moderation.Caller {
	return moderation.Caller{Room: "hall", Identity: id, Role: call.RoleListener}
}

// hand is the place of somebody's hand, 0 if it is down.
func (b *bench) hand(id call.Identity) int64 {
	b.t.Helper()
	p, err := roomservice.Over(b.lk, time.Minute).Participant(b.t.Context(), roomservice.Place{Room: "hall", Identity: id})
	b.must(err)
	n, _ := strconv.ParseInt(p.GetAttributes()[doorapi.AttributeHand], 10, 64)
	return n
}

func (b *bench) raise(id call.Identity, up bool) error {
	b.t.Helper()
	_, err := do[struct{}](b, call.OpHand, as(id), doorapi.HandRequest{Room: "hall", Up: up})
	return err
}

// Hands stand in the order in which the door heard of them, even if its clock
// stands still or goes back. A hand that is up keeps its place.
func TestHandsHaveAnOrder(t *testing.T) {
	b := newBench(t)
	for _, id := range []call.Identity{"anna", "ben", "cyd"} {
		b.join(call.RoleParticipant, id)
	}
	b.must(b.raise("ben", true))
	b.must(b.raise("anna", true))
	b.clock = b.clock.Add(-time.Hour)
	b.must(b.raise("cyd", true))
	if !(b.hand("ben") < b.hand("anna") && b.hand("anna") < b.hand("cyd")) {
		t.Errorf("ben %d, anna %d, cyd %d", b.hand("ben"), b.hand("anna"), b.hand("cyd"))
	}
	before := b.hand("ben")
	b.must(b.raise("ben", true))
	if b.hand("ben") != before {
		t.Error("raising it again loses the place")
	}
	b.must(b.raise("ben", false))
	b.must(b.raise("ben", true))
	if b.hand("ben") < b.hand("cyd") {
		t.Error("raised anew it stands before the others")
	}
}

// Nobody has a hand but those who are there, and nobody changes it faster than the
// others can bear.
func TestHandsAreBounded(t *testing.T) {
	b := newBench(t)
	b.join(call.RoleParticipant, "anna")
	if _, err := do[struct{}](b, call.OpHand, admin, doorapi.HandRequest{Room: "hall", Up: true}); !errors.Is(err, call.ErrBadArgument) {
		t.Errorf("the admin key: %v", err)
	}
	if err := b.raise("nobody", true); !errors.Is(err, call.ErrAlreadyGone) {
		t.Errorf("who is not there: %v", err)
	}
	changed := 0
	for i := range 100 {
		if err := b.raise("anna", i%2 == 0); err == nil {
			changed++
		} else if !errors.Is(err, call.ErrTooManyTries) {
			t.Fatal(err)
		}
	}
	if changed != 6 {
		t.Errorf("%d changes at once", changed)
	}
	b.clock = b.clock.Add(time.Second)
	b.must(b.raise("anna", true))
}

// Those who moderate lower hands: of some, or all. Guests do not.
func TestHandsAreLowered(t *testing.T) {
	b := newBench(t)
	for _, id := range []call.Identity{"anna", "ben", "cyd"} {
		b.join(call.RoleParticipant, id)
		b.must(b.raise(id, true))
	}
	b.wants(call.OpLower, cohost, doorapi.LowerRequest{IDs: []call.Identity{"ben", "gone"}}, "ben done", "gone already_gone")
	if b.hand("ben") != 0 || b.hand("anna") == 0 {
		t.Error("not one hand, and that alone")
	}
	b.wants(call.OpLower, host, doorapi.LowerRequest{All: true}, "anna done", "cyd done")
	if b.hand("anna") != 0 || b.hand("cyd") != 0 {
		t.Error("not all hands")
	}
	for _, q := range []doorapi.LowerRequest{{}, {All: true, IDs: []call.Identity{"anna"}}, {IDs: make([]call.Identity, 11)}} {
		if _, err := do[doorapi.PeopleAnswer](b, call.OpLower, host, q); !errors.Is(err, call.ErrBadArgument) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	for _, o := range b.mod.Operations() {
		if o.Op == call.OpLower && (as("anna").May(o.Access) || !cohost.May(o.Access)) {
			t.Error("a guest lowers hands of others")
		}
	}
}
