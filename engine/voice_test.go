package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/call/mic"
)

// What is wanted reaches the microphones at once, in a room and before, and a part that
// fails is told of while everything else goes on.
func TestVoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		settle()
		if got := r.media.Voice(); got != (mic.Voice{}) {
			t.Errorf("at first %+v", got)
		}
		r.do(engine.SetVoice{Voice: mic.Voice{Noise: mic.NoiseStrong}})
		r.joined()
		want := mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseOff, Music: true}
		r.do(engine.SetVoice{Voice: want})
		for _, bad := range []mic.Voice{{Echo: "loud"}, {Noise: "light"}} {
			if err := r.try(engine.SetVoice{Voice: bad}); !errors.Is(err, call.ErrBadArgument) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if got := r.media.Voice(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		r.media.FailVoice(mic.PartEcho, errors.New("trap"))
		settle()
		told := 0
		for _, e := range r.all() {
			if f, ok := e.Event.(call.CommandFailed); ok && f.Command == "echo" && errors.Is(f.Err, mic.ErrPart) {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times of the part that failed", told)
		}
		r.wantState(call.StateJoined)
		r.do(engine.Leave{})
		settle()
		r.wantLeft(1, call.ReasonLeft)
		r.end()
	})
}
