//go:build !linux

package app

// boundNativeMemory is for glibc alone.
func boundNativeMemory() {}
