//go:build linux

package report

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Times are durations in milliseconds.
type Times []float64

// Add takes one more.
func (t *Times) Add(d time.Duration) { *t = append(*t, float64(d.Microseconds())/1000) }

// At is the value below which a share p of the times lies (nearest rank).
func (t Times) At(p float64) float64 {
	if len(t) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(t))
	return s[max(0, int(math.Ceil(p*float64(len(s))))-1)]
}

// Only is the time of something that happens once.
func (t Times) Only() string { return fmt.Sprintf("%.1f ms", t.At(1)) }

// String is how a row tells them.
func (t Times) String() string {
	return fmt.Sprintf("p50 %.1f, p95 %.1f, p99 %.1f ms (%d)", t.At(.5), t.At(.95), t.At(.99), len(t))
}
