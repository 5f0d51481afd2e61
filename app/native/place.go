//go:build !wayland

package native

// positioned reports whether windows may know and choose where they are.
func positioned() bool { return true }
