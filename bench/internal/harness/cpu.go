//go:build linux

package harness

import (
	"strings"

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
