//go:build linux

package leaks

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"foyer/bench/internal/report"
)

// memory is where a process's resident memory lies, seen from outside: what Go's
// collector manages, and every other memory that belongs to no file, which is C's
// (libvpx, Opus, the sound server's client, thread stacks).
type memory struct{ rss, goHeap, native int64 }

func (m memory) String() string {
	return fmt.Sprintf("%s (Go %s, C %s)",
		report.Megabytes(m.rss), report.Megabytes(m.goHeap), report.Megabytes(m.native))
}

// Go's arenas lie at a random place above the program's own 4 GB and below what
// mmap gives to C (runtime/malloc.go, 64 bit).
const goArenas, goArenasEnd = 1 << 32, 0x700000000000

func memoryOf(pid int) (m memory, err error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return m, err
	}
	defer f.Close()
	var part *int64
	for s := bufio.NewScanner(f); s.Scan(); {
		words := strings.Fields(s.Text())
		if strings.Contains(words[0], "-") {
			part = m.part(words)
			continue
		}
		if words[0] != "Rss:" {
			continue
		}
		kB, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil {
			return m, fmt.Errorf("memory of process %d: %w", pid, err)
		}
		m.rss += 1024 * kB
		if part != nil {
			*part += 1024 * kB
		}
	}
	return m, nil
}

// part says to what a mapping belongs; nil for the program and its libraries.
func (m *memory) part(mapping []string) *int64 {
	from, _, _ := strings.Cut(mapping[0], "-")
	address, err := strconv.ParseUint(from, 16, 64)
	switch {
	case err != nil:
		return nil
	case len(mapping) < 6 && address >= goArenas && address < goArenasEnd:
		return &m.goHeap
	case len(mapping) < 6 || mapping[5] == "[heap]":
		return &m.native
	default:
		return nil
	}
}
