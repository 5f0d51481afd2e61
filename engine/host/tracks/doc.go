// Package tracks decides what guests may publish: a track has to be what its sender
// says, there is one of each source, and nobody hears a participant who is muted.
// It looks at requests before LiveKit sees them, and tells LiveKit what somebody may
// do until LiveKit keeps to it.
package tracks
