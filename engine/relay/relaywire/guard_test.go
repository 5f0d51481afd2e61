package relaywire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/hashicorp/yamux"
)

// frame is the head of one of yamux.
func frame(kind byte, flags uint16, length uint32) []byte {
	raw := binary.BigEndian.AppendUint16([]byte{0, kind}, flags)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(raw, 1), length)
}

// readConn is a connection of which only the reading end is used.
type readConn struct {
	net.Conn
	io.Reader
}

// Read implements net.Conn.
func (c readConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

// TestGuard: what yamux has no limit for ends the connection, however its bytes come, and
// what both ends have to say does not.
func TestGuard(t *testing.T) {
	body := slices.Concat(frame(kindData, 0, 5), []byte("12345"))
	pings := func(n int) []byte { return bytes.Repeat(frame(kindPing, flagBegins, 7), n) }
	for name, c := range map[string]struct {
		raw    []byte
		begins bool
		want   error
	}{
		"data and pings":        {raw: slices.Concat(bytes.Repeat(body, 100), pings(pingBurst)), want: io.EOF},
		"answers to pings":      {raw: bytes.Repeat(frame(kindPing, 2, 7), 1000), want: io.EOF},
		"a whole window":        {raw: slices.Concat(frame(kindData, 0, streamWindow), make([]byte, streamWindow)), want: io.EOF},
		"a stream that it may":  {raw: frame(1, flagBegins, 0), begins: true, want: io.EOF},
		"a stream":              {raw: slices.Concat(body, frame(1, flagBegins, 0)), want: ErrBegins},
		"a stream with data":    {raw: frame(kindData, flagBegins|4, 5), want: ErrBegins},
		"too many pings":        {raw: pings(pingBurst + 10), begins: true, want: ErrPings},
		"a frame of four GB":    {raw: slices.Concat(body, frame(kindData, 0, 1<<32-1)), want: ErrLength},
		"more than the window":  {raw: frame(kindData, 0, streamWindow+1), want: ErrLength},
		"heads inside of bytes": {raw: slices.Concat(frame(kindData, 0, 24), pings(2)), want: io.EOF},
	} {
		for how, reader := range map[string]io.Reader{
			"at once": bytes.NewReader(c.raw), "byte for byte": iotest.OneByteReader(bytes.NewReader(c.raw)),
		} {
			g := NewGuard(readConn{Reader: reader}, c.begins)
			var err error
			for n := 0; err == nil; n++ {
				_, err = g.Read(make([]byte, 100))
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
}

// TestGuardedStreams: yamux works over it, and its window is the one that is checked.
func TestGuardedStreams(t *testing.T) {
	a, b := net.Pipe()
	relay, err := yamux.Client(NewGuard(a, false), Streams())
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	server, err := yamux.Server(NewGuard(b, true), Streams())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if Streams().MaxStreamWindowSize != streamWindow {
		t.Errorf("the window is %d", Streams().MaxStreamWindowSize)
	}
	stream, err := relay.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	echoed := make(chan error, 1)
	go func() {
		other, err := server.AcceptStream()
		if err == nil {
			_, err = io.Copy(other, other)
			_ = other.Close()
		}
		echoed <- err
	}()
	long, sent := bytes.Repeat([]byte("0123456789"), 200_000), make(chan error, 1)
	go func() {
		_, err := stream.Write(long)
		sent <- errors.Join(err, stream.Close())
	}()
	got, err := io.ReadAll(stream)
	if err = errors.Join(err, <-sent, <-echoed); err != nil || !bytes.Equal(got, long) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func FuzzGuard(f *testing.F) {
	f.Add(frame(kindData, 0, 5))
	f.Add(frame(kindPing, flagBegins, 5))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g := NewGuard(readConn{Reader: bytes.NewReader(raw)}, false)
		if n, err := io.Copy(io.Discard, readerOnly{g}); n > int64(len(raw)) || g.have >= frameHead || g.rest < 0 {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

type readerOnly struct{ io.Reader }
