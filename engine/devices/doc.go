// Package devices opens cameras, screens, microphones and speakers, a test
// pattern and a test tone, and files that stand in for a camera or a microphone.
// It implements [call.Devices].
//
// Every open device has one owner goroutine. It alone opens, reads and closes
// the driver's stream, so that nothing is closed twice or during a read; Close
// only asks it to stop, and waits:
//
//	opening -> open -> closing -> released
//	   |         '-> lost ---------^
//	   '-> abandoned (the context ended) ^
//
// The owner of an abandoned opening closes whatever the driver still opens. The
// next Open of that device waits for it, so a device is never busy because you
// have just left and joined again.
//
// All methods may be called from any goroutine. The hardware is reached through
// [Drivers] alone; package devices/hw has the real ones.
package devices
