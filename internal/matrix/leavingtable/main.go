// Leavingtable writes the measured exit matrix into a document, between its
// markers.
//
//	leavingtable [-part] DOCUMENT TABLE.json...
//
// With -part the document keeps the rows that were not measured.
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
	part := len(args) > 0 && args[0] == "-part"
	if part {
		args = args[1:]
	}
	if len(args) < 2 {
		return fmt.Errorf("usage: leavingtable [-part] DOCUMENT TABLE.json")
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
	older, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no markers %q and %q", args[0], begin, end)
	}
	if !part {
		older = ""
	}
	return os.WriteFile(args[0], []byte(before+begin+table.Markdown(older)+end+after), 0o644)
}
