//go:build unix

package limits

import "syscall"

var outOfFiles = []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

// FileLimit is how many files this process may have open. Go's runtime has raised
// the soft limit to the hard one when the program started (os/rlimit.go).
func FileLimit() uint64 {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	return uint64(l.Cur) //nolint:unconvert // signed on some systems
}
