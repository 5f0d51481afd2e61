package lookalike_test

import (
	"fmt"

	"foyer/engine/internal/lookalike"
)

// Somebody whose name looks like another's gets a number.
func ExampleTellApart() {
	taken := map[string]bool{lookalike.Skeleton("Paul"): true}
	for _, name := range []string{"Ada", "\u0420\u0430ul"} { // the second begins with two Cyrillic letters
		fmt.Println(lookalike.TellApart(name, func(skeleton string) bool { return taken[skeleton] }))
	}
	// Output:
	// Ada
	// Раul (2)
}
