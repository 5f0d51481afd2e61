package engine

import (
	"fmt"
	"maps"

	"foyer/engine/call"
)

// MaxVolume is the loudest that a person can be made, in percent.
const MaxVolume = 200

// maxVolumes is how many people's volumes a stay remembers before it forgets those
// who have gone.
const maxVolumes = 1000

// SetVolume makes somebody louder or quieter only for us: 0 to MaxVolume percent
// of what they send, until the stay ends. [call.VolumeChanged] answers.
type SetVolume struct {
	ID      call.Identity
	Percent int
}

// Word is the command's name on the command line.
func (SetVolume) Word() string { return "volume" }
func (SetVolume) command()     {}

func (sb *subscriptions) doSetVolume(c SetVolume) error {
	s, err := sb.l.joinedStay(c)
	if err != nil {
		return err
	}
	if c.Percent < 0 || c.Percent > MaxVolume {
		return fmt.Errorf("%w: a volume of %d, 0 to %d", call.ErrBadArgument, c.Percent, MaxVolume)
	}
	if _, here := s.roster.Get(c.ID); !here {
		return call.ErrAlreadyGone
	}
	if _, known := s.volumes[c.ID]; !known && len(s.volumes) >= maxVolumes {
		maps.DeleteFunc(s.volumes, func(id call.Identity, _ int) bool { return !s.roster.Has(id) })
	}
	s.volumes[c.ID] = c.Percent
	for _, r := range s.received() {
		if r.id == c.ID {
			r.rx.SetGain(s.gain(c.ID))
		}
	}
	sb.l.emit(call.VolumeChanged{ID: c.ID, Percent: c.Percent})
	return nil
}

// gain is the factor by which somebody's audio is played.
func (s *stay) gain(id call.Identity) float32 {
	if percent, set := s.volumes[id]; set {
		return float32(percent) / 100
	}
	return 1
}
