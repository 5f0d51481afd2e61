package memory

import (
	"syscall"
	"testing"
)

// faults is how often the kernel had to find a page of memory.
func faults(t *testing.T) int64 {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return r.Minflt
}

// The memory of a frame that is drawn serves the next one, after which nothing has to be
// found anew for each.
func TestTexturesKeepTheirMemory(t *testing.T) { // no parallel: memory is everybody's
	LimitNative()
	KeepTextures()
	defer LimitNative()
	const texture, frames = 1280 * 720 * 4, 100
	touch(texture)
	before := faults(t)
	for range frames {
		touch(texture)
	}
	if n := (faults(t) - before) / frames; n > 50 {
		t.Errorf("%d pages are found anew for each frame, of %d", n, texture/4096)
	}
	giveBackNative()
	before = faults(t)
	touch(texture)
	if n := faults(t) - before; n < 500 {
		t.Errorf("%d pages were given back, of %d", n, texture/4096)
	}
}
