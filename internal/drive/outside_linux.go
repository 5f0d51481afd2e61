package drive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Tree lists a process and everything below it that runs.
func Tree(pid int) []int {
	all := []int{}
	if !Alive(pid) {
		return all
	}
	all = append(all, pid)
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, t := range tasks {
		text, _ := os.ReadFile(t) // the thread may be gone
		for _, f := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(f); err == nil {
				all = append(all, Tree(child)...)
			}
		}
	}
	return all
}

// Alive reports whether a process runs; a zombie does not.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, ok := bytes.Cut(stat, []byte(") "))
	return ok && len(rest) > 0 && rest[0] != 'Z' && rest[0] != 'X'
}

// Files lists what the open file descriptors of a process point at.
func Files(pid int) ([]string, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make([]string, 0, len(entries))
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // closed since
		}
		if err != nil {
			return nil, err
		}
		files = append(files, target)
	}
	return files, nil
}

// HoldsDevice reports whether a process, or one below it, has a camera or audio
// device open.
func HoldsDevice(pid int) bool {
	for _, p := range Tree(pid) {
		files, _ := Files(p) // gone: holds nothing
		for _, f := range files {
			if strings.HasPrefix(f, "/dev/video") || strings.HasPrefix(f, "/dev/snd/") {
				return true
			}
		}
	}
	return false
}

// HoldsScreen reports whether a process has memory in common with an X server,
// which is how a screen is read (MIT-SHM).
func HoldsScreen(pid int) bool {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	return err == nil && bytes.Contains(maps, []byte("/SYSV"))
}

// HoldsWholeScreen reports whether a process that also draws windows, for which the
// graphics library may have memory in common with the X server too, has a piece of
// the size of a screen of w x h.
func HoldsWholeScreen(pid, w, h int) bool {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return false
	}
	page := uint64(os.Getpagesize())
	whole := (uint64(4*w*h) + page - 1) / page * page
	for line := range bytes.Lines(maps) {
		var from, to uint64
		n, _ := fmt.Sscanf(string(line), "%x-%x ", &from, &to)
		if n == 2 && to-from == whole && bytes.Contains(line, []byte("/SYSV")) {
			return true
		}
	}
	return false
}

// Memory of a process in bytes: resident, and its share of what is common.
func Memory(pid int) (rss, pss int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kib); n == 1 {
			rss = kib << 10
		} else if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kib); n == 1 {
			pss = kib << 10
		}
	}
	return rss, pss, nil
}

// Own is how much memory of a process is no part of a file, in bytes: what it holds
// itself. How much of its program is resident is up to the system.
func Own(pid int) (int64, error) { return status(pid, "RssAnon") }

// status reads a line about memory of what the kernel says of a process (proc(5)), in
// bytes.
func status(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, name+": %d kB", &kib); n == 1 {
			return kib << 10, nil
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, name)
}

// ticksPerSecond is the unit of CPU times in /proc (USER_HZ, fixed on Linux).
const ticksPerSecond = 100

// CPU is the processor time in seconds that a process has used, by the names of
// its threads. Threads that have ended are counted as "ended".
func CPU(pid int) (map[string]float64, error) {
	total, _, err := cpuOf(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return nil, err
	}
	used := map[string]float64{}
	sum := 0.0
	for _, t := range tasks {
		s, name, err := cpuOf(t)
		if err != nil {
			continue // the thread has ended since
		}
		used[name] += s
		sum += s
	}
	used["ended"] = max(0, total-sum)
	return used, nil
}

func cpuOf(stat string) (seconds float64, name string, err error) {
	text, err := os.ReadFile(stat)
	if err != nil {
		return 0, "", err
	}
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return 0, "", fmt.Errorf("%s is unreadable", stat)
	}
	// Fields 14 and 15 of proc(5): utime and stime. The first after ") " is 3.
	f := strings.Fields(string(text[end+1:]))
	if len(f) < 13 {
		return 0, "", fmt.Errorf("%s is short", stat)
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	return (user + system) / ticksPerSecond, string(text[open+1 : end]), errors.Join(err1, err2)
}

// ResetPeak lets [Peak] begin anew (proc(5), clear_refs).
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// Peak is the most memory in bytes that a process has had resident since
// [ResetPeak], as the kernel counts it: nothing is missed between two looks.
func Peak(pid int) (int64, error) { return status(pid, "VmHWM") }
