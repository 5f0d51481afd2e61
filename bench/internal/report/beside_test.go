//go:build linux

package report

import (
	"strings"
	"testing"
)

func TestBeside(t *testing.T) {
	table, both := NewTable(), new(Beside)
	both.Add(table, "A to B", Chromium, Times{50}, 80)
	both.Add(table, "A to B", Foyer, Times{60, 60}, 80)
	both.Add(table, "C to D", Foyer, Times{60}, 80)
	if table.Missed() != 1 {
		t.Errorf("%d missed, want the one that is slower than Chromium:\n%s", table.Missed(), table)
	}
	rows := both.SideBySide()
	for _, want := range []string{"| A to B | p50 | 60 ms | 50 ms |", "| C to D | p95 | 60 ms | not measured |"} {
		if !strings.Contains(rows, want) {
			t.Errorf("%q is not in\n%s", want, rows)
		}
	}
}
