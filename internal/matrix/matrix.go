// Package matrix keeps the measured table of every way out of a room and every
// device, which the tests of the whole program fill and docs/leaving.md shows.
package matrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Cell is one device on one way out.
type Cell struct {
	Device  string  `json:"device"`
	Free    bool    `json:"free"`
	MS      float64 `json:"ms"`                // from the cause until seen free from outside
	Noticed float64 `json:"noticed,omitempty"` // of them, until the program said that it leaves
	Receipt float64 `json:"receipt,omitempty"` // what the program said: from its own notice
	Note    string  `json:"note,omitempty"`    // why there is nothing to measure
}

// Row is one way out.
type Row struct {
	Exit   string `json:"exit"`
	Reason string `json:"reason"`
	Status int    `json:"status"`
	Date   string `json:"date"` // when its table was begun
	Cells  []Cell `json:"cells"`
}

// Noticed notes when, from the cause on, the program said that it leaves.
func (r *Row) Noticed(ms float64) {
	for i := range r.Cells {
		r.Cells[i].Noticed = ms
	}
}

// Receipt notes what the program itself says about a device.
func (r *Row) Receipt(device string, ms float64) {
	for i := range r.Cells {
		if r.Cells[i].Device == device {
			r.Cells[i].Receipt = ms
		}
	}
}

// Table is safe from any goroutine.
type Table struct {
	mu   sync.Mutex
	data data
}

type data struct {
	Where string `json:"where"`
	Cores int    `json:"cores"`
	Date  string `json:"date"` // when the tests began
	Rows  []Row  `json:"rows"`
}

// New makes an empty table; where says what measured it.
func New(where string) *Table {
	return &Table{data: data{Where: where, Cores: runtime.NumCPU(), Date: time.Now().Format(time.DateOnly), Rows: []Row{}}}
}

// Load reads tables that Save wrote and lays them over each other: rows of one
// name become one row. The cores are the first one's.
func Load(names ...string) (*Table, error) {
	all := New("")
	for i, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var d data
		if err := json.Unmarshal(text, &d); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if i == 0 {
			all.data.Cores = d.Cores
		}
		for _, r := range d.Rows {
			all.Add(r)
		}
	}
	return all, nil
}

// Add adds a row, or its cells to the row of that name.
func (t *Table) Add(r Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Date = cmp.Or(r.Date, t.data.Date)
	if i := slices.IndexFunc(t.data.Rows, func(o Row) bool { return o.Exit == r.Exit }); i >= 0 {
		t.data.Rows[i].Cells = append(t.data.Rows[i].Cells, r.Cells...)
		return
	}
	t.data.Rows = append(t.data.Rows, r)
}

// Save writes the table.
func (t *Table) Save(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	text, err := json.MarshalIndent(t.data, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

// columns of the shown table, in order.
func columns() [][2]string {
	return [][2]string{
		{"camera", "Camera"}, {"opening", "Camera still opening"}, {"microphone", "Microphone"},
		{"speaker", "Speaker"}, {"screen", "Screen"},
	}
}

// Markdown shows the table: the time from the cause until the device was seen
// free from outside the process, and in brackets what the program's receipt
// says, both in milliseconds.
//
// Of an older table, which may be empty, the rows stay that are not in this one.
func (t *Table) Markdown(older string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	b.WriteString("| Way out | Reason |")
	for _, c := range columns() {
		b.WriteString(" " + c[1] + " |")
	}
	b.WriteString(" Measured |\n|---|---|" + strings.Repeat("---|", len(columns())) + "---|\n")
	for _, line := range t.lines(older) {
		b.WriteString(line)
	}
	fmt.Fprintf(&b, "\nMeasured on %d cores.\n", t.data.Cores)
	return b.String()
}

// lines are the rows, and those of an older table where they were. A row that it had not
// comes after the one that is before it here. t.mu is held.
func (t *Table) lines(older string) []string {
	const head = 2
	var lines []string
	for line := range strings.Lines(older) {
		if strings.HasPrefix(line, "|") {
			lines = append(lines, line)
		}
	}
	lines = lines[min(head, len(lines)):]
	next := len(lines)
	for _, r := range t.data.Rows {
		i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "| "+r.Exit+" |") })
		if i >= 0 {
			lines[i] = r.line()
		} else {
			i = next
			lines = slices.Insert(lines, i, r.line())
		}
		next = i + 1
	}
	return lines
}

func (r Row) line() string {
	reason := "`" + r.Reason + "`"
	if r.Reason == "" {
		reason = "(no process left to say it)"
	}
	cells := []string{r.Exit, reason}
	for _, c := range columns() {
		cells = append(cells, r.cell(c[0]))
	}
	return "| " + strings.Join(append(cells, r.Date), " | ") + " |\n"
}

func (r Row) cell(device string) string {
	i := slices.IndexFunc(r.Cells, func(c Cell) bool { return c.Device == device })
	switch {
	case i < 0:
		return "not measured"
	case r.Cells[i].Note != "":
		return r.Cells[i].Note
	case !r.Cells[i].Free:
		return "**still held**"
	case r.Cells[i].Receipt > 0:
		return fmt.Sprintf("%.0f (%.1f)", r.Cells[i].MS, r.Cells[i].Receipt)
	default:
		return fmt.Sprintf("%.0f", r.Cells[i].MS)
	}
}
