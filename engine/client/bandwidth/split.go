package bandwidth

import "foyer/engine/call"

// Parts of a layer's full rate.
const (
	// openAt is what a layer must get to be taken up, closeAt what it must lose to be
	// dropped: between them it neither comes nor goes.
	openAt, closeAt = 0.6, 0.45
	// lowest is for the layer at the bottom, which is never dropped.
	lowest = 0.4
	// payload is the part of a rate that is left beside the headers.
	payload = 0.92
	// screenShare is the screen's part of what lies above the bottom layers.
	screenShare = 0.6
)

// lowestScreen is for a screen, which has one layer: it is readable, a frame now and
// then.
const lowestScreen = 0.1

// track is what one track asks for.
type track struct {
	screen bool
	full   []int  // bit/s of each layer, smallest first
	wanted []bool // somebody watches it
	open   []bool // it was sent last
	got    []int
}

func (t *track) lowest() float64 {
	if t.screen {
		return lowestScreen
	}
	return lowest
}

// bottom is the lowest layer that is wanted, -1 if none is.
func (t *track) bottom() int {
	for i, w := range t.wanted {
		if w && t.full[i] > 0 {
			return i
		}
	}
	return -1
}

// need is what the track takes at most.
func (t *track) need() (sum int) {
	for i, full := range t.full {
		if t.wanted[i] {
			sum += full
		}
	}
	return sum
}

// split shares rate, in bit/s of payload, out: the bottom layers of all first, then
// the screen beside what lies above.
func split(rate int, tracks []*track) {
	for _, t := range tracks {
		clear(t.got)
		if b := t.bottom(); b >= 0 {
			rate -= t.take(b, int(t.lowest()*float64(t.full[b])))
		}
	}
	for _, t := range tracks {
		if b := t.bottom(); b >= 0 && !t.screen {
			rate -= t.take(b, min(max(rate, 0), t.full[b]-t.got[b]))
		}
	}
	screens := int(screenShare * float64(max(rate, 0)))
	left := max(rate, 0) - screens
	for _, t := range tracks {
		if t.screen {
			screens -= t.rise(screens)
		}
	}
	left += screens
	for _, t := range tracks {
		if !t.screen {
			left -= t.rise(left)
		}
	}
	for _, t := range tracks {
		if t.screen {
			left -= t.rise(left)
		}
	}
	for _, t := range tracks {
		for i, got := range t.got {
			t.open[i] = got > 0
		}
	}
}

func (t *track) take(layer, rate int) int {
	t.got[layer] += rate
	return rate
}

// rise spends up to rate on the track's layers, from the bottom, and returns what it
// has spent. A layer that cannot have enough gets nothing, and those above it neither.
func (t *track) rise(rate int) (spent int) {
	for i, full := range t.full {
		if !t.wanted[i] {
			continue
		}
		more := min(rate-spent, full-t.got[i])
		if more <= 0 && t.got[i] < full {
			return spent
		}
		enough := openAt
		if t.open[i] {
			enough = closeAt
		}
		if t.got[i] == 0 && float64(more) < enough*float64(full) {
			return spent
		}
		spent += t.take(i, more)
	}
	return spent
}

func newTrack(source call.Source, layers []call.Layer) *track {
	n := len(layers)
	t := &track{
		screen: source == call.SourceScreen,
		full:   make([]int, n), wanted: make([]bool, n), open: make([]bool, n), got: make([]int, n),
	}
	for i, l := range layers {
		t.full[i], t.wanted[i] = l.Bitrate, true
	}
	return t
}
