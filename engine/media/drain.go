package media

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
)

// drain reads a track that nobody can decode, so that its buffers do not fill.
type drain struct {
	track call.RemoteTrack
	log   logrus.FieldLogger
	slot  *call.FrameSlot
	bytes atomic.Uint64
	wg    sync.WaitGroup
}

func newDrain(t call.RemoteTrack, log logrus.FieldLogger) *drain {
	d := &drain{track: t, log: log}
	if t.Info().Kind == call.KindVideo {
		d.slot = &call.FrameSlot{}
	}
	d.wg.Go(d.run)
	return d
}

func (d *drain) run() {
	defer guard.Recover(d.log, "reader of an unknown track")
	buf := make([]byte, maxRTPBytes)
	for {
		n, err := d.track.ReadRTP(buf)
		if err != nil && !errors.Is(err, io.ErrShortBuffer) {
			return
		}
		d.bytes.Add(uint64(n))
	}
}

// Slot implements [call.Receiver]; nothing is ever shown in it.
func (d *drain) Slot() *call.FrameSlot { return d.slot }

// Stats implements [call.Receiver].
func (d *drain) Stats() call.RemoteStats {
	info := d.track.Info()
	return call.RemoteStats{
		ID: d.track.Owner(), SID: info.SID, Source: info.Source, Bytes: d.bytes.Load(), Codec: d.track.MIME(),
	}
}

// Show implements [call.Receiver]; there is nothing to show.
func (d *drain) Show(bool) {}

// SetGain implements [call.Receiver]; nothing is heard.
func (d *drain) SetGain(float32) {}

// Close implements [call.Receiver].
func (d *drain) Close() {
	d.track.Interrupt()
	d.wg.Wait()
}
