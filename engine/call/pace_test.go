package call

import (
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	var p Pace
	now := time.Unix(1000, 0)
	allowed := func() (n int) {
		for range 1000 {
			if p.Allow(now, ChatPerSecond, ChatBurst) {
				n++
			}
		}
		return n
	}
	if n := allowed(); n != ChatBurst {
		t.Errorf("%d at once, want %d", n, ChatBurst)
	}
	now = now.Add(time.Second)
	if n := allowed(); n != ChatPerSecond {
		t.Errorf("%d a second later, want %d", n, ChatPerSecond)
	}
	now = now.Add(-time.Hour) // a clock that is set back gives nothing
	if n := allowed(); n != 0 {
		t.Errorf("%d after the clock went back", n)
	}
	now = now.Add(2 * time.Hour)
	if n := allowed(); n != ChatBurst {
		t.Errorf("%d after a long rest, want %d", n, ChatBurst)
	}
}
