package seats

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"foyer/engine/call"
)

// TestSeats counts each identity and installation, and forgets who has gone.
func TestSeats(t *testing.T) {
	s := New()
	bob := Installation{Room: "hall", Key: "bob's"}
	var seen Occupancy
	look := func(now Occupancy) error {
		seen = Occupancy{Open: map[call.Identity]int{}, Mine: map[call.Identity]int{}}
		for id, n := range now.Open {
			seen.Open[id] = n
		}
		for id, n := range now.Mine {
			seen.Mine[id] = n
		}
		return nil
	}
	var gone []func()
	for _, a := range []struct {
		of Installation
		id call.Identity
	}{{bob, "bob"}, {bob, "bob"}, {bob, "bobby"}, {Installation{Room: "hall"}, "web"}, {Installation{Room: "attic", Key: "bob's"}, "bob"}} {
		leave, err := s.Arrive(a.of, a.id, func(Occupancy) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		gone = append(gone, leave)
	}
	_ = s.Look(bob, look)
	if seen.Open["bob"] != 2 || seen.Open["bobby"] != 1 || seen.Open["web"] != 1 || seen.Mine["bob"] != 2 || len(seen.Mine) != 2 {
		t.Errorf("in the hall: %+v", seen)
	}
	gone[0]()
	gone[0]() // counts once
	_ = s.Look(bob, look)
	if seen.Open["bob"] != 1 {
		t.Errorf("one of two has gone: %+v", seen)
	}
	for _, leave := range gone {
		leave()
	}
	if len(s.rooms) != 0 || len(s.keys) != 0 {
		t.Errorf("remembered for ever: %v, %v", s.rooms, s.keys)
	}
}

// TestLastSeat: of all that arrive at once, one gets the place that is left.
func TestLastSeat(t *testing.T) {
	s := New()
	errFull := errors.New("full")
	var in atomic.Int32
	var work sync.WaitGroup
	for range 50 {
		work.Go(func() {
			_, err := s.Arrive(Installation{Room: "hall"}, "web", func(now Occupancy) error {
				if len(now.Open) > 0 {
					return errFull
				}
				return nil
			})
			if err == nil {
				in.Add(1)
			} else if !errors.Is(err, errFull) {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if in.Load() != 1 {
		t.Errorf("%d got one place", in.Load())
	}
}

// TestCrowd limits the guests of one address, whatever others do.
func TestCrowd(t *testing.T) {
	c := NewCrowd(2)
	here, there := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	enter := func(from netip.Prefix, want bool) func() {
		t.Helper()
		leave, ok := c.Enter(from)
		if ok != want {
			t.Fatalf("enter from %s: %v", from, ok)
		}
		return leave
	}
	first := enter(here, true)
	second := enter(here, true)
	enter(here, false)
	other := enter(there, true)
	first()
	first() // counts once
	third := enter(here, true)
	enter(here, false)
	for _, leave := range []func(){second, third, other} {
		leave()
	}
	if len(c.of) != 0 {
		t.Errorf("remembered for ever: %v", c.of)
	}
}
