package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"foyer/engine/call"
)

const (
	snapshotBound  = 3 * time.Second
	snapshotPeriod = 10 * time.Millisecond
)

type pictureKey struct {
	id     call.Identity
	source call.Source
}

// pictures are the slots of the remote tracks that have any.
type pictures map[pictureKey]*call.FrameSlot

func (p pictures) add(e call.TrackSubscribed) {
	if e.Slot != nil {
		p[pictureKey{e.ID, e.Track.Source}] = e.Slot
	}
}

func (p pictures) remove(e call.TrackUnsubscribed) {
	delete(p, pictureKey{e.ID, e.Track.Source})
}

// snapshot writes the next picture of somebody's track as a PNG, in a goroutine
// that run waits for: leaving must not wait for a picture.
func (h *headless) snapshot(ctx context.Context, w wireCommand) {
	slot, err := h.slot(w)
	if err != nil {
		h.out.commandFailed(w.Cmd, err)
		return
	}
	h.snapshots.Add(1)
	go func() {
		defer h.snapshots.Done()
		h.oneReader.Lock()
		img, err := nextPicture(ctx, slot, w.Width, w.Height)
		if err == nil {
			err = writePNG(w.File, img)
		}
		h.oneReader.Unlock()
		if err != nil {
			h.out.commandFailed(w.Cmd, err)
			return
		}
		h.out.line("snapshot", time.Now(), fields{"id": w.ID, "source": w.Source, "file": w.File})
	}()
}

func (h *headless) slot(w wireCommand) (*call.FrameSlot, error) {
	source, err := call.ParseSource(w.Source)
	if err != nil {
		return nil, err
	}
	slot, ok := h.pictures[pictureKey{w.ID, source}]
	if !ok {
		return nil, fmt.Errorf("%w: no %s of %.64q", call.ErrBadArgument, source, w.ID)
	}
	if w.File == "" {
		return nil, fmt.Errorf("%w: no file", call.ErrBadArgument)
	}
	return slot, nil
}

// nextPicture waits for a picture of that size, by default the size as sent.
func nextPicture(ctx context.Context, slot *call.FrameSlot, width, height int) (*image.RGBA, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotBound)
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
			return nil, errors.New("no picture came")
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
