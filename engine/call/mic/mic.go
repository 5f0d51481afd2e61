// Package mic has the values that say what is done to a microphone before it is sent.
package mic

import "errors"

// Errors of what is done to a microphone.
var (
	ErrPart = errors.New("part of the audio processing failed")
	// ErrSlow is one of a part that works, but not as fast as audio comes.
	ErrSlow = errors.New("too slow for live audio")
)

// Stereo is implemented by microphones that know left from right. While ReadStereo is in
// use, ReadAudio is not.
type Stereo interface {
	// ReadStereo waits until all of dst (48 kHz, interleaved) is filled, and fails like
	// ReadAudio.
	ReadStereo(dst []int16) error
}

// Voice is what is done to our microphone before it is sent. The zero
// value is right for a call.
type Voice struct {
	Echo    EchoMode   `json:"echo,omitempty"`
	Noise   NoiseLevel `json:"noise,omitempty"`
	GainOff bool       `json:"gain_off,omitempty"` // no automatic gain
	// Music sends everything as it is, in stereo and with a higher bitrate. The other
	// fields have no effect then.
	Music bool `json:"music,omitempty"`
}

// EchoMode says when what the loudspeaker plays is taken out of the microphone.
type EchoMode string

// Echo modes.
const (
	EchoAuto EchoMode = ""    // unless the speaker is a headset
	EchoOn   EchoMode = "on"  // always
	EchoOff  EchoMode = "off" // never
)

// Valid reports whether m is one of the modes.
func (m EchoMode) Valid() bool { return m == EchoAuto || m == EchoOn || m == EchoOff }

// NoiseLevel says how much noise is taken out of the microphone.
type NoiseLevel string

// Noise levels.
const (
	NoiseLight  NoiseLevel = ""       // what is steady
	NoiseOff    NoiseLevel = "off"    // nothing
	NoiseStrong NoiseLevel = "strong" // keyboards, too; it costs more time and delay
)

// Valid reports whether n is one of the levels.
func (n NoiseLevel) Valid() bool { return n == NoiseLight || n == NoiseOff || n == NoiseStrong }

// Clean takes back what is not valid.
func (v *Voice) Clean() {
	if !v.Echo.Valid() {
		v.Echo = EchoAuto
	}
	if !v.Noise.Valid() {
		v.Noise = NoiseLight
	}
}

// Valid reports whether all of v is.
func (v Voice) Valid() bool { return v.Echo.Valid() && v.Noise.Valid() }

// Part is a part of what is done to our microphone.
type Part string

// Parts that can fail.
const (
	PartEcho   Part = "echo"
	PartNoise  Part = "noise"
	PartStrong Part = "noise_strong" // and the light one goes on
)
