package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// quietFor is how long the collector must not have run before it is asked
	// to: a program that allocates much runs it by itself.
	quietFor = 5 * time.Second
	// seldom is how many such times pass between tries that bring nothing.
	seldom = 12
	// worthIt is how much more than at its least a quiet heap must hold.
	worthIt      = 1.15
	worthItBytes = 4 << 20
)

// giveMemoryBack returns to the system what the program does not use any more,
// until ctx ends. By itself the runtime keeps what a crowd or an attacker has
// made it take until the next collection, which in a program that has become
// quiet is minutes away.
func giveMemoryBack(ctx context.Context) {
	tick := time.NewTicker(quietFor)
	defer tick.Stop()
	var m heapMeter
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if m.wasteful(readHeap()) {
				debug.FreeOSMemory()
				m.freed(readHeap())
			}
		}
	}
}

// heapMeter compares the heap with what it was.
type heapMeter struct {
	last    heap   // at the last look
	freedTo uint64 // bytes, when memory was given back last
	least   uint64 // ... of all times
	rest    int    // looks until the next try to come to least
	wait    int    // looks between such tries, since they bring nothing
}

// heap is how much memory the heap holds of the system's, and how often it was
// collected.
type heap struct{ bytes, collections uint64 }

// much reports whether the heap holds much more than bytes.
func (h heap) much(bytes uint64) bool { return h.bytes > uint64(worthIt*float64(bytes))+worthItBytes }

// wasteful reports whether the collector has not run since the last look and the
// heap holds much more than when memory was given back, the last time or, now and
// then, ever.
func (m *heapMeter) wasteful(now heap) bool {
	quiet := now.collections == m.last.collections
	m.last = now
	m.rest = max(0, m.rest-1)
	return quiet && (now.much(m.freedTo) || m.rest == 0 && now.much(m.least))
}

// freed notes what is left when memory was given back. What a program needs may
// have grown for good: then it is asked for it more and more seldom.
func (m *heapMeter) freed(now heap) {
	if m.least == 0 || now.bytes < m.least {
		m.least = now.bytes
	}
	if m.last.much(now.bytes) {
		m.wait = 0
	} else {
		m.wait = min(2*m.wait+2, seldom)
	}
	m.freedTo, m.rest, m.last = now.bytes, m.wait, now
}

func readHeap() heap {
	s := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(s)
	return heap{s[0].Value.Uint64() + s[1].Value.Uint64() + s[2].Value.Uint64(), s[3].Value.Uint64()}
}
