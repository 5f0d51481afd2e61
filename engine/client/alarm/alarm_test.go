package alarm

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := New[int]()
		defer c.Stop()
		rings := func(at time.Duration, want ...int) {
			t.Helper()
			<-c.C
			if got := c.Take(); time.Since(start) != at || !slices.Equal(got, want) {
				t.Errorf("at %v: %v, want %v at %v", time.Since(start), got, want, at)
			}
		}
		c.Set(3, 2*time.Second)
		c.Set(2, time.Second)
		c.Set(1, time.Second)
		c.Set(4, time.Second)
		c.Set(4, 5*time.Second) // moved
		c.Set(5, 500*time.Millisecond)
		c.Clear(5)
		if c.IsSet(5) || !c.IsSet(4) {
			t.Error("5 is off, 4 is on")
		}
		rings(time.Second, 1, 2)
		rings(2*time.Second, 3)
		if c.IsSet(3) {
			t.Error("3 has rung")
		}
		rings(5*time.Second, 4)
		c.Set(1, time.Second)
		c.Stop()
		select {
		case <-c.C:
			t.Error("a stopped clock rings")
		case <-time.After(time.Minute):
		}
	})
}
