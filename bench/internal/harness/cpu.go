//go:build linux

package harness

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"foyer/internal/drive"
)

// CPUTime is how long processes have computed, in seconds.
type CPUTime struct {
	Total    float64
	Renderer float64 // the part of it that drew in software
}

// CPU is what processes have used so far.
func CPU(pids []int) (used CPUTime) {
	for _, pid := range pids {
		threads, err := drive.CPU(pid)
		if err != nil {
			continue // a helper process that has ended
		}
		for name, s := range threads {
			used.Total += s
			if strings.HasPrefix(name, "llvmpipe") {
				used.Renderer += s
			}
		}
	}
	return used
}

// Own is the processor time of this process, which other programs do not lengthen much.
func Own() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
