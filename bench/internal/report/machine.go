//go:build linux

package report

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine names what was measured on, and when.
func Machine() string {
	return fmt.Sprintf("%s: %s (%s), %d cores, %s, %s %s, %s; load %s at the start",
		time.Now().Format("2 January 2006"),
		field("/proc/cpuinfo", "model name", ":"), field("/proc/cpuinfo", "cpu MHz", ":")+" MHz", runtime.NumCPU(),
		strings.Trim(field("/etc/os-release", "PRETTY_NAME", "="), `"`),
		runtime.GOOS, runtime.GOARCH, runtime.Version(), load())
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
