package roomserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLines: the lines of a server come as they are, in whatever parts; one that is too
// long does no harm to those after it.
func TestLines(t *testing.T) {
	long := strings.Repeat("x", 2*maxReadyLine)
	for _, size := range []int{1, 7, 1 << 20} {
		for text, want := range map[string][]string{
			"first\nsecond\n\nlast":         {"first", "second", ""},
			"first\n" + long + "\nthird\n":  {"first", "third"},
			long + "\nsecond\n":             {long[:maxReadyLine], "second"},
			"first\n" + long[:maxReadyLine]: {"first"},
			"\nsecond\n":                    {"", "second"},
			"without an end":                nil,
		} {
			var got []string
			l := newLines(func(first, line []byte) {
				got = append(got, string(line))
				if string(first) != got[0] {
					t.Errorf("the first line was %.20q, not %.20q", first, got[0])
				}
			})
			for part := range slices.Chunk([]byte(text), size) {
				if n, err := l.Write(part); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("in parts of %d, %.20q: %.60v", size, text, fmt.Sprint(got))
			}
			select {
			case <-l.complete:
				if want == nil {
					t.Error("half a line is complete")
				}
			default:
				if want != nil {
					t.Error("the first line is not complete")
				}
			}
			if want == nil && string(l.line()) != text {
				t.Errorf("what there is: %q", l.line())
			}
		}
	}
}
