package ratelimit

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	const perSecond, burst = 20, 100
	var p Pace
	now := time.Unix(1000, 0)
	allowed := func() (n int) {
		for range 1000 {
			if p.Allow(now, perSecond, burst) {
				n++
			}
		}
		return n
	}
	if n := allowed(); n != burst {
		t.Errorf("%d at once, want %d", n, burst)
	}
	now = now.Add(time.Second)
	if n := allowed(); n != perSecond {
		t.Errorf("%d a second later, want %d", n, perSecond)
	}
	now = now.Add(-time.Hour) // a clock that is set back gives nothing
	if n := allowed(); n != 0 {
		t.Errorf("%d after the clock went back", n)
	}
	now = now.Add(2 * time.Hour)
	if n := allowed(); n != burst {
		t.Errorf("%d after a long rest, want %d", n, burst)
	}
}
