//go:build !linux

package memory

// LimitNative is only for glibc.
func LimitNative() {}

// KeepTextures is only for glibc.
func KeepTextures() {}

func giveBackNative() {}
