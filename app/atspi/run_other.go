//go:build !linux

package atspi

import "context"

// run does nothing: other systems have other ways, which only Fyne can go, and it does not
// before 2.8.
func (*Reader) run(context.Context) {}
