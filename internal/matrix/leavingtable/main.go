// Leavingtable writes the measured exit matrix into a document, between its
// markers.
//
//	leavingtable DOCUMENT TABLE.json...
package main

import (
	"fmt"
	"os"
	"strings"

	"foyer/internal/matrix"
)

const begin, end = "<!-- exit matrix: begin -->\n", "<!-- exit matrix: end -->"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "leavingtable:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: leavingtable DOCUMENT TABLE.json")
	}
	table, err := matrix.Load(args[1:]...)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no markers %q and %q", args[0], begin, end)
	}
	return os.WriteFile(args[0], []byte(before+begin+table.Markdown()+end+after), 0o644)
}
