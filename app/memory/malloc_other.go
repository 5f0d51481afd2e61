//go:build !linux

package memory

// LimitNative is for glibc alone.
func LimitNative() {}
