package recent_test

import (
	"fmt"

	"foyer/engine/internal/recent"
)

// Of more keys than the limit, the oldest are forgotten.
func ExampleSet() {
	seen := recent.Set[string]{Limit: 2}
	fmt.Println(seen.Add("a"), seen.Add("b"), seen.Add("a"), seen.Add("c"))
	fmt.Println(seen.Has("a"), seen.Has("b"), seen.Has("c"))
	// Output:
	// true true false true
	// false true true
}
