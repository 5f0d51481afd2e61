package devices

import (
	"errors"

	"foyer/engine/call"
)

// Drivers are the ways to the hardware; nil ones have no devices.
type Drivers struct {
	Camera VideoDriver
	Screen VideoDriver
	Audio  AudioDriver
	// Held asks the operating system what this process has open: devices of the
	// drivers, by the IDs of their lists, and files of those paths, as the devices that
	// they stand in for. nil where it cannot be asked.
	Held func(files map[string]call.Device) ([]call.Device, error)
}

// Want is the frame that a capture should have. Drivers take the nearest that
// the hardware offers.
type Want struct {
	Width, Height int // pixels
	FPS           int
}

// VideoDriver is one kind of video hardware. Methods may block for as long as
// the hardware does, and may be called from any goroutine. Their errors wrap one
// of the device errors of package call; any other counts as ErrDeviceFailed.
type VideoDriver interface {
	// List enumerates what is plugged in now.
	List() ([]call.Device, error)
	// Open opens the device with that ID and starts it.
	Open(id string, want Want) (VideoStream, error)
}

// VideoStream is an open camera or screen, used only by its owner goroutine.
type VideoStream interface {
	// Read waits for the next frame and writes it to dst. It returns
	// early with [ErrStopped] once stop is closed, if the hardware lets it;
	// with an error that wraps [ErrNoPicture] when it may be tried again;
	// with any other one when the device is lost.
	Read(stop <-chan struct{}, dst *call.VideoFrame) error
	// Close returns when the operating system has the device back.
	Close() error
}

// AudioDriver is the sound system. See [VideoDriver] for blocking and errors.
// The device is "" for the default one, or an ID or name from the list.
type AudioDriver interface {
	// List enumerates microphones and speakers.
	List() ([]call.Device, error)
	// OpenMicrophone calls deliver with every chunk (48 kHz, the device's own channels
	// interleaved), which is valid during the call only, on a thread of the driver.
	OpenMicrophone(device string, deliver func(samples []int16, channels int)) (AudioStream, error)
	// OpenSpeaker calls fill for every chunk (48 kHz, interleaved stereo) on
	// a thread of the driver.
	OpenSpeaker(device string, fill func(stereo []int16)) (AudioStream, error)
}

// AudioStream is an open microphone or speaker. After Close, deliver and fill
// are not called again.
type AudioStream interface {
	Info() call.Device
	// Delay is how long a sample takes from fill to the ear, in samples. Any
	// goroutine.
	Delay() int
	// Check asks the sound system, not the stream, whether the device still
	// exists, because a dead stream looks like a silent one. It may run at
	// the same time as Close.
	Check() error
	Close() error
}

// What a [VideoStream] says when it has no frame.
var (
	ErrStopped   = errors.New("reading was stopped")
	ErrNoPicture = errors.New("no frame in time")
)
