package media_test

import (
	"fmt"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
	"foyer/engine/media"
)

// loudspeaker stands for an open device, whose driver calls fill.
type loudspeaker struct{ fill func(stereo []int16) }

func (s *loudspeaker) Info() call.Device         { return call.Device{Source: call.SourceSpeaker} }
func (s *loudspeaker) Close() error              { return nil }
func (s *loudspeaker) Lost() <-chan struct{}     { return nil }
func (s *loudspeaker) LostErr() error            { return nil }
func (s *loudspeaker) Delay() int                { return 0 }
func (s *loudspeaker) Play(fill func(_ []int16)) { s.fill = fill }

// The speaker plays the mix of everybody who is received, and of what is played once.
func ExampleMedia() {
	m := media.New(media.Config{Log: silent.Log()})
	s := &loudspeaker{}
	m.SetSpeaker(s)
	m.Play([]int16{100, 200, 300}, func() { fmt.Println("played") })

	stereo := make([]int16, 8)
	s.fill(stereo)
	fmt.Println(stereo)
	m.Close()
	// Output:
	// played
	// [100 100 200 200 300 300 0 0]
}
