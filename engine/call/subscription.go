package call

import (
	"cmp"
	"slices"
	"time"
)

// The limits of what is received, for the sum of everybody's tracks. What one
// person publishes costs the others no more than this, whatever it claims.
const (
	// MaxVoices is how many audio tracks are received and decoded at once. Half of
	// more are of those who came first, and half of those who spoke last.
	MaxVoices = 64
	// MaxVideos is how many video tracks are subscribed to at once. Those that
	// are not shown are paused: the server forwards nothing and no decoder exists.
	MaxVideos = 32
	// MaxPixels is the sum of the frames that are decoded at once. A decoder
	// keeps some 6.5 bytes for each pixel. The largest owner yields to smaller ones.
	MaxPixels = 16 << 20
	// MaxQueued is the sum, in bytes, of the packets and frames that wait for a
	// decoder; each track has an equal share.
	MaxQueued = 24 << 20
	// MaxUnread is the sum, in bytes, of the packets not yet read from the network.
	MaxUnread = 16 << 20
	// DefaultShown is how many video tracks are decoded when nobody says which
	// are shown: a program without a window shows none and counts all.
	DefaultShown = 16
)

// Subscription is a wish for a remote track. Tracks without one are not sent
// to us at all.
type Subscription struct {
	Track         SID
	Paused        bool // subscribed, so that it comes at once when it is shown
	Width, Height int  // pixels in which a frame is shown; 0, 0: as sent
}

// TrackView is what the one who shows a remote video says of it.
type TrackView struct {
	Hidden        bool
	Width, Height int
}

// Selector chooses what to subscribe to. It is a pure function of its fields.
type Selector struct {
	// Shown is how many video tracks are shown of those that Views says nothing
	// about, the ones that it shows counted.
	Shown int
	Views map[SID]TrackView
	// Spoke is when somebody was last heard, or some time before; nil: nobody was.
	Spoke map[Identity]time.Time
	// ObeysMutes: people the host has muted are not heard. Without a door,
	// Participant.Muted is not the host's word.
	ObeysMutes bool
	AudioOnly  bool // no video at all
}

// Choose lists the subscriptions, audio first. People who came earlier come
// first; nobody gets a second video track before everybody had the first.
func (s Selector) Choose(people []Participant) []Subscription {
	return append(s.voices(people), s.videos(people)...)
}

type voice struct {
	sid    SID
	muted  bool
	screen bool
	spoke  time.Time
}

func (s Selector) voices(people []Participant) []Subscription {
	var all []voice
	for _, p := range people {
		if p.Muted && s.ObeysMutes {
			continue
		}
		for _, t := range p.Tracks {
			if t.Kind == KindAudio {
				all = append(all, voice{t.SID, t.Muted, t.Source == SourceScreenAudio, s.Spoke[p.Identity]})
			}
		}
	}
	if len(all) > MaxVoices { // noise displaces nobody who came before it
		slices.SortStableFunc(all, func(a, b voice) int { return cmp.Or(order(a.muted, b.muted), order(a.screen, b.screen)) })
		slices.SortStableFunc(all[MaxVoices/2:], func(a, b voice) int {
			return cmp.Or(order(a.muted, b.muted), b.spoke.Compare(a.spoke), order(a.screen, b.screen))
		})
		all = all[:MaxVoices]
	}
	list := make([]Subscription, len(all))
	for i, v := range all {
		list[i].Track = v.sid
	}
	return list
}

// order puts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// videos lists what is shown, then what nobody has said anything about, then
// what is hidden, as far as there is room.
func (s Selector) videos(people []Participant) []Subscription {
	var shown, undecided, paused []Subscription
	for round := 0; round < maxVideosEach && !s.AudioOnly; round++ {
		for _, p := range people {
			t, ok := nthVideo(p, round)
			if !ok {
				continue
			}
			switch v, told := s.Views[t.SID]; {
			case !told:
				undecided = append(undecided, Subscription{Track: t.SID})
			case v.Hidden:
				paused = append(paused, Subscription{Track: t.SID, Paused: true})
			default:
				shown = append(shown, Subscription{Track: t.SID, Width: v.Width, Height: v.Height})
			}
		}
	}
	free := max(0, s.Shown-len(shown))
	for i := range undecided {
		undecided[i].Paused = i >= free
	}
	list := append(append(shown, undecided...), paused...)
	return list[:min(len(list), MaxVideos)]
}

// maxVideosEach is how many video tracks one person may have: camera and screen.
const maxVideosEach = 2

func nthVideo(p Participant, n int) (Track, bool) {
	for _, t := range p.Tracks {
		if t.Kind != KindVideo {
			continue
		}
		if n == 0 {
			return t, true
		}
		n--
	}
	return Track{}, false
}

// Fits reports whether a track's kind is that of its source. What a sender says
// of a track must be one thing: audio that calls itself a camera would be heard
// past every rule about microphones.
func (t Track) Fits() bool {
	switch t.Source {
	case SourceCamera, SourceMicrophone, SourceScreen, SourceScreenAudio:
		return t.Kind == t.Source.Kind()
	default:
		return false
	}
}
