package private

import (
	"os"
	"strconv"
	"strings"
)

// unmapped reports whether an owner is one of those whom a container's user
// namespace has no number for, the computer's root among them. A program cannot
// tell them apart there, and may become none of them (user_namespaces(7)).
func unmapped(owner int) bool {
	text, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if err != nil || strings.TrimSpace(string(text)) != strconv.Itoa(owner) {
		return false
	}
	ranges, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && !maps(string(ranges), owner)
}

// maps reports whether the lines of a uid_map have a number for an ID.
func maps(ranges string, id int) bool {
	for line := range strings.Lines(ranges) {
		f := strings.Fields(line) // inside, outside, length
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.Atoi(f[0])
		length, err2 := strconv.Atoi(f[2])
		if err1 == nil && err2 == nil && id >= first && id-first < length {
			return true
		}
	}
	return false
}
