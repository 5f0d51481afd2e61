package snapshot

import (
	"context"
	"errors"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"foyer/engine/call"
)

func TestSnapshotWritesTheNextFrame(t *testing.T) {
	slot := &call.FrameSlot{}
	slot.SetSourceSize(64, 36)
	var painter sync.WaitGroup
	stop := make(chan struct{})
	painter.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				v := slot.View()
				if v.Width == 0 {
					continue
				}
				img := slot.Begin(v.Width, v.Height)
				for i := range img.Pix {
					img.Pix[i] = 200
				}
				slot.Commit()
			}
		}
	})
	defer painter.Wait()
	defer close(stop)
	name := filepath.Join(t.TempDir(), "p.png")
	if err := Write(context.Background(), slot, name, 0, 0); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	back, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if b := back.Bounds(); b.Dx() != 64 || b.Dy() != 36 {
		t.Errorf("size %v, want that of the source", b)
	}
	if c := color.RGBAModel.Convert(back.At(1, 1)).(color.RGBA); c.R != 200 {
		t.Errorf("pixel %v", c)
	}
	if slot.View() != (call.View{}) {
		t.Error("the slot is still being painted for nobody")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Write(ctx, &call.FrameSlot{}, name, 8, 8); !errors.Is(err, ErrNoFrame) {
		t.Errorf("without a frame: %v", err)
	}
}
