package bandwidth

import (
	"slices"
	"sync"
	"sync/atomic"

	"foyer/engine/call"
)

// Budget owns what a session may send, camera and screen together. It is safe from any
// goroutine.
type Budget struct {
	mu     sync.Mutex
	rate   int // bit/s with headers; 0: nothing is known, and nothing limited
	shares []*Share
}

// Share is what one track has of it. It is safe from any goroutine.
type Share struct {
	budget *Budget
	track  *track // guarded by budget.mu
	pad    func() bool
	rates  []atomic.Int64
	off    atomic.Bool
}

// Join makes a share for a video track. pad sends a packet that fills the line and
// means nothing, and reports whether it could.
func (b *Budget) Join(source call.Source, layers []call.Layer, pad func() bool) *Share {
	s := &Share{budget: b, track: newTrack(source, layers), pad: pad, rates: make([]atomic.Int64, len(layers))}
	s.off.Store(true)
	for i, l := range layers {
		s.rates[i].Store(int64(l.Bitrate))
	}
	return s
}

// SetSending says whether the track sends. One that does not takes nothing.
func (s *Share) SetSending(sending bool) {
	if s.off.Swap(!sending) != sending {
		return
	}
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shares = slices.DeleteFunc(b.shares, func(o *Share) bool { return o == s })
	if sending {
		b.shares = append(b.shares, s)
	}
	b.share()
}

// Want says which layers anybody watches, a bit for each that nobody does.
func (s *Share) Want(unwanted uint32) {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	for i := range s.track.wanted {
		s.track.wanted[i] = unwanted&(1<<i) == 0
	}
	s.budget.share()
}

// Bitrate is what a layer may take now, in bit/s; 0: it is not sent.
func (s *Share) Bitrate(layer int) int { return int(s.rates[layer].Load()) }

// Set takes an estimate; 0: there is none.
func (b *Budget) Set(rate int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate != rate {
		b.rate = rate
		b.share()
	}
}

// Rate is the estimate that was taken last.
func (b *Budget) Rate() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rate
}

// share gives everybody their part. b.mu is held.
func (b *Budget) share() {
	tracks := b.tracks()
	if b.rate > 0 {
		split(int(payload*float64(b.rate)), tracks)
	}
	for _, s := range b.shares {
		for i := range s.rates {
			rate := s.track.got[i]
			if b.rate == 0 {
				rate = s.track.full[i]
			}
			s.rates[i].Store(int64(rate))
		}
	}
}

func (b *Budget) tracks() []*track {
	tracks := make([]*track, len(b.shares))
	for i, s := range b.shares {
		tracks[i] = s.track
	}
	return tracks
}

// Need is what all that is watched takes at most, with headers.
func (b *Budget) Need() (need int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.shares {
		need += s.track.need()
	}
	return int(float64(need) / payload)
}

// Pad fills the line with a packet that means nothing, and reports whether it could.
func (b *Budget) Pad() bool {
	b.mu.Lock()
	shares := slices.Clone(b.shares)
	b.mu.Unlock()
	return slices.ContainsFunc(shares, func(s *Share) bool { return s.pad() })
}
