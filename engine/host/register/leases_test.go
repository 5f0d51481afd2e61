package register

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
)

// TestLease: one of two openers keeps a room, until it stops.
func TestLease(t *testing.T) { onEach(t, testLease) }

func testLease(t *testing.T, where string) {
	ctx := t.Context()
	one, two := openTest(t, where), openTest(t, where)
	take := func(r *Register, room call.RoomID, holder string, d int64, want bool) {
		t.Helper()
		if got, err := r.TakeLease(ctx, room, holder, msec(d)); err != nil || got != want {
			t.Errorf("%s takes %s: %v, %v; want %v", holder, room, got, err, want)
		}
	}
	take(one, "hall", "one", 60_000, true)
	take(two, "hall", "two", 60_000, false)
	take(two, "attic", "two", 60_000, true)
	take(one, "hall", "one", 60_000, true) // renewed
	must(t, two.DropLease(ctx, "hall", "two"))
	take(two, "hall", "two", 60_000, false)
	take(one, "hall", "one", -1, true) // has run out
	take(two, "hall", "two", 60_000, true)
	take(one, "hall", "one", 60_000, false)
	must(t, two.DropLease(ctx, "hall", "two"))
	must(t, two.DropLease(ctx, "hall", "two"))
	take(one, "hall", "one", 60_000, true)
}

// TestLeaseRace: of many who want it at once, one has it.
func TestLeaseRace(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		openers := []*Register{openTest(t, where), openTest(t, where)}
		var all sync.WaitGroup
		won := make(chan string, 20)
		for i := range cap(won) {
			all.Go(func() {
				holder := fmt.Sprint("door ", i)
				ok, err := openers[i%2].TakeLease(t.Context(), "hall", holder, msec(60_000))
				if err != nil {
					t.Error(err)
				}
				if ok {
					won <- holder
				}
			})
		}
		all.Wait()
		if len(won) != 1 {
			t.Errorf("%d holders", len(won))
		}
	})
}

// TestLapsedLeases: a door that lives renews its rooms, the rooms of one that
// died are found.
func TestLapsedLeases(t *testing.T) {
	onEach(t, func(t *testing.T, where string) {
		ctx := t.Context()
		r := openTest(t, where)
		for _, l := range []struct {
			room   call.RoomID
			holder string
			d      int64
		}{{"a", "dead", -2000}, {"b", "dead", -3000}, {"c", "alive", 60_000}, {"d", "alive", 60_000}} {
			_, err := r.TakeLease(ctx, l.room, l.holder, msec(l.d))
			must(t, err)
		}
		if rooms, err := r.LapsedLeases(ctx, 10); err != nil || !slices.Equal(rooms, []call.RoomID{"b", "a"}) {
			t.Errorf("%v, %v", rooms, err)
		}
		if rooms, err := r.LapsedLeases(ctx, 1); err != nil || !slices.Equal(rooms, []call.RoomID{"b"}) {
			t.Errorf("%v, %v", rooms, err)
		}
		rooms, err := r.RenewLeases(ctx, "alive", msec(60_000))
		if slices.Sort(rooms); err != nil || !slices.Equal(rooms, []call.RoomID{"c", "d"}) {
			t.Errorf("%v, %v", rooms, err)
		}
		expect := func(want ...call.RoomID) {
			t.Helper()
			if rooms, err := r.LapsedLeases(ctx, 10); err != nil || !slices.Equal(rooms, want) {
				t.Errorf("lapsed: %v, %v; want %v", rooms, err, want)
			}
		}
		must(t, r.LapseLeases(ctx, "alive", "d"))
		must(t, r.LapseLeases(ctx, "somebody else", "c"))
		expect("d", "b", "a")
		must(t, r.DropLease(ctx, "d", "alive"))
		must(t, r.LapseLeases(ctx, "alive", ""))
		expect("c", "b", "a")
		if rooms, err := r.RenewLeases(ctx, "nobody", msec(60_000)); err != nil || len(rooms) != 0 {
			t.Errorf("%v, %v", rooms, err)
		}
	})
}

// TestStartAlone: after a crash nobody is in a room and nobody keeps one.
func TestStartAlone(t *testing.T) { onEach(t, testStartAlone) }

func testStartAlone(t *testing.T, where string) {
	r, ctx := openTest(t, where), t.Context()
	must(t, r.SetPresence(ctx, Member{Room: "hall", Identity: "anna", Presence: call.PresenceOnline, PresenceSince: at(1)}))
	if held, err := r.TakeLease(ctx, "hall", "the one that crashed", msec(60_000)); !held || err != nil {
		t.Fatal(held, err)
	}
	must(t, r.StartAlone(ctx, at(2)))
	if m := member(t, r, "anna"); m.Presence != call.PresenceGone || !m.PresenceSince.Equal(at(2)) {
		t.Errorf("%v since %v", m.Presence, m.PresenceSince)
	}
	if held, err := r.TakeLease(ctx, "hall", "the next", msec(60_000)); !held || err != nil {
		t.Error("the lease of a server that crashed holds", err)
	}
}

// TestKeptSince: the rooms of a server that crashed are known for a while, those of
// one that was stopped are not, and their chat goes on in the session that follows.
func TestKeptSince(t *testing.T) { onEach(t, testKeptSince) }

func testKeptSince(t *testing.T, where string) {
	r, ctx := openTest(t, where), t.Context()
	began := time.Now()
	for room, holder := range map[call.RoomID]string{"hall": "crashed", "kitchen": "stopped"} {
		if held, err := r.TakeLease(ctx, room, holder, msec(7_000)); !held || err != nil {
			t.Fatal(held, err)
		}
	}
	must(t, r.LapseLeases(ctx, "stopped", ""))
	if rooms, err := r.KeptSince(ctx, began.Add(-time.Minute), 10); err != nil || !slices.Equal(rooms, []call.RoomID{"hall"}) {
		t.Errorf("kept: %v, %v", rooms, err)
	}
	if rooms, err := r.KeptSince(ctx, began.Add(time.Minute), 10); err != nil || len(rooms) > 0 {
		t.Errorf("kept long ago: %v, %v", rooms, err)
	}
	must(t, r.AppendChat(ctx, []ChatLine{{Room: "hall", Session: "RM_before", ChatMessage: call.ChatMessage{ID: "m1", From: "anna", Text: "hello"}}}))
	must(t, r.CarryChat(ctx, "hall", "RM_next"))
	if lines, _, err := r.Chat(ctx, "hall", "RM_next", "", 10); err != nil || len(lines) != 1 {
		t.Errorf("chat after a crash: %v, %v", lines, err)
	}
}
