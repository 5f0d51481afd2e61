package vp8_test

import (
	"fmt"

	"foyer/engine/call"
	"foyer/engine/media/vp8"
)

// A frame goes through encoder and decoder.
func ExampleEncoder() {
	e := vp8.NewEncoder(vp8.Config{FPS: 30, Bitrate: 300_000})
	defer e.Close()
	d, err := vp8.NewDecoder()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()

	var frame, decoded call.VideoFrame
	frame.Reset(64, 36)
	data, key, err := e.Encode(&frame)
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := vp8.ParseHeader(data)
	fmt.Println(key, h.Width, h.Height, err)
	err = d.Decode(data, &decoded)
	fmt.Println(decoded.Width, decoded.Height, err)
	// Output:
	// true 64 36 <nil>
	// 64 36 <nil>
}
