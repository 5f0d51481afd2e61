// Package eventqueue carries events between goroutines that must not wait for
// each other: from a session to the engine's loop ([Feed]), and from the loop to
// its one reader ([Queue]). Both are bounded: what a server sends may not fill
// the memory while nobody reads.
package eventqueue
