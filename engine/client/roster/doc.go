// Package roster knows who is in a room: a pure state machine without lock,
// goroutine or clock. It takes LiveKit's full states of participants and returns
// what has changed, as events of package call. It tells apart names that look
// alike, and decides who has gone silent by heartbeats and media.
package roster
