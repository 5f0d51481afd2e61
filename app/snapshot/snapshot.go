// Package snapshot writes frames of remote videos as PNG files.
package snapshot

import (
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"time"

	"foyer/app/printer"
	"foyer/engine/call"
)

// Timeout is how long a frame may take to come.
const Timeout = 3 * time.Second

const period = 10 * time.Millisecond

// ErrNoFrame says that none came in time.
var ErrNoFrame = errors.New("no frame came")

// Key names a video.
type Key struct {
	ID     call.Identity
	Source call.Source
}

// Videos are the remote videos that are announced, and their slots once they are
// received. The zero value has none. They belong to one goroutine.
type Videos struct {
	tracks map[Key]call.SID
	slots  map[Key]*call.FrameSlot
}

// Track is the track of a video that is announced.
func (v *Videos) Track(k Key) (sid call.SID, ok bool) {
	sid, ok = v.tracks[k]
	return sid, ok
}

// Slot has the frames of a video; nil: it is not received.
func (v *Videos) Slot(k Key) *call.FrameSlot { return v.slots[k] }

// Note keeps what an event says about remote videos.
func (v *Videos) Note(e call.Event) {
	if v.tracks == nil {
		v.tracks, v.slots = map[Key]call.SID{}, map[Key]*call.FrameSlot{}
	}
	for id, tracks := range printer.Announced(e) {
		for _, t := range tracks {
			v.tracks[Key{id, t.Source}] = t.SID
		}
	}
	switch e := e.(type) {
	case call.TrackPublished:
		if !e.Local {
			v.tracks[Key{e.ID, e.Track.Source}] = e.Track.SID
		}
	case call.TrackUnpublished:
		delete(v.tracks, Key{e.ID, e.Track.Source})
	case call.ParticipantLeft:
		for _, t := range e.Participant.Tracks {
			delete(v.tracks, Key{e.Participant.Identity, t.Source})
		}
	case call.TrackSubscribed:
		if key := (Key{e.ID, e.Track.Source}); e.Slot != nil {
			v.tracks[key], v.slots[key] = e.Track.SID, e.Slot
		}
	case call.TrackUnsubscribed:
		delete(v.slots, Key{e.ID, e.Track.Source})
	default:
	}
}

// Write writes the next frame to a file, in a size of its own if that is positive, and
// otherwise as it was sent. Nobody else may read from the slot meanwhile.
func Write(ctx context.Context, slot *call.FrameSlot, file string, width, height int) error {
	img, err := nextFrame(ctx, slot, width, height)
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}

// nextFrame waits for a frame of that size, by default the size as sent.
func nextFrame(ctx context.Context, slot *call.FrameSlot, width, height int) (*image.RGBA, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	look := time.NewTicker(period)
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
			return nil, ErrNoFrame
		}
	}
}
