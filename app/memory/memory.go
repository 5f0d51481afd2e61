// Package memory gives memory back to the system that the program does not use any
// more.
package memory

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// lookEvery is how often the heap is looked at.
	lookEvery = 5 * time.Second
	// share of the time may be spent on giving memory back: one part in so many.
	share = 100
	// seldom is how many looks pass between tries that bring nothing, and between those
	// at what the C libraries hold, which nobody can look at.
	seldom = 12
	// worthIt is how much more than when memory was given back the heap must hold.
	worthIt      = 1.15
	worthItBytes = 4 << 20
)

// GiveBack returns to the system what the program does not use any more,
// until ctx ends. By itself the runtime lets a heap grow to twice of what is in
// use, and keeps what a crowd or an attacker has made it take until a collection
// that in a program which has become quiet is minutes away.
func GiveBack(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var m heapMeter
	var next time.Time
	native := 0
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if native++; native >= seldom {
				native = 0
				giveBackNative()
			}
			if !m.wasteful(heapBytes()) || now.Before(next) {
				continue
			}
			began := time.Now()
			debug.FreeOSMemory()
			next = time.Now().Add(share * time.Since(began))
			m.freed(heapBytes())
		}
	}
}

// heapMeter compares the heap with what it was, in bytes of the system's memory.
type heapMeter struct {
	last    uint64 // at the last look
	freedTo uint64 // when memory was given back last
	least   uint64 // ... of all times
	rest    int    // looks until the next try to come to least
	wait    int    // looks between such tries, since they bring nothing
}

// much reports whether a heap is much more than it was.
func much(now, before uint64) bool { return now > uint64(worthIt*float64(before))+worthItBytes }

// wasteful reports whether the heap holds much more than when memory was given
// back: the last time or, now and then, ever.
func (m *heapMeter) wasteful(now uint64) bool {
	m.last, m.rest = now, max(0, m.rest-1)
	return much(now, m.freedTo) || m.rest == 0 && much(now, m.least)
}

// freed notes what is left when memory was given back. What a program needs may
// have grown for good: then it is asked for it more and more seldom.
func (m *heapMeter) freed(now uint64) {
	if m.least == 0 || now < m.least {
		m.least = now
	}
	if much(m.last, now) {
		m.wait = 0
	} else {
		m.wait = min(2*m.wait+2, seldom)
	}
	m.freedTo, m.rest, m.last = now, m.wait, now
}

// heapBytes is how much memory the heap holds of the system's.
func heapBytes() uint64 {
	s := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
	}
	metrics.Read(s)
	return s[0].Value.Uint64() + s[1].Value.Uint64() + s[2].Value.Uint64()
}
