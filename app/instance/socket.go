//go:build !windows

package instance

import (
	"context"
	"errors"
	"net"
	"os"

	"foyer/engine/private"
)

const (
	socketName = "window.sock"
	// maxSocketPath is what every system takes (macOS: 104 bytes with a zero).
	maxSocketPath = 103
)

func dial(ctx context.Context, address string) (halfConn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// listen makes the socket and says where it is. leave removes its folder, after the
// listener is closed.
func (i *Instance) listen() (listener net.Listener, leave func(), err error) {
	dir, err := i.socketFolder()
	if err != nil {
		return nil, nil, err
	}
	if listener, err = i.listenIn(dir); err != nil {
		return nil, nil, errors.Join(err, i.leave(dir))
	}
	return listener, func() { _ = i.leave(dir) }, nil
}

func (i *Instance) listenIn(dir *private.Dir) (net.Listener, error) {
	if err := dir.Remove(socketName); err != nil { // of a window that has crashed: the lock is ours
		return nil, err
	}
	path := dir.Path(socketName)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.Chmod(path, 0o600), i.lock.Say(path)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// socketFolder is the profile's folder, or where that has too long a name for a
// socket a new one only for this user.
func (i *Instance) socketFolder() (*private.Dir, error) {
	if len(i.dir.Path(socketName)) <= maxSocketPath {
		return i.dir, nil
	}
	return private.Temporary("foyer-")
}

// leave removes the folder of the socket, unless that is the profile's.
func (i *Instance) leave(dir *private.Dir) error {
	if dir == i.dir {
		return nil
	}
	return dir.RemoveAll()
}
