//go:build unix && !linux

package private

// unmapped is for Linux alone.
func unmapped(int) bool { return false }
