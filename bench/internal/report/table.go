//go:build linux

// Package report has the table of what was measured, and puts it into a document.
package report

import (
	"fmt"
	"strings"
)

// Table prints rows as they are measured, and keeps them.
type Table struct {
	missed int
	text   strings.Builder
}

// NewTable begins a table.
func NewTable() *Table {
	t := new(Table)
	t.print("| What | Wanted | Measured | |\n|---|---|---|---|\n")
	return t
}

// Missed is how many of the wanted values were missed.
func (t *Table) Missed() int { return t.missed }

// String is the whole table so far, in Markdown.
func (t *Table) String() string { return t.text.String() }

func (t *Table) print(text string) {
	fmt.Print(text)
	t.text.WriteString(text)
}

// Row prints a value. ok reports whether it is what was wanted; an empty wanted
// means that it is told for comparison only.
func (t *Table) Row(what, measured, wanted string, ok bool) {
	mark := "yes"
	switch {
	case wanted == "":
		mark = ""
	case !ok:
		mark = "**no**"
		t.missed++
	}
	t.print(fmt.Sprintf("| %s | %s | %s | %s |\n", what, wanted, measured, mark))
}
