package devices

import (
	"context"
	"sync/atomic"

	"foyer/engine/call"
)

// speaker is an open playback device.
type speaker struct {
	*handle
	fill   atomic.Pointer[func(stereo []int16)]
	stream atomic.Pointer[AudioStream]
}

var _ call.Speaker = (*speaker)(nil)

func (d *Devices) openSpeaker(ctx context.Context, choice string) (*speaker, error) {
	if d.drivers.Audio == nil {
		return nil, call.ErrNoSoundServer
	}
	if choice == defaultWord {
		choice = ""
	}
	s := &speaker{handle: newHandle(call.Device{Source: call.SourceSpeaker, Name: choice})}
	alive := newHeartbeat()
	err := d.startAudio(ctx, s.handle, choice, alive, func() (AudioStream, error) {
		stream, err := d.drivers.Audio.OpenSpeaker(choice, func(stereo []int16) {
			alive.hear()
			s.next(stereo)
		})
		if err == nil {
			s.stream.Store(&stream)
		}
		return stream, err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// defaultWord is how the command line names the default speaker (contract 7).
const defaultWord = "default"

// next runs on the driver's thread.
func (s *speaker) next(stereo []int16) {
	if fill := s.fill.Load(); fill != nil {
		(*fill)(stereo)
		return
	}
	clear(stereo)
}

// Play implements [call.Speaker]. The function before may still be running on
// the driver's thread when Play returns.
func (s *speaker) Play(fill func(stereo []int16)) {
	if fill == nil {
		s.fill.Store(nil)
		return
	}
	s.fill.Store(&fill)
}

// Delay implements [call.Speaker].
func (s *speaker) Delay() int {
	if stream := s.stream.Load(); stream != nil {
		return (*stream).Delay()
	}
	return 0
}
