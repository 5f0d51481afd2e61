//go:build linux

package report

import (
	"fmt"
	"strings"
)

// Beside are times of Foyer and of Chromium for the same work.
type Beside struct {
	what  []string
	times map[string]*[2]Times
}

// Who is one of the two.
type Who int

// The two, and what a row calls them.
const (
	Foyer Who = iota
	Chromium
)

func (w Who) String() string { return [...]string{"Foyer", "Chromium"}[w] }

// Add tells what one of the two took for something, in a row: the median may be at most
// so many milliseconds, and no more than Chromium's if that is known already.
func (b *Beside) Add(t *Table, what string, who Who, took Times, most float64) {
	if b.times == nil {
		b.times = make(map[string]*[2]Times)
	}
	both := b.times[what]
	if both == nil {
		both = new([2]Times)
		b.times[what], b.what = both, append(b.what, what)
	}
	both[who] = took
	name := fmt.Sprintf("%s, %s -> %s", what, who, who)
	if who == Chromium {
		t.Row(name, took.String(), "", true)
		return
	}
	wanted, ok := fmt.Sprintf("p50 <= %.0f ms", most), took.At(.5) <= most
	if theirs := both[Chromium]; len(theirs) > 0 {
		wanted, ok = wanted+", and Chromium's", ok && took.At(.5) <= theirs.At(.5)
	}
	t.Row(name, took.String(), wanted, ok)
}

// SideBySide is more rows of the table that compares the two.
func (b *Beside) SideBySide() string {
	var t strings.Builder
	for _, what := range b.what {
		both := b.times[what]
		for _, p := range []float64{.5, .95} {
			fmt.Fprintf(&t, "| %s | p%.0f | %s | %s |\n", what, 100*p, known(both[Foyer], p), known(both[Chromium], p))
		}
	}
	return t.String()
}

func known(t Times, p float64) string {
	if len(t) == 0 {
		return "not measured"
	}
	return fmt.Sprintf("%.0f ms", t.At(p))
}
