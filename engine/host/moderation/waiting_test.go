package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/hosttest"
	"foyer/engine/host/moderation"
	"foyer/engine/host/register"
	"foyer/engine/host/waiting"
)

// outside lets somebody wait, and returns what the door hears of it.
func (b *bench) outside(id string, key string) <-chan error {
	b.t.Helper()
	g := waiting.Guest{
		Room: "hall", Identity: call.Identity(id), Key: []byte(key), Said: "Guest " + id, Name: "Guest " + id,
		Waits: true, Held: true, From: netip.MustParsePrefix("10.0.0.1/32"), Seen: b.mod.Waiting().Seen(),
	}
	if err := b.mod.Waiting().Ask(b.t.Context(), g); !errors.Is(err, call.ErrWaiting) {
		b.t.Fatalf("%s asks: %v", id, err)
	}
	said := make(chan error, 1)
	ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
	go func() { defer cancel(); said <- b.mod.Waiting().Ask(ctx, g) }()
	return said
}

func (b *bench) isLetIn(name string, key []byte) (bool, error) {
	return b.reg.IsLetIn(b.t.Context(), "hall", "RM_hall", register.LetIn{Key: key, Name: name}, time.Now())
}

func (b *bench) waitingIDs() (ids []call.Identity) {
	b.t.Helper()
	answer, err := do[doorapi.WaitingAnswer](b, call.OpWaiting, cohost, doorapi.RoomRequest{Room: "hall"})
	b.must(err)
	for _, w := range answer.Waiting {
		ids = append(ids, call.Identity(w.ID))
	}
	return ids
}

// TestWaitingRoom: moderators hear of people who wait, list them, let them in and turn
// them away, and nobody else does.
func TestWaitingRoom(t *testing.T) {
	b := newBench(t)
	defer b.mod.Waiting().Close()
	for id, role := range map[string]call.Role{"host": call.RoleHost, "cohost": call.RoleCoHost, "guest": call.RoleParticipant} {
		b.lk.Enter("hall", &livekit.ParticipantInfo{Identity: id, Attributes: map[string]string{doorapi.AttributeRole: string(role)}})
	}
	anna := b.outside("anna", "a")
	hosttest.Eventually(t, "hosts are told", 5*time.Second, func() bool { return len(b.lk.Told()) > 0 })
	first := b.lk.Told()[0]
	if n := first.Notice; n.Kind != doorapi.NoticeWaiting || n.Count != 1 || n.By != "Guest anna" ||
		!slices.Equal(slices.Sorted(slices.Values(first.To)), []string{"cohost", "host"}) {
		t.Errorf("told %+v", first)
	}
	ben, carl := b.outside("ben", "b"), b.outside("carl", "c")
	ids := b.waitingIDs()
	if len(ids) != 3 {
		t.Fatalf("waiting: %v", ids)
	}
	for _, o := range b.mod.Operations() {
		of := []call.Operation{call.OpWaiting, call.OpAdmit, call.OpTurnAway}
		if guest := (moderation.Caller{Room: "hall", Role: call.RoleParticipant}); slices.Contains(of, o.Op) && guest.May(o.Access) {
			t.Errorf("a guest may %s", o.Op)
		}
	}
	b.wants(call.OpAdmit, cohost, doorapi.WaitersRequest{Room: "hall", IDs: []call.Identity{ids[0], "nobody"}},
		string(ids[0])+" done", "nobody already_gone")
	if err := <-anna; err != nil {
		t.Errorf("anna is told %v", err)
	}
	if in, err := b.isLetIn("Guest anna", []byte("a")); err != nil || !in {
		t.Errorf("anna is let in: %v %v", in, err)
	}
	b.wants(call.OpTurnAway, host, doorapi.WaitersRequest{Room: "hall", IDs: []call.Identity{"ben"}, Text: "Sorry"}, "ben done")
	var away *call.PutOutError
	if err := <-ben; !errors.As(err, &away) || *away != (call.PutOutError{Reason: call.ReasonTurnedAway, By: "The host", Text: "Sorry"}) {
		t.Errorf("ben is told %v", err)
	}
	for name, bad := range map[string]doorapi.WaitersRequest{
		"nobody": {}, "all and some": {All: true, IDs: ids}, "a long text": {All: true, Text: strings.Repeat("x", call.MaxText+1)},
		"an ID of nothing": {IDs: []call.Identity{""}},
	} {
		if _, err := do[doorapi.PeopleAnswer](b, call.OpTurnAway, host, bad); err == nil {
			t.Errorf("%s: done", name)
		}
	}
	b.wants(call.OpAdmit, admin, doorapi.WaitersRequest{Room: "hall", All: true}, string(ids[2])+" done")
	if err := <-carl; err != nil {
		t.Errorf("carl is told %v", err)
	}
	if ids := b.waitingIDs(); len(ids) != 0 {
		t.Errorf("still waiting: %v", ids)
	}
}

// Guests who wait hear of the end of the room, and ask again when the rules change. People
// inside when the rule begins are let in.
func TestWaitingRoomAndTheRest(t *testing.T) {
	b := newBench(t)
	defer b.mod.Waiting().Close()
	b.join(call.RoleParticipant, "inside")
	on, off := true, false
	rules, err := do[call.RoomRules](b, call.OpRules, cohost, doorapi.RulesRequest{Room: "hall", Waiting: &on})
	if err != nil || !rules.Waiting {
		t.Fatalf("%+v, %v", rules, err)
	}
	if in, err := b.isLetIn(b.member("inside").Name, b.member("inside").Key); err != nil || !in {
		t.Errorf("who was inside is let in: %v %v", in, err)
	}
	anna := b.outside("anna", "a")
	if _, err := do[call.RoomRules](b, call.OpRules, cohost, doorapi.RulesRequest{Room: "hall", Waiting: &off}); err != nil {
		t.Fatal(err)
	}
	if err := <-anna; err != nil {
		t.Errorf("the rule is off, and anna is told %v", err)
	}
	ben := b.outside("ben", "b")
	if _, err := do[doorapi.PeopleAnswer](b, call.OpBan, host, people("ben")); err != nil {
		t.Fatal(err)
	}
	if err := <-ben; err != nil {
		t.Errorf("after a ban ben does not look again: %v", err)
	}
	carl := b.outside("carl", "c")
	if _, err := do[struct{}](b, call.OpDismiss, host, doorapi.DismissRequest{Room: "hall", Text: "Bye"}); err != nil {
		t.Fatal(err)
	}
	var out *call.PutOutError
	if err := <-carl; !errors.As(err, &out) || out.Reason != call.ReasonDismissed || out.By != "The host" || out.Text != "Bye" {
		t.Errorf("the room is closed, and carl is told %v", err)
	}
}

// A thousand asks: the list is short and says how many more there are.
func TestWaitingListIsShort(t *testing.T) {
	b := newBench(t)
	defer b.mod.Waiting().Close()
	const many = 1200
	for n := range many {
		g := waiting.Guest{
			Room: "hall", Identity: call.Identity(fmt.Sprint("g", n)), Key: []byte(fmt.Sprint(n)), Waits: true,
			From: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 1}), 32),
		}
		_ = b.mod.Waiting().Ask(t.Context(), g)
	}
	answer, err := do[doorapi.WaitingAnswer](b, call.OpWaiting, host, doorapi.RoomRequest{Room: "hall"})
	if err != nil || len(answer.Waiting) != doorapi.MaxWaiters || answer.More != 400 {
		t.Errorf("%d and %d more, %v", len(answer.Waiting), answer.More, err)
	}
	var seen []call.Identity
	for _, w := range answer.Waiting {
		seen = append(seen, call.Identity(w.ID))
	}
	q := doorapi.WaitersRequest{Room: "hall", IDs: append(seen, "one more")}
	if _, err := do[doorapi.PeopleAnswer](b, call.OpAdmit, host, q); !errors.Is(err, call.ErrBadArgument) {
		t.Errorf("more than the list has: %v", err)
	}
	q.IDs = seen
	if all, err := do[doorapi.PeopleAnswer](b, call.OpAdmit, host, q); err != nil || len(all.Results) != doorapi.MaxWaiters {
		t.Errorf("%d of the list let in, %v", len(all.Results), err)
	}
	all, err := do[doorapi.PeopleAnswer](b, call.OpAdmit, host, doorapi.WaitersRequest{Room: "hall", All: true})
	if err != nil || len(all.Results) != 400 {
		t.Errorf("%d of the rest let in, %v", len(all.Results), err)
	}
}
