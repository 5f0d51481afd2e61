package enginetest

import (
	"io"
	"sync"
	"time"

	"foyer/engine/call"
)

// LocalTrack is a [call.LocalTrack] that swallows frames.
type LocalTrack struct {
	sid   call.SID
	spec  call.TrackSpec
	muted bool // guarded by the session
}

// SID is the track's.
func (t *LocalTrack) SID() call.SID { return t.sid }

// Spec is what Publish was given.
func (t *LocalTrack) Spec() call.TrackSpec { return t.spec }

// Begin is the beginning, always.
func (t *LocalTrack) Begin() time.Duration { return 0 }

// WriteFrame drops the frame.
func (t *LocalTrack) WriteFrame(call.EncodedFrame) error { return nil }

// KeyFrames never asks.
func (t *LocalTrack) KeyFrames() <-chan int { return nil }

// Wanted is always so.
func (t *LocalTrack) Wanted(int) bool { return true }

// Bitrate is the layer's.
func (t *LocalTrack) Bitrate(layer int) int {
	if layer < len(t.spec.Layers) {
		return t.spec.Layers[layer].Bitrate
	}
	return 0
}

// RemoteTrack is a [call.RemoteTrack] without packets.
type RemoteTrack struct {
	owner    call.Identity
	ownerSID call.SID
	info     call.Track
	once     sync.Once
	done     chan struct{}
}

// NewRemoteTrack makes a track of somebody.
func NewRemoteTrack(owner call.Identity, ownerSID call.SID, info call.Track) *RemoteTrack {
	return &RemoteTrack{owner: owner, ownerSID: ownerSID, info: info, done: make(chan struct{})}
}

// Owner sends the track.
func (t *RemoteTrack) Owner() call.Identity { return t.owner }

// OwnerSID is the owner's.
func (t *RemoteTrack) OwnerSID() call.SID { return t.ownerSID }

// Info describes the track.
func (t *RemoteTrack) Info() call.Track { return t.info }

// MIME is VP8 or Opus.
func (t *RemoteTrack) MIME() string {
	if t.info.Kind == call.KindVideo {
		return "video/VP8"
	}
	return "audio/opus"
}

// ClockRate is the codec's.
func (t *RemoteTrack) ClockRate() int {
	if t.info.Kind == call.KindVideo {
		return 90000
	}
	return 48000
}

// ReadRTP waits for Interrupt.
func (t *RemoteTrack) ReadRTP([]byte) (int, error) {
	<-t.done
	return 0, io.EOF
}

// Interrupt ends every read.
func (t *RemoteTrack) Interrupt() { t.once.Do(func() { close(t.done) }) }

// RequestKeyFrame asks nobody.
func (t *RemoteTrack) RequestKeyFrame() {}

// SenderReport has none.
func (t *RemoteTrack) SenderReport() (ntp time.Time, rtp uint32, ok bool) {
	return time.Time{}, 0, false
}
