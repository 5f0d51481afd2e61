//go:build !linux

package atspi

import "context"

// run does nothing: other systems have other ways, which Fyne 2.8 goes.
func (*Reader) run(context.Context) {}
