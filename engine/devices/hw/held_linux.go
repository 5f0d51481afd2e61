package hw

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"foyer/engine/call"
)

// descriptors is where Linux says what this process has open.
const descriptors = "/proc/self/fd"

// heldBy looks at the process's open files: cameras, sound cards, the files that
// stand in for them, and connections to the sound system that no stream of s has.
func heldBy(s *audio) func(map[string]call.Source) ([]call.Device, error) {
	return func(files map[string]call.Source) ([]call.Device, error) {
		before, begun := s.count()
		entries, err := os.ReadDir(descriptors)
		if err != nil {
			return nil, fmt.Errorf("open files: %w", err)
		}
		held, talks := s.held(), false
		for _, e := range entries {
			target, err := os.Readlink(filepath.Join(descriptors, e.Name()))
			if err != nil {
				continue // closed since, such as the folder's own
			}
			if d, ok := heldFile(target, files); ok {
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

// soundSystem names a connection that nobody owns up to.
const soundSystem = "PulseAudio"

// heldFile reports which device an open file is.
func heldFile(target string, files map[string]call.Source) (call.Device, bool) {
	d := call.Device{ID: target, Name: target}
	base := filepath.Base(target)
	switch {
	case strings.HasPrefix(target, "/dev/video"):
		d.Source = call.SourceCamera
	case strings.HasPrefix(target, "/dev/snd/pcm") && strings.HasSuffix(base, "c"):
		d.Source = call.SourceMicrophone
	case strings.HasPrefix(target, "/dev/snd/pcm") && strings.HasSuffix(base, "p"):
		d.Source = call.SourceSpeaker
	default:
		d.Source = files[target]
	}
	return d, d.Source != call.SourceUnknown
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
