package matrix_test

import (
	"path/filepath"
	"strings"
	"testing"

	"foyer/internal/matrix"
)

func TestTablesAreLaidOverEachOther(t *testing.T) {
	t.Parallel()
	one, two := filepath.Join(t.TempDir(), "1"), filepath.Join(t.TempDir(), "2")
	row := matrix.Row{Exit: "leave", Reason: "left", Cells: []matrix.Cell{{Device: "microphone", Free: true, MS: 12.4}}}
	row.Receipt("microphone", 3.21)
	a, b := matrix.New("a"), matrix.New("b")
	a.Add(row)
	b.Add(matrix.Row{Exit: "leave", Reason: "left", Cells: []matrix.Cell{{Device: "camera", MS: 2000}}})
	b.Add(matrix.Row{Exit: "kill -9", Cells: []matrix.Cell{{Device: "camera", Free: true, MS: 7}, {Device: "screen", Note: "no button"}}})
	for name, table := range map[string]*matrix.Table{one: a, two: b} {
		if err := table.Save(name); err != nil {
			t.Fatal(err)
		}
	}
	all, err := matrix.Load(one, two)
	if err != nil {
		t.Fatal(err)
	}
	older := "| Way out |\n|---|\n| before | `x` | 1 |\n| kill -9 | old |\n| after | `x` | 2 |\n\nMeasured on 9 cores.\n"
	if got := strings.Split(all.Markdown(older), "\n"); len(got) != 9 || got[2] != "| before | `x` | 1 |" ||
		!strings.HasPrefix(got[3], "| kill -9 | (no") || got[4] != "| after | `x` | 2 |" || !strings.HasPrefix(got[5], "| leave |") {
		t.Errorf("over an older one: %q", got)
	}
	got := all.Markdown("")
	for _, want := range []string{
		"| leave | `left` | **still held** | not measured | 12 (3.2) | not measured | not measured | 2",
		"| kill -9 | (no process left to say it) | 7 | not measured | not measured | not measured | no button | 2",
		"\nMeasured on ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
