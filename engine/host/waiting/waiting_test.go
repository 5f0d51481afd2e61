package waiting

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
)

// ear hears what hosts are told.
type ear struct {
	mu   sync.Mutex
	told []string
}

func (e *ear) tell(_ context.Context, room call.RoomID, count int, name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = append(e.told, fmt.Sprintf("%s %d %q", room, count, name))
}

func (e *ear) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	told := e.told
	e.told = nil
	return told
}

// inRooms runs a test on waiting rooms with a clock of their own.
func inRooms(t *testing.T, test func(t *testing.T, w *Rooms, e *ear)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &ear{}
		w := New(Config{Tell: e.tell, Now: time.Now})
		test(t, w, e)
		w.Close()
	})
}

func guestOf(id, key string) Guest {
	return Guest{
		Room: "hall", Identity: call.Identity(id), Key: []byte(key), Said: "Guest " + id, Name: "Guest " + id,
		Waits: true, Held: true,
		From: netip.MustParsePrefix("10.0.0.1/32"),
	}
}

// ask asks in the background, for as long as a door would hold it.
func ask(w *Rooms, g Guest) <-chan error {
	said := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		said <- w.Ask(ctx, g)
	}()
	synctest.Wait()
	return said
}

func wantSaid(t *testing.T, said <-chan error, want error) {
	t.Helper()
	select {
	case err := <-said:
		if !errors.Is(err, want) {
			t.Errorf("told %v, want %v", err, want)
		}
	default:
		t.Errorf("still held, want %v", want)
	}
}

// comes makes somebody wait: the first question is answered at once.
func comes(t *testing.T, w *Rooms, g Guest) {
	t.Helper()
	wantSaid(t, ask(w, g), call.ErrWaiting)
}

func find(t *testing.T, w *Rooms, id call.Identity) Waiter {
	t.Helper()
	who, ok := w.Find("hall", id)
	if !ok {
		t.Fatalf("nobody waits as %s", id)
	}
	return who
}

func wantWaiting(t *testing.T, w *Rooms, n int) {
	t.Helper()
	if all := w.List("hall"); len(all) != n {
		t.Errorf("%d wait, want %d: %+v", len(all), n, all)
	}
}

// count is how many people the rooms have a place for, remembers what they keep of them.
func (w *Rooms) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all
}

func (w *Rooms) remembers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.rooms) + len(w.addresses) + len(w.keys) + w.all
}

func TestAdmit(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, e *ear) {
		anna := guestOf("anna", "a")
		comes(t, w, anna)
		synctest.Wait()
		if told := e.take(); len(told) != 1 || told[0] != `hall 1 "Guest anna"` {
			t.Errorf("hosts heard %q", told)
		}
		held := ask(w, anna)
		time.Sleep(5 * time.Second)
		select {
		case err := <-held:
			t.Fatalf("answered with %v", err)
		default:
		}
		who := find(t, w, "anna")
		if !w.Admit(who) || w.Admit(who) {
			t.Error("somebody is let in not once")
		}
		synctest.Wait()
		wantSaid(t, held, nil)
		wantWaiting(t, w, 0)
		// Whose question was answered before looks again, and is no newcomer.
		wantSaid(t, ask(w, anna), nil)
		time.Sleep(time.Minute)
		if told := e.take(); len(told) == 0 || told[len(told)-1] != `hall 0 ""` {
			t.Errorf("hosts heard %q", told)
		}
		if w.remembers() != 0 {
			t.Error("somebody is remembered")
		}
	})
}

// A let-in is for one key: somebody else with the same user ID waits on.
func TestAdmitIsForOneInstallation(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		good, bad := guestOf("bob", "good"), guestOf("bob", "bad")
		comes(t, w, good)
		who := find(t, w, "bob")
		comes(t, w, bad)
		if _, ok := w.Find("hall", "bob"); ok {
			t.Error("one of two is meant by a user ID")
		}
		first, second := ask(w, good), ask(w, bad)
		if !w.Admit(who) {
			t.Error("not let in")
		}
		synctest.Wait()
		wantSaid(t, first, nil)
		select {
		case err := <-second:
			t.Errorf("the other one is told %v", err)
		default:
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		wantSaid(t, second, call.ErrWaiting)
	})
}

// A host lets in the name that they have seen: who takes another one waits under it, and
// nobody is let in by what was decided about the first. A turning away is not evaded so.
func TestAnotherName(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		anna := guestOf("anna", "a")
		comes(t, w, anna)
		seen := find(t, w, "anna")
		told := anna
		told.Name = "Guest anna (2)" // by the door: it is the same name
		ask(w, told)
		if find(t, w, "anna").ID != seen.ID {
			t.Error("a number makes somebody else of her")
		}
		ada := anna
		ada.Said, ada.Name = "Ada", "Ada"
		comes(t, w, ada)
		wantWaiting(t, w, 1)
		if now := find(t, w, "anna"); now.Name != "Ada" || now.ID == seen.ID {
			t.Errorf("waits as %+v", now)
		}
		if w.Admit(seen) {
			t.Error("the one who was seen is let in under a name that was not")
		}
		wantWaiting(t, w, 1)
		w.TurnAway(find(t, w, "anna"), call.ErrForbidden)
		wantSaid(t, ask(w, anna), call.ErrForbidden)
		time.Sleep(time.Minute)
		if w.remembers() != 0 {
			t.Error("somebody is remembered")
		}
	})
}

// A guest who is new, or has given up and comes again, is told to wait at once.
func TestTheFirstAnswerComesAtOnce(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		anna := guestOf("anna", "a")
		anna.Held = false
		comes(t, w, anna)
		comes(t, w, anna)
	})
}

func TestTurnAway(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		anna := guestOf("anna", "a")
		refusal := &call.PutOutError{Reason: call.ReasonTurnedAway, By: "Ada", Text: "not now"}
		comes(t, w, anna)
		held := ask(w, anna)
		w.TurnAway(find(t, w, "anna"), refusal)
		synctest.Wait()
		wantSaid(t, held, refusal)
		wantWaiting(t, w, 0)
		time.Sleep(turnedAway - time.Second)
		wantSaid(t, ask(w, anna), refusal) // and no host hears of it
		other := guestOf("another ID", "a")
		wantSaid(t, ask(w, other), refusal) // nor of the same installation by another ID
		wantWaiting(t, w, 0)
		time.Sleep(2 * time.Second)
		comes(t, w, anna)
		wantWaiting(t, w, 1)
	})
}

// Hosts tell people who wait apart, too, though the register does not know them.
func TestLookAlikesWhoWait(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		first, second, like := guestOf("anna", "a"), guestOf("ben", "b"), guestOf("carl", "c")
		first.Name, second.Name, like.Name = "Ada", "Ada", "\u0410da" // the last with a Cyrillic letter
		for _, g := range []Guest{first, second, like} {
			comes(t, w, g)
		}
		names := func() (all []string) {
			for _, k := range w.List(first.Room) {
				all = append(all, k.Name)
			}
			return all
		}
		want := []string{"Ada", "Ada (2)", "\u0410da (3)"}
		if got := names(); !slices.Equal(got, want) {
			t.Fatalf("%q wait, want %q", got, want)
		}
		second.Held = false
		comes(t, w, second) // asks again, and keeps the number
		if got := names(); !slices.Equal(got, want) {
			t.Errorf("%q wait, want %q", got, want)
		}
	})
}

func TestWhoStopsAskingIsForgotten(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		anna, ben := guestOf("anna", "a"), guestOf("ben", "b")
		ben.Waits = false
		comes(t, w, anna)
		comes(t, w, ben)
		since := find(t, w, "anna").Since
		ctx, hangUp := context.WithCancel(t.Context())
		said := make(chan error, 1)
		go func() { said <- w.Ask(ctx, anna) }()
		time.Sleep(time.Second)
		hangUp()
		synctest.Wait()
		wantSaid(t, said, call.ErrWaiting)
		time.Sleep(hungUp - time.Second)
		if back := ask(w, anna); find(t, w, "anna").Since != since { // in time
			t.Error("the place is lost")
		} else {
			time.Sleep(25 * time.Second)
			synctest.Wait()
			wantSaid(t, back, call.ErrWaiting)
		}
		wantWaiting(t, w, 2)
		time.Sleep(patience)
		wantWaiting(t, w, 1) // ben asks by hand
		time.Sleep(byHand)
		wantWaiting(t, w, 0)
	})
}

func TestNobodyLetsThemIn(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		anna := guestOf("anna", "a")
		comes(t, w, anna)
		for range int(longest / (20 * time.Second)) {
			held := ask(w, anna)
			time.Sleep(20 * time.Second)
			synctest.Wait()
			wantSaid(t, held, call.ErrWaiting)
		}
		wantSaid(t, ask(w, anna), call.ErrUnanswered)
		wantWaiting(t, w, 0)
	})
}

func TestTheRoomEnds(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		anna, ben := guestOf("anna", "a"), guestOf("ben", "b")
		closed := &call.PutOutError{Reason: call.ReasonDismissed}
		comes(t, w, anna)
		comes(t, w, ben) // and ben's network fails
		held := ask(w, anna)
		w.Wake("hall")
		synctest.Wait()
		wantSaid(t, held, nil)
		wantSaid(t, ask(w, anna), nil) // as what was found out before that
		anna.Seen = w.Seen()
		held = ask(w, anna)
		w.End("hall", closed)
		synctest.Wait()
		wantSaid(t, held, closed)
		wantSaid(t, ask(w, ben), closed)
		wantWaiting(t, w, 0)
		time.Sleep(ended + time.Second)
		comes(t, w, anna)
	})
}

// crowd lets n guests come from an address, each with a key of its own, and counts the
// answers.
func crowd(t *testing.T, w *Rooms, address byte, n int) map[error]int {
	t.Helper()
	said := map[error]int{}
	for i := range n {
		g := guestOf(fmt.Sprint("g", address, "-", i), fmt.Sprint("k", address, "-", i))
		g.From, g.Held = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, address, 1}), 32), false
		err := w.Ask(t.Context(), g)
		said[err]++
		if err == nil {
			t.Fatal("somebody was let in")
		}
	}
	return said
}

// A flood is bounded, and hosts hear of it once a second. It keeps nobody outside who
// comes from another address, and is forgotten soon.
func TestFlood(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, e *ear) {
		const addresses = 10
		for address := range byte(addresses) {
			said := crowd(t, w, address, 100)
			if address < maxRoom/MaxAddress && said[call.ErrTooManyGuests] != 100-MaxAddress {
				t.Errorf("from one address: %v", said)
			}
		}
		wantWaiting(t, w, maxRoom)
		if said := crowd(t, w, 0, 1000)[call.ErrWaitingFull]; said == 0 {
			t.Error("nobody finds it full")
		}
		honest := guestOf("honest", "h")
		comes(t, w, honest)
		find(t, w, "honest")
		wantWaiting(t, w, maxRoom)
		places := map[netip.Prefix]int{}
		for _, o := range w.List("hall") {
			places[o.From]++
		}
		for from, n := range places {
			if n > MaxAddress || from != honest.From && n < maxRoom/addresses-2 {
				t.Errorf("%s has %d places", from, n)
			}
		}
		if n := w.count(); n != maxRoom {
			t.Errorf("%d are counted", n)
		}
		time.Sleep(3 * time.Second)
		if told := e.take(); len(told) > 4 {
			t.Errorf("%d notices", len(told))
		}
		held := ask(w, honest)
		time.Sleep(15 * time.Second)
		wantWaiting(t, w, 1)
		if !w.Admit(find(t, w, "honest")) {
			t.Error("not let in")
		}
		synctest.Wait()
		wantSaid(t, held, nil)
		time.Sleep(time.Minute)
		if w.remembers() != 0 {
			t.Error("somebody is remembered")
		}
	})
}

// One installation waits under as many identities as it may have in a room.
func TestOneKey(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		for n := range maxKey {
			comes(t, w, guestOf(fmt.Sprint("self", n), "one key"))
		}
		wantSaid(t, ask(w, guestOf("one more", "one key")), call.ErrManyIdentities)
	})
}

// Rooms share what a door remembers: one that is flooded takes no place from another.
func TestFloodOfRooms(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		for n := range 2 * MaxAll {
			g := guestOf(fmt.Sprint("g", n), fmt.Sprint("k", n))
			g.Room = call.RoomID(fmt.Sprint("room", n%3))
			g.From = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte(n / MaxAddress), 1}), 32)
			_ = w.Ask(t.Context(), g)
		}
		if n := w.count(); n != MaxAll {
			t.Errorf("%d wait", n)
		}
		comes(t, w, guestOf("honest", "h"))
		find(t, w, "honest")
		if n := w.count(); n != MaxAll {
			t.Errorf("%d wait", n)
		}
	})
}

// A guest who was turned away gives up the place first.
func TestTurnedAwayGiveUpTheirPlace(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		for n := range maxRoom {
			g := guestOf(fmt.Sprint("g", n), fmt.Sprint("k", n))
			g.From = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}), 32)
			_ = w.Ask(t.Context(), g)
		}
		wantSaid(t, ask(w, guestOf("late", "l")), call.ErrWaitingFull) // each of the others has one place
		w.TurnAway(find(t, w, "g7"), call.ErrForbidden)
		comes(t, w, guestOf("late", "l"))
		wantWaiting(t, w, maxRoom)
	})
}

func TestTooManyQuestionsAtOnce(t *testing.T) {
	inRooms(t, func(t *testing.T, w *Rooms, _ *ear) {
		anna := guestOf("anna", "a")
		comes(t, w, anna)
		for range maxAsking {
			ask(w, anna)
		}
		wantSaid(t, ask(w, anna), call.ErrTooManyTries)
		time.Sleep(time.Minute)
	})
}
