package bandwidth

import (
	"slices"
	"testing"

	"foyer/engine/call"
)

func camera() []call.Layer {
	return []call.Layer{{Bitrate: 160_000}, {Bitrate: 450_000}, {Bitrate: 1_700_000}}
}

func screen() []call.Layer { return []call.Layer{{Bitrate: 2_500_000}} }

// TestSplit: the bottom of everything first, then the rest, and no layer that would be
// starved.
func TestSplit(t *testing.T) {
	for _, test := range []struct {
		name           string
		rate           int
		camera, screen []int
	}{
		{"nothing is left", 10_000, []int{64_000, 0, 0}, nil},
		{"the lowest layer", 160_000, []int{160_000, 0, 0}, nil},
		{"too little for two", 400_000, []int{160_000, 0, 0}, nil},
		{"two", 500_000, []int{160_000, 340_000, 0}, nil},
		{"all, the top with less", 1_800_000, []int{160_000, 450_000, 1_190_000}, nil},
		{"all", 5_000_000, []int{160_000, 450_000, 1_700_000}, nil},
		{"with a screen, narrow", 450_000, []int{160_000, 0, 0}, []int{290_000}},
		{"with a screen, wide", 6_000_000, []int{160_000, 450_000, 1_700_000}, []int{2_500_000}},
	} {
		tracks := []*track{newTrack(call.SourceCamera, camera())}
		if test.screen != nil {
			tracks = append(tracks, newTrack(call.SourceScreen, screen()))
		}
		split(test.rate, tracks)
		if !slices.Equal(tracks[0].got, test.camera) || test.screen != nil && !slices.Equal(tracks[1].got, test.screen) {
			t.Errorf("%s: camera %v, screen %v", test.name, tracks[0].got, tracks[len(tracks)-1].got)
		}
	}
}

// TestLayerStays: a layer that is sent is not dropped for less than it was taken up
// for.
func TestLayerStays(t *testing.T) {
	tr := newTrack(call.SourceCamera, camera())
	open := func(rate int) bool {
		split(rate, []*track{tr})
		return tr.got[1] > 0
	}
	if open(400_000) || !open(440_000) || !open(380_000) || open(350_000) || open(400_000) {
		t.Error("taken up or dropped at the wrong rate")
	}
}

// TestUnwantedLayers take nothing.
func TestUnwantedLayers(t *testing.T) {
	var b Budget
	s := b.Join(call.SourceCamera, camera(), func() bool { return true })
	s.SetSending(true)
	b.Set(5_000_000)
	s.Want(0b110)
	if s.Bitrate(0) != 160_000 || s.Bitrate(1) != 0 || s.Bitrate(2) != 0 {
		t.Error(s.Bitrate(0), s.Bitrate(1), s.Bitrate(2))
	}
	if need := b.Need(); need != 160_000*100/92 {
		t.Error(need)
	}
	if !b.Pad() {
		t.Error("nobody fills the line")
	}
	s.SetSending(false)
	if need := b.Need(); need != 0 || b.Pad() {
		t.Error("a track that does not send needs", need)
	}
}
