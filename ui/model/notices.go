package model

import (
	"fmt"
	"slices"
	"time"

	"foyer/engine/call"
)

// notices is what the state tells in passing.
type notices struct{ *State }

// arrivals is how soon after one another people come who are told of together.
const arrivals = 3 * time.Second

// joined tells that somebody came: together with those who came just before.
func (s notices) joined(name string, at time.Time) {
	n := Notice{At: at, Kind: NoticeJoined, Name: name}
	if i := len(s.Notices) - 1; i >= 0 {
		last := s.Notices[i]
		if last.Kind == NoticeJoined && !last.Outside && at.Sub(last.At) < arrivals {
			n.Name, n.More = last.Name, last.More+1
			s.Dismiss(last.ID)
		}
	}
	s.Notify(n)
}

// trouble tells of something that could not be done. Of one device there is
// one word: a device that went away says more than what then could not be done with
// it, and pressing a button again is no news.
func (s notices) trouble(n Notice) {
	same := func(o Notice) bool {
		if o.Kind != NoticeFailed && o.Kind != NoticeDeviceLost {
			return false
		}
		if n.Source == call.SourceUnknown {
			return o.Source == n.Source && o.Command == n.Command && fmt.Sprint(o.Err) == fmt.Sprint(n.Err)
		}
		return o.Source == n.Source
	}
	if i := slices.IndexFunc(s.Notices, same); i >= 0 {
		if old := s.Notices[i]; old.Kind == NoticeDeviceLost && n.Kind == NoticeFailed {
			n = old
		}
		s.drop(same)
	}
	s.Notify(n)
}

// works takes back what was told of a device, as there is one that works now.
// That another one went away passes by itself.
func (s notices) works(source call.Source, at time.Time) {
	s.drop(func(n Notice) bool { return n.Kind == NoticeFailed && n.Source == source })
	for i, n := range s.Notices {
		if n.Kind == NoticeDeviceLost && n.Source == source && !n.Passing {
			s.Notices[i].Passing, s.Notices[i].At = true, at
		}
	}
}
