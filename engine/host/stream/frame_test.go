package stream

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// raw makes a frame by hand, so that it can be wrong.
type raw struct {
	first   byte
	mask    bool
	payload []byte
	length  int // bytes of the length field: 0 for what it has to be
	claims  uint64
}

func (r raw) bytes() []byte {
	n := uint64(len(r.payload))
	if r.claims > 0 {
		n = r.claims
	}
	second := byte(0)
	if r.mask {
		second = maskBit
	}
	out := []byte{r.first}
	switch {
	case r.length == 8 || r.length == 0 && n > 1<<16-1:
		out = binary.BigEndian.AppendUint64(append(out, second|length64), n)
	case r.length == 2 || r.length == 0 && n > 125:
		out = binary.BigEndian.AppendUint16(append(out, second|length16), uint16(n))
	default:
		out = append(out, second|byte(n))
	}
	if !r.mask {
		return append(out, r.payload...)
	}
	key := [4]byte{1, 2, 3, 4}
	out = append(out, key[:]...)
	for i, b := range r.payload {
		out = append(out, b^key[i&3])
	}
	return out
}

func join(frames ...raw) (out []byte) {
	for _, f := range frames {
		out = append(out, f.bytes()...)
	}
	return out
}

// collector keeps the messages that a follower finds.
type collector struct {
	messages [][]byte
	current  []byte
	control  int
}

func (c *collector) frame(f frame) error {
	if f.control() {
		c.control++
	}
	return nil
}

func (c *collector) payload(p []byte, end bool) error {
	c.current = append(c.current, p...)
	if end {
		c.messages = append(c.messages, c.current)
		c.current = nil
	}
	return nil
}

// followIn follows data in pieces of that length.
func followIn(data []byte, piece int) (*collector, *follower, error) {
	c := &collector{}
	f := &follower{masked: true, to: c}
	for chunk := range slices.Chunk(data, piece) {
		if err := f.follow(chunk); err != nil {
			return c, f, err
		}
	}
	return c, f, nil
}

func TestFramesOfEveryLengthInEveryPiece(t *testing.T) {
	for _, n := range []int{0, 1, 4, 125, 126, 127, 511, 512, 513, 65535, 65536, 70000} {
		payload := bytes.Repeat([]byte("foyer"), n/5+1)[:n]
		half := n / 2
		data := join(
			raw{first: finBit | opBinary, mask: true, payload: payload},
			raw{first: opBinary, mask: true, payload: payload[:half]},
			raw{first: finBit | opPing, mask: true, payload: []byte("hello")},
			raw{first: finBit, mask: true, payload: payload[half:]},
			raw{first: finBit | opClose, mask: true},
		)
		for _, piece := range []int{1, 2, 3, 7, 513, 4096, len(data)} {
			c, f, err := followIn(data, piece)
			if err != nil {
				t.Fatalf("%d bytes in pieces of %d: %v", n, piece, err)
			}
			if len(c.messages) != 2 || !bytes.Equal(c.messages[0], payload) || !bytes.Equal(c.messages[1], payload) || c.control != 2 {
				t.Errorf("%d bytes in pieces of %d: %d messages, %d control frames", n, piece, len(c.messages), c.control)
			}
			if !f.between() {
				t.Errorf("%d bytes in pieces of %d: it does not end", n, piece)
			}
		}
	}
}

func TestFramesThatAreWrong(t *testing.T) {
	ok := raw{first: finBit | opBinary, mask: true, payload: []byte("x")}
	for name, frames := range map[string][]raw{
		"compressed":                 {{first: finBit | 0x40 | opBinary, mask: true}},
		"another reserved bit":       {{first: finBit | 0x10 | opBinary, mask: true}},
		"no mask":                    {{first: finBit | opBinary}},
		"unknown kind":               {{first: finBit | 3, mask: true}},
		"unknown control":            {{first: finBit | 11, mask: true}},
		"long ping":                  {{first: finBit | opPing, mask: true, payload: make([]byte, 126)}},
		"ping in pieces":             {{first: opPing, mask: true}},
		"rest of nothing":            {{first: finBit, mask: true}},
		"rest after the end":         {ok, {first: finBit, mask: true}},
		"message within a message":   {{first: opBinary, mask: true}, ok},
		"two bytes for a short one":  {{first: finBit | opBinary, mask: true, payload: []byte("x"), length: 2}},
		"eight bytes for a short":    {{first: finBit | opBinary, mask: true, payload: make([]byte, 126), length: 8}},
		"negative length":            {{first: finBit | opBinary, mask: true, length: 8, claims: 1 << 63}},
		"something after the close":  {{first: finBit | opClose, mask: true}, ok},
		"ping after the close":       {{first: finBit | opClose, mask: true}, {first: finBit | opPing, mask: true}},
		"text that is compressed":    {{first: finBit | 0x40 | opText, mask: true}},
		"a fragment that compresses": {{first: opBinary, mask: true}, {first: finBit | 0x40, mask: true}},
	} {
		data := join(frames...)
		for _, piece := range []int{1, 5, len(data)} {
			_, _, err := followIn(data, piece)
			var v *Violation
			if !errors.As(err, &v) || v.Status != StatusProtocolError {
				t.Errorf("%s, in pieces of %d: %v", name, piece, err)
			}
		}
	}
}

func TestServersFramesHaveNoMask(t *testing.T) {
	f := &follower{}
	if err := f.follow(join(raw{first: finBit | opBinary, payload: make([]byte, 300)})[:100]); err != nil || f.boundary() {
		t.Errorf("a frame of a server: %v, boundary %v", err, f.boundary())
	}
	f = &follower{}
	if f.follow(join(raw{first: finBit | opBinary, mask: true})) == nil {
		t.Error("a server masks")
	}
}

func TestCloseFrame(t *testing.T) {
	for _, reason := range []string{"", "why", string(make([]byte, 500))} {
		f := closeFrame(&Violation{StatusTooBig, reason})
		follow := &follower{}
		if err := follow.follow(f); err != nil || !follow.boundary() || !follow.closed {
			t.Errorf("%d bytes of reason: %v", len(reason), err)
		}
	}
}

// memoryConn is what gorilla's server reads in the differential test.
type memoryConn struct {
	net.Conn
	r io.Reader
}

func (m memoryConn) Read(p []byte) (int, error)       { return m.r.Read(p) }
func (m memoryConn) Write(p []byte) (int, error)      { return len(p), nil }
func (m memoryConn) Close() error                     { return nil }
func (m memoryConn) SetDeadline(time.Time) error      { return nil }
func (m memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (m memoryConn) SetWriteDeadline(time.Time) error { return nil }

type hijackable struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijackable) Header() http.Header { return http.Header{} }
func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(io.Discard)), nil
}

// gorillaReads is how LiveKit's library reads data.
func gorillaReads(t testing.TB, data []byte) (messages [][]byte, err error) {
	req, _ := http.NewRequest(http.MethodGet, "/", http.NoBody)
	req.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(hijackable{conn: memoryConn{r: bytes.NewReader(data)}}, req, nil)
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, m, err := conn.ReadMessage()
		if err != nil {
			return messages, err
		}
		messages = append(messages, m)
	}
}

// FuzzFrames: the pieces do not matter, and what the follower lets through LiveKit's
// library reads as the same messages.
func FuzzFrames(f *testing.F) {
	f.Add(join(raw{first: finBit | opBinary, mask: true, payload: []byte("hello")}), uint8(1))
	f.Add(join(raw{first: opBinary, mask: true, payload: []byte("a")}, raw{first: finBit | opPong, mask: true},
		raw{first: finBit, mask: true, payload: make([]byte, 300)}, raw{first: finBit | opClose, mask: true}), uint8(3))
	f.Add(join(raw{first: finBit | opBinary, mask: true, payload: []byte("x"), length: 8}), uint8(2))
	f.Add(join(raw{first: finBit | 0x40 | opBinary, mask: true}), uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		whole, _, err := followIn(data, max(len(data), 1))
		pieces, _, err2 := followIn(data, int(piece)+1)
		if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Fatalf("whole: %v, in pieces of %d: %v", err, int(piece)+1, err2)
		}
		if !slices.EqualFunc(whole.messages, pieces.messages, bytes.Equal) {
			t.Fatal("pieces make other messages")
		}
		if err != nil {
			return
		}
		read, err := gorillaReads(t, data)
		closed := websocket.IsUnexpectedCloseError(err) || websocket.IsCloseError(err, websocket.CloseNormalClosure)
		if !closed && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			// A close frame with a status or text that is none ends it in any case.
			if len(read) == len(whole.messages) {
				return
			}
			t.Fatalf("it is let through, and LiveKit's library says %v", err)
		}
		if !slices.EqualFunc(whole.messages, read, bytes.Equal) {
			t.Fatalf("%d messages are let through, and LiveKit's library reads %d", len(whole.messages), len(read))
		}
	})
}
