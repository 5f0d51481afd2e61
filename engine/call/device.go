package call

import "context"

// Device describes something that can be opened.
type Device struct {
	Source  Source // camera, microphone, screen or speaker
	ID      string // stable while plugged in
	Name    string // what the user knows it by
	Default bool
	Headset bool // a speaker that is worn on the ears: no microphone hears it
}

// Choices of devices that are not hardware.
const (
	DeviceNone = "none" // leave the source off
	DeviceTest = "test" // test pattern or test tone
)

// DeviceRequest asks for a device. Device is empty for the default one,
// [DeviceTest], an ID or name from the list, or a file: IVF or Y4M as a camera,
// WAV as a microphone. Zero sizes mean the default of the source.
type DeviceRequest struct {
	Source        Source
	Device        string
	Width, Height int
	FPS           int
}

// Devices lists and opens devices. Every method may block on the hardware; the
// engine calls them from workers, with timeouts. Errors are *[DeviceError].
type Devices interface {
	List(ctx context.Context) ([]Device, error)
	// Open opens a camera, screen ([VideoCapture]) or microphone
	// ([AudioCapture]). A context that ends while the driver blocks makes
	// Open return at once; what the driver then opens is closed at once.
	Open(ctx context.Context, req DeviceRequest) (Capture, error)
	OpenSpeaker(ctx context.Context, device string) (Speaker, error)
	// Held reports what this process has open, as the operating system says
	// it, no matter which part of the process opened it. It waits for no device.
	Held(ctx context.Context) ([]Device, error)
}

// Handle is what every open device has.
type Handle interface {
	Info() Device
	// Close releases the device and returns when the operating system has it
	// back. It is safe from any goroutine, any number of times and during a
	// read; every call returns only when the release is done. It may block
	// for as long as the driver does: callers need a timeout.
	Close() error
	// Lost is closed when the device has gone away by itself; LostErr then
	// says why. It is not closed by Close.
	Lost() <-chan struct{}
	LostErr() error
}

// Capture is an open camera, screen or microphone: a [VideoCapture] or an
// [AudioCapture].
type Capture interface {
	Handle
}

// VideoCapture is an open camera or screen.
type VideoCapture interface {
	Capture
	// ReadFrame waits for the next frame and copies it into dst, which it
	// resets to the frame's size. One goroutine reads. It fails with
	// ErrClosed after Close and with the LostErr after a loss.
	ReadFrame(dst *VideoFrame) error
}

// Sized is implemented by video captures that know the size and the rate of
// their frames, in pixels and per second; 0 for what is not known. The engine
// chooses a track's layers by it.
type Sized interface {
	Size() (width, height, fps int)
}

// AudioCapture is an open microphone.
type AudioCapture interface {
	Capture
	// ReadAudio waits until all of dst (48 kHz mono) is filled. One goroutine
	// reads. It fails like ReadFrame.
	ReadAudio(dst []int16) error
}

// Speaker is an open playback device.
type Speaker interface {
	Handle
	// Play sets the function that fills the next interleaved stereo samples
	// at 48 kHz. It runs on the driver's own thread and must not block. nil
	// plays silence.
	Play(fill func(stereo []int16))
	// Delay is how long a sample takes from fill to the ear, in samples.
	Delay() int
}

// VideoDecoder turns encoded frames into raw frames; injected where a package may
// not know the codecs.
type VideoDecoder interface {
	Decode(data []byte, dst *VideoFrame) error
	Close()
}
