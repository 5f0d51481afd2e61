//go:build !linux

package memory

// LimitNative is for glibc alone.
func LimitNative() {}

// KeepTextures is for glibc alone.
func KeepTextures() {}

func giveBackNative() {}
