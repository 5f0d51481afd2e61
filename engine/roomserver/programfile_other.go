//go:build !linux

package roomserver

// programFile is what to start for this program again: Windows keeps a program that runs
// from being replaced, and elsewhere nobody can tell what was.
func programFile(executable string) string { return executable }
