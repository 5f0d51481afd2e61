package voice_test

import (
	"errors"
	"flag"
	"testing"

	"foyer/app/voice"
	"foyer/engine/call"
	"foyer/engine/call/mic"
)

func TestFlags(t *testing.T) {
	asItIs := mic.Voice{Noise: mic.NoiseOff, GainOff: true}
	for _, tt := range []struct {
		args []string
		want mic.Voice
		err  error
	}{
		{nil, asItIs, nil},
		{[]string{"--noise", "strong", "--gain", "on", "--echo", "off"}, mic.Voice{Echo: mic.EchoOff, Noise: mic.NoiseStrong}, nil},
		{[]string{"--noise", "light", "--echo", "on"}, mic.Voice{Echo: mic.EchoOn, GainOff: true}, nil},
		{[]string{"--music"}, mic.Voice{Noise: mic.NoiseOff, GainOff: true, Music: true}, nil},
		{[]string{"--noise", "loud"}, asItIs, call.ErrBadArgument},
		{[]string{"--gain", "1"}, asItIs, call.ErrBadArgument},
		{[]string{"--echo", "ON"}, asItIs, call.ErrBadArgument},
	} {
		f := flag.NewFlagSet("join", flag.ContinueOnError)
		words := voice.Flags(f)
		if err := f.Parse(tt.args); err != nil {
			t.Fatal(err)
		}
		v, err := words.Voice()
		if !errors.Is(err, tt.err) {
			t.Errorf("%v: %v, want %v", tt.args, err, tt.err)
		}
		if err == nil && v != tt.want {
			t.Errorf("%v: %+v, want %+v", tt.args, v, tt.want)
		}
	}
	if v, err := (voice.Words{}).Voice(); err != nil || v != asItIs {
		t.Errorf("no words: %+v, %v", v, err)
	}
}
