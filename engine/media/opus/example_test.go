package opus_test

import (
	"fmt"

	"foyer/engine/media/opus"
)

// 20 ms of audio go through encoder and decoder.
func ExampleInspect() {
	e, err := opus.NewEncoder()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	d, err := opus.NewDecoder()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()

	packet := make([]byte, opus.MaxPacketBytes)
	n, err := e.Encode(make([]int16, opus.FrameSamples), packet)
	if err != nil {
		fmt.Println(err)
		return
	}
	info, err := opus.Inspect(packet[:n])
	fmt.Println(info.Samples, info.Frames, err)
	samples, err := d.Decode(packet[:n], make([]int16, 2*info.Samples))
	fmt.Println(samples, err)
	// Output:
	// 960 1 <nil>
	// 960 <nil>
}
