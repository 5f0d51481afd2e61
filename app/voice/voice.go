// Package voice reads what the command line says is done to a microphone.
package voice

import (
	"flag"
	"fmt"

	"foyer/engine/call"
	"foyer/engine/call/mic"
)

// Words are what a command line or a line of input says. Empty ones are what "foyer
// join" does by itself: scripts and files are sent as they are, and nobody hears
// themselves.
type Words struct {
	Echo  string `json:"echo"`  // auto, on, off; empty: auto
	Noise string `json:"noise"` // off, light, strong; empty: off
	Gain  string `json:"gain"`  // on, off; empty: off
	Music bool   `json:"music"`
}

// Flags adds the flags to a command's, and returns their words, which are good once it
// has been parsed.
func Flags(f *flag.FlagSet) *Words {
	w := &Words{}
	f.StringVar(&w.Echo, "echo", "auto", "echo cancellation: auto (off for a headset), on, off")
	f.StringVar(&w.Noise, "noise", "off", "noise suppression: off, light, strong")
	f.StringVar(&w.Gain, "gain", "off", "automatic gain control: on, off")
	f.BoolVar(&w.Music, "music", false, "send the microphone as it is, in stereo and with 128 kbit/s")
	return w
}

// Voice is what the words mean.
func (w Words) Voice() (v mic.Voice, err error) {
	pick := func(what, said string, set map[string]func()) {
		if do, ok := set[said]; ok {
			do()
		} else if err == nil {
			err = fmt.Errorf("%w: %s %q", call.ErrBadArgument, what, said)
		}
	}
	echo := func(m mic.EchoMode) func() { return func() { v.Echo = m } }
	noise := func(n mic.NoiseLevel) func() { return func() { v.Noise = n } }
	gain := func(off bool) func() { return func() { v.GainOff = off } }
	pick("echo", w.Echo, map[string]func(){
		"": echo(mic.EchoAuto), "auto": echo(mic.EchoAuto), "on": echo(mic.EchoOn), "off": echo(mic.EchoOff),
	})
	pick("noise", w.Noise, map[string]func(){
		"": noise(mic.NoiseOff), "off": noise(mic.NoiseOff), "light": noise(mic.NoiseLight), "strong": noise(mic.NoiseStrong),
	})
	pick("gain", w.Gain, map[string]func(){"": gain(true), "off": gain(true), "on": gain(false)})
	v.Music = w.Music
	return v, err
}
