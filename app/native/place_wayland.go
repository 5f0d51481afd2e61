//go:build wayland

package native

// positioned reports whether windows may know and choose where they are: a Wayland
// compositor does not tell.
func positioned() bool { return false }
