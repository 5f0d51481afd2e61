package devices_test

import (
	"context"
	"fmt"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/internal/silent"
)

// What is open is held until Close has returned. The test pattern needs no hardware.
func ExampleDevices() {
	ctx := context.Background()
	d := devices.New(devices.Config{Log: silent.Log()})
	camera, err := d.Open(ctx, call.DeviceRequest{Source: call.SourceCamera, Device: call.DeviceTest, Width: 320, Height: 180})
	if err != nil {
		fmt.Println(err)
		return
	}
	var frame call.VideoFrame
	err = camera.(call.VideoCapture).ReadFrame(&frame)
	fmt.Println(frame.Width, frame.Height, err)

	held, err := d.Held(ctx)
	fmt.Println(len(held), err)
	fmt.Println(camera.Close())
	held, err = d.Held(ctx)
	fmt.Println(len(held), err)
	fmt.Println(d.Close())
	// Output:
	// 320 180 <nil>
	// 1 <nil>
	// <nil>
	// 0 <nil>
	// <nil>
}
