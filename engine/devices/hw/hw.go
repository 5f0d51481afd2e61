// Package hw is the hardware behind package devices: cameras through pion's
// mediadevices, screens through the X server (on other systems through
// mediadevices), audio through miniaudio.
//
// Importing it enumerates cameras, because mediadevices does so in its init:
// only package app may import it. The driver manager of mediadevices is one per
// process, so [Drivers] is meant to be called once.
package hw

import (
	"os"

	"github.com/sirupsen/logrus"

	"foyer/engine/devices"
)

// readTimeoutVariable limits how long mediadevices waits for a frame of a
// V4L2 camera, in seconds. Closing waits for that read: its default of 5 s is
// longer than anybody waits to leave a room.
const readTimeoutVariable = "PION_MEDIADEVICES_CAMERA_READ_TIMEOUT"

// Drivers are the drivers of this computer. It touches no hardware.
func Drivers(log logrus.FieldLogger) devices.Drivers {
	if err := os.Setenv(readTimeoutVariable, "1"); err != nil {
		log.WithError(err).Warn("closing a stalled camera will take long")
	}
	s, c := newAudio(log), &cameras{log: log, nodes: newNodes()}
	return devices.Drivers{
		Camera: c,
		Screen: newScreens(),
		Audio:  s,
		Held:   heldBy(s, c),
	}
}
