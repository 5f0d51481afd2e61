//go:build linux

package window

import (
	"fmt"
	"strings"

	"foyer/bench/internal/report"
)

// withoutRenderer names a value that only Foyer's window has.
const withoutRenderer = "CPU without llvmpipe"

// SideBySide is what the window and Chromium use for the same work.
func (c Costs) SideBySide() string {
	var t strings.Builder
	t.WriteString("| Shown | | Foyer | Chromium |\n|---|---|---|---|\n")
	for _, load := range loads() {
		both := append(c[load], cost{}, cost{})[:2]
		for _, r := range []struct {
			name  string
			value func(cost) string
		}{
			{"CPU, share of a core", func(c cost) string { return report.Percent(c.cpu) }},
			{withoutRenderer, func(c cost) string { return report.Percent(c.cpu - c.renderer) }},
			{"Memory, RSS", func(c cost) string { return report.Megabytes(c.rss) }},
			{"Memory, PSS", func(c cost) string { return report.Megabytes(c.pss) }},
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
