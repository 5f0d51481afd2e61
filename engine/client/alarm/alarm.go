// Package alarm is a clock with one timer for everything that a loop does later.
package alarm

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Clock has an alarm for each K that was set. Only its owner's goroutine uses it:
// it waits for C, and then acts on what Take returns.
type Clock[K cmp.Ordered] struct {
	C     <-chan time.Time
	due   map[K]time.Time
	timer *time.Timer
}

// New makes a clock on which nothing is set. Its owner stops it.
func New[K cmp.Ordered]() *Clock[K] {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &Clock[K]{C: t.C, due: map[K]time.Time{}, timer: t}
}

// Set sets an alarm, in place of the one that was set for the same.
func (c *Clock[K]) Set(which K, in time.Duration) {
	c.due[which] = time.Now().Add(in)
	c.arm()
}

// Clear switches alarms off.
func (c *Clock[K]) Clear(which ...K) {
	for _, w := range which {
		delete(c.due, w)
	}
	c.arm()
}

// IsSet reports whether an alarm is still to come.
func (c *Clock[K]) IsSet(which K) bool {
	_, ok := c.due[which]
	return ok
}

// Take returns the alarms whose time has come, in the order of K, and switches them
// off.
func (c *Clock[K]) Take() []K {
	now := time.Now()
	var rung []K
	for _, w := range slices.Sorted(maps.Keys(c.due)) {
		if !c.due[w].After(now) {
			delete(c.due, w)
			rung = append(rung, w)
		}
	}
	c.arm()
	return rung
}

// Stop switches every alarm off.
func (c *Clock[K]) Stop() {
	clear(c.due)
	c.arm()
}

func (c *Clock[K]) arm() {
	if len(c.due) == 0 {
		c.timer.Stop()
		return
	}
	next := slices.MinFunc(slices.Collect(maps.Values(c.due)), time.Time.Compare)
	c.timer.Reset(time.Until(next))
}
