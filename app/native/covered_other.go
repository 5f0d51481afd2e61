//go:build !linux || wayland

package native

// OnCovered implements [desk.Frame]. Nothing tells.
func (frame) OnCovered(func(bool)) (stop func()) { return func() {} }
