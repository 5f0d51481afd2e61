package media

import (
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// trimAfter is how long after the end of a track its memory goes back to the
// operating system. By itself the runtime takes minutes in a quiet program.
const trimAfter = 5 * time.Second

// trimmer gives back what tracks have used that ended or are hidden. A nil one
// does nothing.
type trimmer struct {
	mu      sync.Mutex
	timer   *time.Timer // of a run that is to come
	closed  bool
	running sync.WaitGroup
}

// soon lets the memory go back once, however many tracks end until then.
func (t *trimmer) soon() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.timer != nil {
		return
	}
	t.running.Add(1)
	t.timer = time.AfterFunc(trimAfter, func() {
		defer t.running.Done()
		t.mu.Lock()
		t.timer = nil
		t.mu.Unlock()
		runtime.GC() // what lies in pools lives for one collection more
		debug.FreeOSMemory()
	})
}

// close ends it and waits for a run.
func (t *trimmer) close() {
	t.mu.Lock()
	t.closed = true
	if t.timer != nil && t.timer.Stop() {
		t.running.Done()
	}
	t.mu.Unlock()
	t.running.Wait()
}
