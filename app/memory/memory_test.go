package memory

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// What a program took for a moment and does not use any more is seen, and is gone
// afterwards.
func TestHeapMeterSeesWhatIsNotUsed(t *testing.T) { // no parallel: the heap is everybody's
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nobody else collects
	var m heapMeter
	debug.FreeOSMemory()
	m.freed(heapBytes())
	block := make([]byte, 256<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	runtime.KeepAlive(block)
	if !m.wasteful(heapBytes()) {
		t.Error("256 MB that nobody uses are not seen")
	}
	debug.FreeOSMemory()
	m.freed(heapBytes())
	if m.wasteful(heapBytes()) {
		t.Error("it is told again although nothing is left to give")
	}
}

func TestHeapMeterIsPatient(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	m := heapMeter{least: 50 * mb, freedTo: 50 * mb}
	if !m.wasteful(200 * mb) {
		t.Error("150 MB more are not seen")
	}
	// It needs all of it: it is asked again, but seldom.
	tries := 0
	for range 100 {
		if m.wasteful(200 * mb) {
			tries++
			m.freed(195 * mb)
		}
	}
	if tries < 5 || tries > 14 {
		t.Errorf("%d tries in 100 looks", tries)
	}
	// However long it rests, what comes on top is given back at once.
	if !m.wasteful(300 * mb) {
		t.Error("a flood has to wait")
	}
	m.freed(60 * mb)
	if m.least != 50*mb || m.freedTo != 60*mb || m.rest != 0 {
		t.Errorf("least %d MB, last %d MB, rest %d", m.least/mb, m.freedTo/mb, m.rest)
	}
}
