package enginetest

import (
	"bytes"
	"encoding/json"
	"testing"
)

// ReadTrace reads the lines of a trace (engine/trace), of which T has what the test looks
// at.
func ReadTrace[T any](t testing.TB, text []byte) (lines []T) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var l T
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, l)
	}
	return lines
}
