package lines_test

import (
	"fmt"
	"unicode/utf8"

	"foyer/ui/kit/lines"
)

// Lines end between words, and within those that are longer than a line.
func ExampleBreak() {
	text := "your camera is released"
	for _, l := range lines.Break(text, 11, func(s string) float32 { return float32(utf8.RuneCountInString(s)) }) {
		fmt.Printf("%q\n", text[l.Start:l.End])
	}
	// Output:
	// "your camera"
	// "is released"
}
