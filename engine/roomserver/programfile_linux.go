package roomserver

import "os"

// programFile is what to start for this program again. An update may have put another
// version in its place, which would take the rooms over, or may have removed it.
func programFile(executable string) string {
	const running = "/proc/self/exe"
	ours, err := os.Stat(running)
	if err != nil {
		return executable
	}
	if there, err := os.Stat(executable); err == nil && os.SameFile(ours, there) {
		return executable // by its own name, which lists of processes show
	}
	return running
}
