package tracks

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/host/stream"
)

// receiving are sections that receive, from one on.
func receiving(from, n int) (all []stream.Section) {
	for k := range n {
		all = append(all, stream.Section{MID: fmt.Sprint(from + k), Receives: true})
	}
	return all
}

// TestSectionsFitTheRoom: somebody may offer as many as there is to receive, and after
// hours some more.
func TestSectionsFitTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people = 10
		room := freeSections + people*sectionsEach
		s := NewSaid()
		if err := s.among(people, receiving(0, room)); err != nil {
			t.Fatalf("as many as the room has: %v", err)
		}
		if err := s.among(people, receiving(0, room+moreSections)); err != nil {
			t.Fatalf("some more: %v", err)
		}
		if err := s.among(people, receiving(0, room+moreSections+1)); err == nil {
			t.Error("still more are let through")
		}
		if err := s.among(2*people, receiving(0, room+moreSections+1)); err == nil {
			t.Error("more than twice as many people have are let through")
		}
		if err := s.among(3*people, receiving(0, room+moreSections+1)); err != nil {
			t.Errorf("when many more have come: %v", err)
		}
		time.Sleep(2 * sectionAgain)
		if err := s.among(people, receiving(0, room+moreSections+3)); err != nil {
			t.Errorf("after a while: %v", err)
		}
		if err := NewSaid().Sections(receiving(0, 200)); err == nil {
			t.Error("200 sections of one who is alone are let through")
		}
	})
}

// TestSectionsStayWhatTheyAre: what would have no receiver is refused.
func TestSectionsStayWhatTheyAre(t *testing.T) {
	receives, both := stream.Section{MID: "0", Receives: true}, stream.Section{MID: "0", Receives: true, Sends: true, Streams: []uint32{1}}
	sends := stream.Section{MID: "0", Sends: true, Streams: []uint32{1}}
	audio := stream.Section{MID: "0", Audio: true, Receives: true}
	for name, tt := range map[string]struct {
		fine  bool
		steps []stream.Section
	}{
		"sending on":            {true, []stream.Section{sends, sends}},
		"receiving, then both":  {true, []stream.Section{receives, both, sends}},
		"receiving, then sends": {false, []stream.Section{receives, sends}},
		"both, then receiving":  {false, []stream.Section{both, receives, sends}},
		"resting, then sends":   {true, []stream.Section{{MID: "0"}, sends}},
		"another kind":          {false, []stream.Section{receives, audio}},
	} {
		s := NewSaid()
		var err error
		for _, one := range tt.steps {
			if err == nil {
				err = s.Sections([]stream.Section{one})
			}
		}
		if (err == nil) != tt.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSpareSections: what the room needs is free, and what was paid for once.
func TestSpareSections(t *testing.T) {
	s := NewSaid()
	for step, want := range []struct{ sections, people, spare int }{{10, 2, 2}, {10, 2, 0}, {14, 3, 0}, {14, 2, 4}, {60, 2, 46}} {
		if err := s.among(want.people, receiving(0, want.sections)); err != nil {
			t.Fatal(err)
		}
		if n := s.Spare(want.people); n != want.spare {
			t.Errorf("step %d: %d, want %d", step, n, want.spare)
		}
	}
}

// TestStreamsOfAStay: who shows a screen every minute is let, who names new streams all the
// time is not.
func TestStreamsOfAStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSaid()
		next := uint32(0)
		name := func(n int, corrects bool) error {
			one := stream.Section{MID: "0", Sends: true, Corrects: corrects}
			for range n {
				next++
				one.Streams = append(one.Streams, next)
			}
			return s.Sections([]stream.Section{one})
		}
		for hour := range 600 {
			if err := name(3, false); err != nil {
				t.Fatalf("after %d minutes: %v", hour, err)
			}
			time.Sleep(time.Minute)
		}
		if len(s.streams) > maxStreams {
			t.Errorf("%d are remembered", len(s.streams))
		}
		if err := name(freshStreams, false); err != nil {
			t.Fatal(err)
		}
		if err := name(1, false); err == nil {
			t.Error("more streams than one may name are let through")
		}
		time.Sleep(time.Hour)
		var err error
		for range maxCorrecting / 3 {
			err = name(3, true)
		}
		if err != nil {
			t.Fatal(err)
		}
		if name(3, true) == nil {
			t.Error("streams that correct others have no end")
		}
	})
}
