//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
)

// withoutRenderer names a value that only Foyer's window has.
const withoutRenderer = "CPU without llvmpipe"

// sideBySide is what the window and Chromium use for the same work.
func (b *bench) sideBySide() string {
	var t strings.Builder
	t.WriteString("| Shown | | Foyer | Chromium |\n|---|---|---|---|\n")
	for _, load := range loads() {
		both := append(b.loads[load], cost{}, cost{})[:2]
		for _, r := range []struct {
			name  string
			value func(cost) string
		}{
			{"CPU, share of a core", func(c cost) string { return percent(c.cpu) }},
			{withoutRenderer, func(c cost) string { return percent(c.cpu - c.renderer) }},
			{"Memory, RSS", func(c cost) string { return megabytes(c.rss) }},
			{"Memory, PSS", func(c cost) string { return megabytes(c.pss) }},
			{"Frames per second, the slowest tile", func(c cost) string { return c.rate() }},
		} {
			theirs := known(both[1], r.value)
			if r.name == withoutRenderer {
				theirs = "-" // it draws in threads of other names, without Mesa
			}
			fmt.Fprintf(&t, "| %s | %s | %s | %s |\n", load, r.name, known(both[0], r.value), theirs)
		}
	}
	return t.String()
}

// known is a value of what was measured.
func known(c cost, value func(cost) string) string {
	if c.rss == 0 {
		return "not measured"
	}
	return value(c)
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }

// document puts a table and where it was measured between the markers of a
// document.
func document(name string, peer bool, where, text string) error {
	which, command := "bench", "make bench"
	if peer {
		which, command = "bench-peer", "make bench-peer"
	}
	begin, end := fmt.Sprintf("<!-- %s: begin -->\n", which), fmt.Sprintf("<!-- %s: end -->", which)
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no markers %q and %q", name, begin, end)
	}
	return os.WriteFile(name, []byte(fmt.Sprintf("%s%s`%s`, %s.\n\n%s%s%s", before, begin, command, where, text, end, after)), 0o644)
}
