package call

import "context"

// RoomServer starts the room server of this computer.
type RoomServer interface {
	// Start starts the server, or uses the one that runs, and makes a room in
	// it.
	Start(ctx context.Context, room RoomID, title string) (RoomLinks, error)
	// Stopped is closed when a server that was started has ended by itself.
	// It is nil before Start.
	Stopped() <-chan struct{}
	// Reached gets how the server is reached, each time that this changes: the newest,
	// if several wait. It is nil before Start.
	Reached() <-chan RoomServerReached
	// Restart starts the server again after it has ended by itself: at the same
	// address and with the same rooms, so that everybody who was in one comes
	// back.
	Restart(ctx context.Context) error
	// Stop stops the server, if one runs, and waits for it. The next Start
	// starts another.
	Stop() error
	// Close stops the server for good and waits for it.
	Close() error
}

// RoomLinks are the two ways into a room of this computer.
type RoomLinks struct {
	Own    Link // ours: it makes its user the room's host
	Guests Link // for everybody else
}

// AnyPort lets the system choose the port. A server gets the port that it had
// the last time with the same data folder, if that is free, so that links
// outlive it.
const AnyPort = ":0"
