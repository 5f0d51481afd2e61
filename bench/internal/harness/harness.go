//go:build linux

// Package harness has what every measurement needs: a server and a room of it,
// people who join from a process of their own, their events, and the door's API.
package harness

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"foyer/bench/internal/report"
	"foyer/internal/drive"
)

// Patience is how long one event may take before a measurement is given up.
const Patience = 60 * time.Second

// LookAgain is how long a measurement waits before it looks again.
const LookAgain = 5 * time.Millisecond

// Apart keeps joins so far from each other that nothing of the one before plays a
// part: LiveKit passes on one request for a key frame in a while (engine/host/sfu,
// keyFrameEvery), and somebody who comes back within it meets that. It is longer
// than LiveKit's own second, too, for servers that keep to it.
const Apart = 1500 * time.Millisecond

// Bench is what every measurement needs.
type Bench struct {
	Foyer  drive.Foyer
	Root   string // of the module
	Rounds int    // of what is repeated
	Table  *report.Table
}

// Folder makes a new one for a part.
func (b *Bench) Folder(name string) (string, error) {
	return os.MkdirTemp(b.Foyer.Work, filepath.Base(name)+"-")
}

// Pause waits for d, or until ctx is done.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
