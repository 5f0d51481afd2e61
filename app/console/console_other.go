//go:build !windows

// Package console connects a program for the desktop with the terminal that it was
// started from, on Windows.
package console

// Attach does nothing: elsewhere every program has the terminal.
func Attach() {}
