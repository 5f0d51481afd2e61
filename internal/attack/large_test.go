//go:build linux

package attack_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/internal/attack"
)

// The largest frames that are shown. One is 47 kB on the wire, so that few are
// sent a second.
const (
	largeW     = 4096
	largeH     = 2304
	largeEvery = 400 * time.Millisecond
)

func largeTrack(n int) *livekit.AddTrackRequest {
	return videoTrack(fmt.Sprint("huge", n), largeW, largeH)
}

// plainKeyFrame returns a frame of one colour, which every decoder takes:
// nothing but zeros behind its header, as many as are read for all its blocks.
func plainKeyFrame(w, h int) []byte {
	frame := make([]byte, 1000+w*h/200)
	tag := uint32(1<<4 | (len(frame)/8)<<5) // shown; so much is the first partition
	copy(frame, []byte{
		byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 1, 0x2a, byte(w), byte(w >> 8), byte(h), byte(h >> 8),
	})
	return frame
}

func largeFrame(*rand.Rand, int) []byte { return plainKeyFrame(largeW, largeH) }

func hugeTracks(s *stage) (string, error) {
	var q []*livekit.AddTrackRequest
	for n := range 60 {
		q = append(q, largeTrack(n))
	}
	g, tracks, err := s.publishes(webrtc.MimeTypeVP8, q...)
	if err != nil {
		return "not published: " + firstLine(err), s.stats(2)
	}
	if err := show(s.ctx, largeEvery, many(5, 25), tracks, largeFrame); err != nil {
		return "", err
	}
	said, err := s.goesOn(g)
	return said + ", 60 tracks", err
}

func hugeTrackEach(s *stage) (string, error) {
	var all []attack.Track
	for n := range 12 {
		_, tracks, err := s.publishes(webrtc.MimeTypeVP8, largeTrack(n))
		if err != nil {
			return "", err
		}
		all = append(all, tracks...)
	}
	return s.showLarge(all, largeFrame)
}

func hugeInTurn(s *stage) (string, error) {
	var all []attack.Track
	for n := range 2 {
		_, tracks, err := s.publishes(webrtc.MimeTypeVP8, largeTrack(n))
		if err != nil {
			return "", err
		}
		all = append(all, tracks...)
	}
	return s.showLarge(all, func(rnd *rand.Rand, n int) []byte {
		if n%2 == 1 {
			return plainKeyFrame(16, 16)
		}
		return largeFrame(rnd, n)
	})
}

// showLarge sends large frames on all tracks. Some must be shown, and no more at
// once than there is room for.
func (s *stage) showLarge(all []attack.Track, frame func(*rand.Rand, int) []byte) (string, error) {
	if err := show(s.ctx, largeEvery, many(10, 50), all, frame); err != nil {
		return "", err
	}
	if err := s.stats(2); err != nil {
		return "", err
	}
	n := s.decodedAtOnce()
	said := fmt.Sprintf("%d tracks decoded at once", n)
	switch {
	case n == 0:
		return said, errors.New("the frames are not shown, so that nothing was attacked")
	case n*largeW*largeH > call.MaxPixels+largeW*largeH:
		return said, reached("more than there is room for")
	}
	return said, nil
}

// decodedAtOnce returns the most tracks of which ada decoded frames between two
// of her reports.
func (s *stage) decodedAtOnce() (most int) {
	frames := map[string]int{}
	for _, e := range s.ada.Events()[s.mark:] {
		if e.Name != "stats" {
			continue
		}
		now := 0
		for _, r := range reports(e) {
			if r.Source != "camera" {
				continue
			}
			key := r.ID
			if before, known := frames[key]; known && r.Frames > before {
				now++ // the first report may be of who has just gone
			}
			frames[key] = r.Frames
		}
		most = max(most, now)
	}
	return most
}
