package host

import (
	"fmt"
	"slices"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// checkPublic reads the addresses that the server was told.
func (s *settings) checkPublic() error {
	for _, text := range s.Public {
		h, err := reach.ParsePublic(text)
		if err != nil {
			return fmt.Errorf("%w: public address %.80q %w", call.ErrServerConfig, text, err)
		}
		if !slices.Contains(s.public, h) {
			s.public = append(s.public, h)
		}
	}
	if len(s.public) > maxLinkHosts {
		return fmt.Errorf(
			"%w: %d public addresses; a link has room for %d", call.ErrServerConfig, len(s.public), maxLinkHosts,
		)
	}
	return nil
}
