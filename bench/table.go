//go:build linux

package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// table prints rows as they are measured, and keeps them.
type table struct {
	missed int
	text   strings.Builder
}

func newTable() *table {
	t := new(table)
	t.print("| What | Wanted | Measured | |\n|---|---|---|---|\n")
	return t
}

func (t *table) print(text string) {
	fmt.Print(text)
	t.text.WriteString(text)
}

// row prints a value. ok says whether it is what was wanted; an empty wanted
// means that it is told for comparison only.
func (t *table) row(what, measured, wanted string, ok bool) {
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

// times are durations in milliseconds.
type times []float64

func (t *times) add(d time.Duration) { *t = append(*t, float64(d.Microseconds())/1000) }

// at is the value below which a share p of the times lies (nearest rank).
func (t times) at(p float64) float64 {
	if len(t) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(t))
	return s[max(0, int(math.Ceil(p*float64(len(s))))-1)]
}

// only is the time of something that happens once.
func (t times) only() string { return fmt.Sprintf("%.1f ms", t.at(1)) }

func (t times) String() string {
	return fmt.Sprintf("p50 %.1f, p95 %.1f, p99 %.1f ms (%d)", t.at(.5), t.at(.95), t.at(.99), len(t))
}

// machine names what was measured on, and when.
func machine() string {
	return fmt.Sprintf("%s: %s (%s), %d cores, %s, %s %s, %s; load %s at the start",
		time.Now().Format("2 January 2006"), field("/proc/cpuinfo", "model name", ":"), field("/proc/cpuinfo", "cpu MHz", ":")+" MHz",
		runtime.NumCPU(), strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`), runtime.GOOS, runtime.GOARCH, runtime.Version(), load())
}

// field is a value of a file of lines with names.
func field(file, name, separator string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), separator); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
