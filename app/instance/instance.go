// Package instance keeps a profile to one window: the first start of the program
// claims the profile's folder, and any later one hands its link over to the
// first and ends.
//
// A lock on a file decides which start has the claim. The operating system releases it
// with the process, however that ends: nothing is ever stale, and of
// two starts at the same time one wins. The links come over a Unix-domain
// socket that only the user may connect to; on Windows over loopback, behind a
// secret that only the user can read.
//
// [Claim] is called before there is a window; [Instance.Listen] and
// [Instance.Close] belong to the goroutine that has claimed.
package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/private"
)

// ErrHandedOver says that the profile's window has taken the link.
var ErrHandedOver = errors.New("another window has taken the link")

const (
	lockName = "window.lock" // it says where the socket is
	// maxMessage is the longest text in which a link is found.
	maxMessage = call.MaxPasted
	answer     = "taken"
)

// How long things may take.
const (
	// answerTimeout is how long a window that is there may take to answer.
	answerTimeout = 2 * time.Second
	// changeTimeout is for a window that is just starting or ending, and so does
	// not listen: an end alone may take 5 s where a device does not let go.
	changeTimeout = 10 * time.Second
	retryPeriod   = 20 * time.Millisecond
	// The listening side waits longer than the asking one: a connection that ends
	// without an answer means a window that ends, never one that hangs.
	takeTimeout = answerTimeout + time.Second
)

// Instance is the claim on a profile's folder.
type Instance struct {
	dir  *private.Dir
	lock *private.Lock
}

// Claim makes this process the one with the window of the profile in dir. Where
// another is that, its window comes to the front and takes the link, which may
// be empty: [ErrHandedOver]. [call.ErrWindowSilent] says that there is another
// and that it does not answer. With any other error nobody knows: the file
// system has no locks, or ctx has ended.
func Claim(ctx context.Context, dir *private.Dir, link string) (*Instance, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, changeTimeout, call.ErrWindowSilent)
	defer cancel()
	retry := time.NewTicker(retryPeriod)
	defer retry.Stop()
	for {
		lock, err := dir.Lock(lockName)
		if err == nil {
			return &Instance{dir, lock}, nil
		}
		if errors.Is(err, private.ErrLocked) {
			err = handOver(ctx, dir, link)
		}
		if !errors.Is(err, errNobody) {
			return nil, err
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// errNobody says that whoever has the lock does not listen, or has closed its
// window meanwhile.
var errNobody = errors.New("no window listens")

// handOver gives the link to the window that has the lock.
func handOver(ctx context.Context, dir *private.Dir, link string) error {
	address, err := dir.Note(lockName)
	if err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	conn, err := dial(bounded, address)
	if err != nil {
		return errNobody
	}
	defer conn.Close()
	stop := context.AfterFunc(bounded, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // at once
	defer stop()
	got, err := exchange(conn, link[:min(len(link), maxMessage)])
	switch {
	case got == answer:
		return ErrHandedOver
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w within %v", call.ErrWindowSilent, answerTimeout)
	default:
		return errNobody
	}
}

// halfConn is a connection that can be closed only for writing.
type halfConn interface {
	net.Conn
	CloseWrite() error
}

// exchange says something and reads what is said to it, to the end.
func exchange(conn halfConn, say string) (heard string, err error) {
	if _, err := conn.Write([]byte(say)); err != nil {
		return "", err
	}
	if err := conn.CloseWrite(); err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(conn, maxMessage))
	return string(b), err
}

// Listen lets links of later starts come in until stop, which must be called
// before Close. open is called for one at a time, in a goroutine that stop waits
// for, and reports whether the window has taken it; it returns when its context
// ends.
func (i *Instance) Listen(
	open func(ctx context.Context, link string) bool, log logrus.FieldLogger,
) (stop func(), err error) {
	listener, leave, err := i.listen()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { serve(ctx, listener, open, log) })
	return func() {
		cancel()
		_ = listener.Close() // removes the socket, too
		serving.Wait()
		leave()
	}, nil
}

func serve(
	ctx context.Context, listener net.Listener, open func(context.Context, string) bool, log logrus.FieldLogger,
) {
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil {
			log.WithError(err).Warn("later starts find no window any more")
			return
		}
		take(ctx, conn, open)
	}
}

// take hears one link and answers when the window has it.
func take(ctx context.Context, conn net.Conn, open func(context.Context, string) bool) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, takeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	link, err := io.ReadAll(io.LimitReader(conn, maxMessage))
	if err == nil && open(ctx, strings.TrimSpace(string(link))) {
		_, _ = io.WriteString(conn, answer) // a start that has gone meanwhile needs none
	}
}

// Close gives the claim back. nil has nothing to give.
func (i *Instance) Close() error {
	if i == nil {
		return nil
	}
	return i.lock.Close() // the lock goes with it
}
