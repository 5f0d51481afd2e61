package rtp

import (
	"testing"

	"foyer/engine/call"
)

func TestCheckSpec(t *testing.T) {
	l := call.Layer{Width: 1, Height: 1, Bitrate: 1}
	for _, test := range []struct {
		spec call.TrackSpec
		ok   bool
	}{
		{call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{l}}, true},
		{call.TrackSpec{Source: call.SourceMicrophone}, true},
		{call.TrackSpec{Source: call.SourceScreen, Layers: []call.Layer{l, l, l}}, true},
		{call.TrackSpec{Source: call.SourceCamera}, false},
		{call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{l, l, l, l}}, false},
		{call.TrackSpec{Source: call.SourceCamera, Layers: []call.Layer{{}}}, false},
		{call.TrackSpec{Source: call.SourceMicrophone, Layers: []call.Layer{l}}, false},
		{call.TrackSpec{Source: call.SourceSpeaker}, false},
		{call.TrackSpec{}, false},
	} {
		if err := CheckSpec(test.spec); (err == nil) != test.ok {
			t.Errorf("%+v: %v", test.spec, err)
		}
	}
}
