package mic_test

import (
	"fmt"

	"foyer/engine/call/mic"
)

// The zero Voice is right for a call. A file of settings may say anything.
func ExampleVoice_Clean() {
	var v mic.Voice
	fmt.Println(v.Valid())
	v.Echo, v.Noise = "sometimes", mic.NoiseStrong
	fmt.Println(v.Valid())
	v.Clean()
	fmt.Println(v.Valid(), v.Echo == mic.EchoAuto, v.Noise)
	// Output:
	// true
	// false
	// true true strong
}
