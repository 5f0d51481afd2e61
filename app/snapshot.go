package app

import (
	"context"
	"fmt"
	"time"

	"foyer/app/printer"
	"foyer/app/snapshot"
	"foyer/engine"
	"foyer/engine/call"
)

// askedSnapshot waits until its video is received.
type askedSnapshot struct {
	wireCommand
	key   snapshot.Key
	until time.Time
}

// maxSnapshots is how many snapshots may wait at once.
const maxSnapshots = 64

// snapshot writes the next frame of somebody's track as a PNG. A track that is
// not shown is asked for first.
func (h *headless) snapshot(ctx context.Context, w wireCommand) {
	source, err := call.ParseSource(w.Source)
	key := snapshot.Key{ID: w.ID, Source: source}
	sid, known := h.videos.Track(key)
	switch {
	case err != nil:
	case !known || source.Kind() != call.KindVideo:
		err = fmt.Errorf("%w: no %s of %.64q", call.ErrBadArgument, source, w.ID)
	case w.File == "":
		err = fmt.Errorf("%w: no file", call.ErrBadArgument)
	case len(h.asked) >= maxSnapshots:
		err = fmt.Errorf("%w: %d snapshots wait", call.ErrBadArgument, maxSnapshots)
	default:
		err = h.core.Do(engine.SetTrackView{Track: sid})
	}
	if err != nil {
		h.out.CommandFailed(w.Cmd, err)
		return
	}
	h.asked = append(h.asked, askedSnapshot{w, key, time.Now().Add(snapshot.Timeout)})
	h.takeSnapshots(ctx)
}

// takeSnapshots begins those that can be taken now, and gives up those that have waited
// for too long.
func (h *headless) takeSnapshots(ctx context.Context) {
	now, rest := time.Now(), h.asked[:0]
	for _, w := range h.asked {
		switch slot := h.videos.Slot(w.key); {
		case slot != nil:
			h.takeSnapshot(ctx, w.wireCommand, slot)
		case now.After(w.until):
			h.out.CommandFailed(w.Cmd, snapshot.ErrNoFrame)
		default:
			rest = append(rest, w)
		}
	}
	h.asked = rest
}

// takeSnapshot works in a goroutine that run waits for: leaving must not wait
// for a frame.
func (h *headless) takeSnapshot(ctx context.Context, w wireCommand, slot *call.FrameSlot) {
	h.snapshots.Add(1)
	go func() {
		defer h.snapshots.Done()
		h.oneReader.Lock()
		err := snapshot.Write(ctx, slot, w.File, w.Width, w.Height)
		h.oneReader.Unlock()
		if err != nil {
			h.out.CommandFailed(w.Cmd, err)
			return
		}
		h.out.Line("snapshot", time.Now(), printer.Fields{"id": w.ID, "source": w.Source, "file": w.File})
	}()
}
