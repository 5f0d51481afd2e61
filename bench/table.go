//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// table prints rows as they are measured.
type table struct{ missed int }

func (*table) head(w io.Writer) {
	fmt.Fprintln(w, "| What | Measured | Wanted | |\n|---|---|---|---|")
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
	fmt.Printf("| %s | %s | %s | %s |\n", what, measured, wanted, mark)
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

func (t times) String() string {
	return fmt.Sprintf("p50 %.1f, p95 %.1f, p99 %.1f ms (%d)", t.at(.5), t.at(.95), t.at(.99), len(t))
}

// machine names what was measured on.
func machine() string {
	return fmt.Sprintf("%s, %d cores, %s %s, %s, load %s at the start",
		field("/proc/cpuinfo", "model name"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), load())
}

func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown processor"
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
