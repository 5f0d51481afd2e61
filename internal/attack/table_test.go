//go:build linux

package attack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	tableBegin = "<!-- attacks: begin -->\n"
	tableEnd   = "<!-- attacks: end -->"
	tableHead  = "| Attack | By | Tries to | Outcome | Holds | Server MB | Files | Goroutines | Bystander MB | " +
		"Longest silence | Measured |\n|---|---|---|---|---|---|---|---|---|---|---|\n"
	holdsColumn = 5
)

// document has the table of what was measured, between its markers. It is written after
// each group of attacks, so that a run that does not come to its end is not lost.
type document struct {
	name string // "": there is none
	mu   sync.Mutex
}

// write puts rows into the table. Of the other attacks that there are, the table keeps
// what was measured before, and each row says when that was.
func (d *document) write(rows []row) error {
	if d.name == "" || len(rows) == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := os.ReadFile(d.name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	old, after, closed := strings.Cut(rest, tableEnd)
	if !ok || !closed {
		return fmt.Errorf("%s has no markers %q and %q", d.name, tableBegin, tableEnd)
	}
	lines := map[string]string{}
	for line := range strings.Lines(old) {
		lines[cell(line, 1)] = line
	}
	for _, r := range rows {
		lines[r.name] = r.line(time.Now())
	}
	return os.WriteFile(d.name, []byte(before+tableBegin+tabled(lines)+tableEnd+after), 0o644)
}

// tabled is the table of these lines, by the attacks' names, in the order of the attacks.
func tabled(lines map[string]string) string {
	var all strings.Builder
	held, n := 0, 0
	for _, g := range groups() {
		for _, at := range g.all {
			line, ok := lines[at.name]
			if !ok {
				continue // it was never measured
			}
			n++
			if cell(line, holdsColumn) == "yes" {
				held++
			}
			all.WriteString(line)
		}
	}
	return fmt.Sprintf("%d of %d held.\n\n%s%s", held, n, tableHead, all.String())
}

// cell is a column of a line of the table, the first of which is 1.
func cell(line string, column int) string {
	cells := strings.Split(line, "|")
	if column >= len(cells) {
		return ""
	}
	return strings.TrimSpace(cells[column])
}

// line is the row in the table.
func (r row) line(now time.Time) string {
	three := func(x, y, z any) string { return fmt.Sprintf("%v, %v, %v", x, y, z) }
	verdict := "yes"
	if bad := r.verdict(); len(bad) > 0 {
		verdict = "**no**: " + strings.Join(bad, "; ")
	}
	form := "short"
	if *long {
		form = "long"
	}
	s, o := r.server, r.bystander
	cells := []string{
		r.name, string(r.by), r.tries, r.said, verdict,
		three(s.before.rss>>20, s.peak.rss>>20, s.after.rss>>20), three(s.before.files, s.peak.files, s.after.files),
		three(s.before.goroutines, s.peak.goroutines, s.after.goroutines),
		three(o.before.rss>>20, o.peak.rss>>20, o.after.rss>>20), fmt.Sprintf("%d ms", r.silence.Milliseconds()),
		now.Format(time.DateOnly) + ", " + form,
	}
	for i, c := range cells {
		cells[i] = strings.NewReplacer("|", "/", "\n", " ").Replace(c)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// A run of some attacks changes their rows alone, and what is no attack any more goes.
func TestTableKeepsWhatWasNotMeasured(t *testing.T) {
	t.Parallel()
	all := groups()[0].all
	first, second := all[0], all[1]
	old := func(name string) string {
		return "| " + name + " | x | x | x | yes | 1 | 1 | 1 | 1 | 1 ms | 2020-01-02, long |\n"
	}
	name := filepath.Join(t.TempDir(), "table.md")
	text := "# Title\n" + tableBegin + "2 of 2 held.\n\n" + tableHead + old(second.name) + old("gone") + tableEnd + "\nThe end.\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := row{attempt: first, said: "two | words\nof it", server: &course{}, bystander: &course{}, bad: []string{"reached: all"}}
	d := document{name: name}
	if err := d.write([]row{bad}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := "# Title\n" + tableBegin + "1 of 2 held.\n\n" + tableHead + bad.line(time.Now()) + old(second.name) + tableEnd + "\nThe end.\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if line := bad.line(time.Now()); strings.Count(line, "|") != strings.Count(tableHead, "|")/2 || cell(line, holdsColumn) == "yes" {
		t.Errorf("the row is %q", line)
	}
}
