//go:build !windows && (!cgo || android || !(linux || freebsd || openbsd || netbsd))

package ime

// focus does nothing here.
func focus(bool) {}
