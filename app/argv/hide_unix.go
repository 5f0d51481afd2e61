//go:build unix

package argv

import "unsafe"

// Hide overwrites the arguments that are secret, and returns a copy of it that stays.
// Strings that share their bytes with os.Args change. Call it before there are other
// goroutines.
func Hide(secret string) string {
	kept := string([]byte(secret))
	for _, a := range args {
		if a == "" || a != kept {
			continue
		}
		// The runtime does not copy arguments: these bytes are those that the kernel shows,
		// and they may be written to.
		b := unsafe.Slice(unsafe.StringData(a), len(a)) //nolint:gosec // see above
		for i := range b {
			b[i] = '*'
		}
	}
	return kept
}
