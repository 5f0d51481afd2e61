package app

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// What a program took for a moment and does not use any more is seen once it is
// quiet, and is gone afterwards.
func TestHeapMeterSeesWhatIsNotUsed(t *testing.T) { // no parallel: the heap is everybody's
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nobody else collects
	var m heapMeter
	m.wasteful(readHeap())
	debug.FreeOSMemory()
	m.freed(readHeap())
	m.rest = 0
	block := make([]byte, 256<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	runtime.KeepAlive(block)
	if !m.wasteful(readHeap()) {
		t.Error("256 MB that nobody uses are not seen")
	}
	debug.FreeOSMemory()
	m.freed(readHeap())
	if m.wasteful(readHeap()) {
		t.Error("it is told again although nothing is left to give")
	}
}

func TestHeapMeterIsPatient(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	m := heapMeter{least: 50 * mb, freedTo: 50 * mb}
	if m.wasteful(heap{200 * mb, 1}) {
		t.Error("a program whose collector runs is told to collect")
	}
	if !m.wasteful(heap{200 * mb, 1}) {
		t.Error("a quiet program is not told")
	}
	// It needs all of it: it is asked again, but seldom.
	tries := 0
	for range 100 {
		if m.wasteful(heap{200 * mb, 1}) {
			tries++
			m.freed(heap{195 * mb, 1})
		}
	}
	if tries < 5 || tries > 14 {
		t.Errorf("%d tries in 100 looks", tries)
	}
	// However long it rests, what comes on top is given back at once.
	if !m.wasteful(heap{300 * mb, 1}) {
		t.Error("a flood has to wait")
	}
	m.freed(heap{60 * mb, 1})
	if m.least != 50*mb || m.freedTo != 60*mb || m.rest != 0 {
		t.Errorf("least %d MB, last %d MB, rest %d", m.least/mb, m.freedTo/mb, m.rest)
	}
}
