package main

// The C libraries and those of the compiler are in the program: Windows has none of
// them.

// #cgo LDFLAGS: -static
import "C"
