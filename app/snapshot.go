package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"foyer/app/printer"
	"foyer/engine"
	"foyer/engine/call"
)

const (
	snapshotTimeout = 3 * time.Second
	snapshotPeriod  = 10 * time.Millisecond
)

type videoKey struct {
	id     call.Identity
	source call.Source
}

// remoteVideos are the remote videos that are announced, their slots once they are
// received, and the snapshots that wait for that.
type remoteVideos struct {
	tracks  map[videoKey]call.SID
	slots   map[videoKey]*call.FrameSlot
	waiting []askedSnapshot
}

// askedSnapshot is one of these.
type askedSnapshot struct {
	wireCommand
	key   videoKey
	until time.Time
}

func newRemoteVideos() remoteVideos {
	return remoteVideos{tracks: map[videoKey]call.SID{}, slots: map[videoKey]*call.FrameSlot{}}
}

// note keeps what an event says about remote videos.
func (p *remoteVideos) note(e call.Event) {
	for id, tracks := range printer.Announced(e) {
		for _, t := range tracks {
			p.tracks[videoKey{id, t.Source}] = t.SID
		}
	}
	switch e := e.(type) {
	case call.TrackPublished:
		if !e.Local {
			p.tracks[videoKey{e.ID, e.Track.Source}] = e.Track.SID
		}
	case call.TrackUnpublished:
		delete(p.tracks, videoKey{e.ID, e.Track.Source})
	case call.ParticipantLeft:
		for _, t := range e.Participant.Tracks {
			delete(p.tracks, videoKey{e.Participant.Identity, t.Source})
		}
	case call.TrackSubscribed:
		if key := (videoKey{e.ID, e.Track.Source}); e.Slot != nil {
			p.tracks[key], p.slots[key] = e.Track.SID, e.Slot
		}
	case call.TrackUnsubscribed:
		delete(p.slots, videoKey{e.ID, e.Track.Source})
	default:
	}
}

// ready takes the snapshots whose frames come by now, and those that have
// waited for too long.
func (p *remoteVideos) ready(now time.Time) (ready, late []askedSnapshot) {
	rest := p.waiting[:0]
	for _, w := range p.waiting {
		switch {
		case p.slots[w.key] != nil:
			ready = append(ready, w)
		case now.After(w.until):
			late = append(late, w)
		default:
			rest = append(rest, w)
		}
	}
	p.waiting = rest
	return ready, late
}

// maxSnapshots is how many snapshots may wait at once.
const maxSnapshots = 64

var errNoFrame = errors.New("no frame came")

// snapshot writes the next frame of somebody's track as a PNG. A track that is
// not shown is asked for first.
func (h *headless) snapshot(ctx context.Context, w wireCommand) {
	source, err := call.ParseSource(w.Source)
	key := videoKey{w.ID, source}
	sid, known := h.videos.tracks[key]
	switch {
	case err != nil:
	case !known || source.Kind() != call.KindVideo:
		err = fmt.Errorf("%w: no %s of %.64q", call.ErrBadArgument, source, w.ID)
	case w.File == "":
		err = fmt.Errorf("%w: no file", call.ErrBadArgument)
	case len(h.videos.waiting) >= maxSnapshots:
		err = fmt.Errorf("%w: %d snapshots wait", call.ErrBadArgument, maxSnapshots)
	default:
		err = h.core.Do(engine.SetTrackView{Track: sid})
	}
	if err != nil {
		h.out.CommandFailed(w.Cmd, err)
		return
	}
	h.videos.waiting = append(h.videos.waiting, askedSnapshot{w, key, time.Now().Add(snapshotTimeout)})
	h.takeSnapshots(ctx)
}

// takeSnapshots begins those that can be taken now.
func (h *headless) takeSnapshots(ctx context.Context) {
	ready, late := h.videos.ready(time.Now())
	for _, w := range ready {
		h.takeSnapshot(ctx, w.wireCommand, h.videos.slots[w.key])
	}
	for _, w := range late {
		h.out.CommandFailed(w.Cmd, errNoFrame)
	}
}

// takeSnapshot works in a goroutine that run waits for: leaving must not wait
// for a frame.
func (h *headless) takeSnapshot(ctx context.Context, w wireCommand, slot *call.FrameSlot) {
	h.snapshots.Add(1)
	go func() {
		defer h.snapshots.Done()
		h.oneReader.Lock()
		img, err := nextFrame(ctx, slot, w.Width, w.Height)
		if err == nil {
			err = writePNG(w.File, img)
		}
		h.oneReader.Unlock()
		if err != nil {
			h.out.CommandFailed(w.Cmd, err)
			return
		}
		h.out.Line("snapshot", time.Now(), printer.Fields{"id": w.ID, "source": w.Source, "file": w.File})
	}()
}

// nextFrame waits for a frame of that size, by default the size as sent.
func nextFrame(ctx context.Context, slot *call.FrameSlot, width, height int) (*image.RGBA, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	look := time.NewTicker(snapshotPeriod)
	defer look.Stop()
	defer slot.SetView(call.View{})
	_, old := slot.Latest() // what is there may be old
	for {
		w, h := width, height
		if w <= 0 || h <= 0 {
			w, h = slot.SourceSize()
		}
		slot.SetView(call.View{Width: w, Height: h, Fit: call.FitContain})
		if img, seq := slot.Latest(); img != nil && seq != old && img.Rect.Dx() == w && img.Rect.Dy() == h {
			return img, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, errNoFrame
		}
	}
}

func writePNG(name string, img image.Image) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}
