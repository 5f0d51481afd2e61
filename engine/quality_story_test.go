package engine_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"foyer/engine"
	"foyer/engine/call"
)

// heights are those of the layers that our camera is sent in.
func (r *rig) heights() []int {
	var all []int
	if t := r.dialer.Last().Track(call.SourceCamera); t != nil {
		for _, l := range t.Spec().Layers {
			all = append(all, l.Height)
		}
	}
	return all
}

// The limit changes what is sent: at once, of a camera that is off when it is on
// again, and in the next room.
func TestQuality_LimitsWhatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.joined()
		want := func(when string, heights ...int) {
			t.Helper()
			settle()
			if got := r.heights(); !slices.Equal(got, heights) {
				t.Errorf("%s: layers of %v lines, want %v", when, got, heights)
			}
			if r.media.Sending(call.SourceCamera) == nil {
				t.Errorf("%s: nothing is sent", when)
			}
		}
		want("no limit", 180, 360, 720)
		r.do(engine.SetQuality{SendHeight: 360})
		want("360", 180, 360)
		if n := r.ledger.Opens("device"); n != 3 {
			t.Errorf("%d devices were opened: the camera runs on", n)
		}
		r.do(engine.SetQuality{SendHeight: 1080})
		want("more than the camera has", 180, 360, 720)
		r.do(engine.Mute{Source: call.SourceCamera})
		settle()
		r.do(engine.SetQuality{SendHeight: 180})
		settle()
		r.do(engine.Unmute{Source: call.SourceCamera})
		want("while it was off", 180)
		r.do(engine.Leave{})
		settle()
		r.joined()
		want("the next room", 180)
		r.do(engine.SetQuality{})
		want("no limit again", 180, 360, 720)
		for _, bad := range []int{-1, 1, 89} {
			if err := r.try(engine.SetQuality{SendHeight: bad}); !errors.Is(err, call.ErrBadArgument) {
				t.Errorf("%d lines: %v", bad, err)
			}
		}
		want("after nonsense", 180, 360, 720)
		r.do(engine.Leave{})
		settle()
		r.end()
	})
}

// With audio only nobody's video is asked for; the voices stay.
func TestQuality_AudioOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		s := r.joined()
		voice := call.Track{SID: "TR_voice", Source: call.SourceMicrophone, Kind: call.KindAudio}
		s.Tell(call.ParticipantJoined{Participant: person("eve", "PA_eve", videoTrack("TR_video"), voice)})
		settle()
		want := func(when string, video bool) {
			t.Helper()
			settle()
			if _, wanted := s.Subscription("TR_video"); wanted != video {
				t.Errorf("%s: video is wanted: %v", when, wanted)
			}
			if _, wanted := s.Subscription("TR_voice"); !wanted {
				t.Errorf("%s: the voice is not wanted", when)
			}
		}
		want("at first", true)
		r.do(engine.SetQuality{AudioOnly: true})
		want("audio only", false)
		r.do(engine.SetQuality{})
		want("video again", true)
		r.end()
	})
}
