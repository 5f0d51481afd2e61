package recent_test

import (
	"testing"

	"foyer/engine/internal/recent"
)

func TestRecent(t *testing.T) {
	r := recent.Set[int]{Limit: 3}
	for key, want := range []bool{true, true, true} {
		if got := r.Add(key); got != want {
			t.Errorf("%d is new: %v", key, got)
		}
	}
	if r.Add(1) || !r.Has(0) {
		t.Error("what came is not known")
	}
	if !r.Add(3) || r.Has(0) || !r.Has(1) || !r.Has(3) {
		t.Error("the oldest is not the one that was forgotten")
	}
	for key := range 1000 {
		r.Add(key)
	}
	known := 0
	for key := range 1000 {
		if r.Has(key) {
			known++
		}
	}
	if known != 3 {
		t.Errorf("%d are known, want 3", known)
	}
}
