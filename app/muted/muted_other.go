//go:build !linux

// Package muted keeps what C libraries write to stderr, on Linux.
package muted

// Stderr is for X11's libraries; elsewhere nothing is kept.
type Stderr struct{ End func() string }

// Begin keeps nothing.
func Begin() Stderr { return Stderr{End: func() string { return "" }} }

// Say says nothing.
func (Stderr) Say(string) {}
