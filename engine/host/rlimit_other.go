//go:build !unix

package host

import "syscall"

const wsaeMFile = syscall.Errno(10024)

var outOfFiles = []error{wsaeMFile}

// fileLimit is how many files this process may have open: here it is bounded by
// memory alone.
func fileLimit() uint64 { return 0 }
