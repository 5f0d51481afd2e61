package hw

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"foyer/engine/call"
)

// descriptors is where Linux says what this process has open.
const descriptors = "/proc/self/fd"

// heldBy looks at the process's open files: cameras, sound cards, the files that
// stand in for them, and connections to the sound system that no stream of s has.
func heldBy(s *audio, c *cameras) func(map[string]call.Device) ([]call.Device, error) {
	return func(files map[string]call.Device) ([]call.Device, error) {
		before, begun := s.count()
		entries, err := os.ReadDir(descriptors)
		if err != nil {
			return nil, fmt.Errorf("open files: %w", err)
		}
		held, talks := s.held(), false
		streams := len(held)
		for _, e := range entries {
			target, err := os.Readlink(filepath.Join(descriptors, e.Name()))
			if err != nil {
				continue // closed since, such as the folder's own
			}
			d := c.heldFile(target, files)
			switch {
			case d.Source == call.SourceUnknown:
			case d.Source == call.SourceCamera && target == d.Name && slices.Contains(held[streams:], d):
				// Looking for cameras opens them all for a moment, this one once more.
			case strings.HasPrefix(target, cards) && s.usesCards(d.Source):
				// It is a stream's, which is in the list.
			default:
				held = append(held, d)
			}
			talks = talks || strings.HasPrefix(target, "socket:") && talksToSoundSystem(e.Name())
		}
		now, ever := s.count()
		if talks && before == 0 && now == 0 && ever == begun {
			held = append(held, call.Device{Source: call.SourceMicrophone, ID: "pulse", Name: soundSystem})
		}
		return held, nil
	}
}

const (
	// soundSystem names a connection that nobody owns up to.
	soundSystem = "PulseAudio"
	// cards begins the names of the files of sound cards.
	cards = "/dev/snd/pcm"
)

// heldFile reports which device an open file is; of no source: none.
func (c *cameras) heldFile(target string, files map[string]call.Device) call.Device {
	d := call.Device{ID: target, Name: target}
	switch {
	case strings.HasPrefix(target, "/dev/video"):
		d.Source = call.SourceCamera
		if id, ok := c.ids.Load(target); ok {
			d.ID, _ = id.(string)
		}
	case strings.HasPrefix(target, cards) && strings.HasSuffix(target, "c"):
		d.Source = call.SourceMicrophone
	case strings.HasPrefix(target, cards) && strings.HasSuffix(target, "p"):
		d.Source = call.SourceSpeaker
	default:
		d = files[target]
	}
	return d
}

// talksToSoundSystem reports whether a descriptor is a connection to PulseAudio, or to
// PipeWire in its place. It has no way to tell what it is used for.
func talksToSoundSystem(descriptor string) bool {
	fd, err := strconv.Atoi(descriptor)
	if err != nil {
		return false
	}
	peer, err := unix.Getpeername(fd)
	if err != nil {
		return false
	}
	server, ok := peer.(*unix.SockaddrUnix)
	if !ok || server.Name == "" {
		return false
	}
	own, named := strings.CutPrefix(os.Getenv("PULSE_SERVER"), "unix:")
	return named && server.Name == own || strings.HasSuffix(server.Name, "/pulse/native")
}
