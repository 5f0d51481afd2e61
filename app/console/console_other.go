//go:build !windows

// Package console connects a program for the desktop with the terminal that it was
// started from, on Windows.
package console

// Alert does nothing: elsewhere the terminal, or the desktop's log, has what was printed.
func Alert(_, _ string) {}

// Attach does nothing: elsewhere every program has the terminal.
func Attach() {}
