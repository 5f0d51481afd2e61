package ratelimit_test

import (
	"fmt"
	"time"

	"foyer/engine/internal/ratelimit"
)

// Two at once, and one more each second.
func ExamplePace() {
	var p ratelimit.Pace
	now := time.Now()
	fmt.Println(p.Allow(now, 1, 2), p.Allow(now, 1, 2), p.Allow(now, 1, 2))
	fmt.Println(p.Allow(now.Add(time.Second), 1, 2))
	// Output:
	// true true false
	// true
}
