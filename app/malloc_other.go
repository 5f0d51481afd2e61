//go:build !linux

package app

// limitNativeMemory is for glibc alone.
func limitNativeMemory() {}
