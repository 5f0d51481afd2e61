//go:build !unix

package limits

import "syscall"

const wsaeMFile = syscall.Errno(10024)

var outOfFiles = []error{wsaeMFile}

// FileLimit is how many files this process may have open: here it is bounded by
// memory alone.
func FileLimit() uint64 { return 0 }
