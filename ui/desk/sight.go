package desk

import "time"

// coverRest is how long a window must have been covered before that counts: what lies
// over it for a moment, as while one goes from window to window, stops nothing.
const coverRest = time.Second

// Sight is what the window system tells of whether anybody can see a window. The zero
// value is a window that is seen.
type Sight struct {
	Minimized bool
	covered   time.Time // since when others cover it; zero: they do not
}

// Cover takes over whether other windows cover all of it.
func (s *Sight) Cover(on bool, now time.Time) {
	switch {
	case !on:
		s.covered = time.Time{}
	case s.covered.IsZero():
		s.covered = now
	}
}

// Unseen reports whether nobody can see it.
func (s *Sight) Unseen(now time.Time) bool {
	return s.Minimized || !s.covered.IsZero() && now.Sub(s.covered) >= coverRest
}
