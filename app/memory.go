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
	last  heap   // at the last look
	least uint64 // bytes, of all times when memory was given back
	rest  int    // looks until the next try
	wait  int    // looks between tries, since they bring nothing
}

// heap is how much memory the heap holds of the system's, and how often it was
// collected.
type heap struct{ bytes, collections uint64 }

// wasteful reports whether the collector has not run since the last look and the
// heap holds much more than it must.
func (m *heapMeter) wasteful(now heap) bool {
	quiet := now.collections == m.last.collections
	m.last = now
	if m.rest > 0 {
		m.rest--
		return false
	}
	return quiet && now.bytes > uint64(worthIt*float64(m.least))+worthItBytes
}

// freed notes what is left when memory was given back. What a program needs may
// have grown for good: then it is asked again, but more and more seldom.
func (m *heapMeter) freed(now heap) {
	if m.least == 0 || now.bytes < m.least {
		m.least = now.bytes
	}
	if brought := float64(m.last.bytes) > worthIt*float64(now.bytes); brought {
		m.wait = 0
	} else {
		m.wait = min(2*m.wait+1, seldom)
	}
	m.rest, m.last = m.wait, now
}

func readHeap() heap {
	s := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
	}
	metrics.Read(s)
	return heap{s[0].Value.Uint64() + s[1].Value.Uint64() + s[2].Value.Uint64(), s[3].Value.Uint64()}
}
