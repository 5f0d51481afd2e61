package relaywire

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

// Stream is one of yamux as TLS and HTTP servers expect a connection: its timeouts are
// temporary, and Close ends what is being read.
type Stream struct {
	*yamux.Stream
	closed atomic.Bool
}

// Read implements net.Conn.
func (s *Stream) Read(p []byte) (int, error) {
	if s.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := s.Stream.Read(p)
	return n, s.plain(err)
}

// Write implements net.Conn.
func (s *Stream) Write(p []byte) (int, error) {
	n, err := s.Stream.Write(p)
	return n, s.plain(err)
}

// plain is an error as connections of the system have it. What was read when it was
// closed ends with yamux's end of the stream, or its timeout.
func (s *Stream) plain(err error) error {
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return net.ErrClosed
	case errors.Is(err, yamux.ErrTimeout):
		return os.ErrDeadlineExceeded
	default:
		return err
	}
}

// SetReadDeadline implements net.Conn.
func (s *Stream) SetReadDeadline(t time.Time) error {
	if err := s.Stream.SetReadDeadline(t); err != nil || !s.closed.Load() {
		return err
	}
	return errors.Join(net.ErrClosed, s.stopReading())
}

// SetDeadline implements net.Conn.
func (s *Stream) SetDeadline(t time.Time) error {
	return errors.Join(s.SetReadDeadline(t), s.SetWriteDeadline(t))
}

// Close implements net.Conn.
func (s *Stream) Close() error {
	s.closed.Store(true)
	err := errors.Join(s.Stream.Close(), s.stopReading())
	s.forget()
	return err
}

func (s *Stream) stopReading() error { return s.Stream.SetReadDeadline(time.Unix(1, 0)) }

// forget gives up what has come and nobody has read, up to a window of it: yamux keeps a
// stream until the other end has agreed to its end, or closeTimeout is over.
func (s *Stream) forget() {
	var scratch [4 << 10]byte
	for {
		if _, err := s.Stream.Read(scratch[:]); err != nil {
			break
		}
	}
	s.Shrink()
}
