package engine

import (
	"crypto/ed25519"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

// Config is what an engine works with. Devices, Media and Dialer are required.
type Config struct {
	Devices    call.Devices
	Media      call.Media // the engine closes it at its end
	Dialer     call.Dialer
	RoomServer call.RoomServer // nil: StartRoom is refused; closed at the engine's end
	Key        ed25519.PrivateKey
	Log        logrus.FieldLogger // nil: nothing is logged

	// Shown is how many video tracks are shown of those that no [SetTrackView]
	// speaks of; 0 is call.DefaultShown.
	Shown int

	Grace       time.Duration // how long an exit waits for what does not let go; 0 is DefaultGrace
	JoinTimeout time.Duration // from a Join to its Left if it does not succeed, Grace included; 0 is DefaultJoinTimeout
	Faults      bool          // accept [Fault]

	// Trace, if set, is told every step of the loop, on the loop's goroutine: it must
	// not block. Notes carry the values themselves, with whatever secrets they hold.
	Trace func(Note)
}

// Timeouts and limits of a stay.
const (
	DefaultGrace       = 1900 * time.Millisecond // contract L7: in the lobby within 2 s
	DefaultJoinTimeout = 15 * time.Second        // contract J8
)

// Timeouts of single steps. A step that times out is abandoned: what it opens later is
// closed at once.
const (
	sessionLeaveTimeout = time.Second      // a server that lives answers within milliseconds
	cancelledDialWait   = time.Second      // contract J8: cancel -> lobby <= 1 s
	openTimeout         = 10 * time.Second // above the camera driver's own 5 s
	listTimeout         = 5 * time.Second
	inspectTimeout      = 75 * time.Millisecond   // what is open is in the kernel's tables; with the grace below 2 s
	requestTimeout      = 10 * time.Second        // publish, unpublish, mute, subscribe
	chatTimeout         = 40 * time.Second        // above the 30 s after which the session gives up waiting for a receipt
	partsCloseTimeout   = 2500 * time.Millisecond // room server and media at the engine's end; with the grace below 5 s
	workersEndTimeout   = 500 * time.Millisecond  // goroutines that are about to return anyway
)

// SilentLog is a log that writes nothing, if none is wanted.
func SilentLog() *logrus.Logger { return silent.Log() }

func (c Config) withDefaults() Config {
	if c.Grace <= 0 {
		c.Grace = DefaultGrace
	}
	if c.Shown <= 0 {
		c.Shown = call.DefaultShown
	}
	if c.JoinTimeout <= 0 {
		c.JoinTimeout = DefaultJoinTimeout
	}
	if c.Log == nil {
		c.Log = silent.Log()
	}
	return c
}
