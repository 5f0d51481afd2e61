package stream

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"

	"foyer/engine/internal/pause"
)

const (
	// readSize is how much of a client is looked at at once. A process of 500
	// guests has as many of these.
	readSize  = 4 << 10
	writeSize = 16 << 10
	// A message may be in so many pieces, and one more for each so many bytes:
	// Foyer and LiveKit's SDK for Go send pieces of 4 kB, browsers one.
	maxFragments, fragmentSize = 64, 1 << 10
	// frames of one connection, those of messages in pieces included.
	frameRate, frameBurst = 1000, 2000
	// messages of one connection, and how many are passed on at once.
	messageRate, messageBurst, atOnce = 400, 100, 50
	// LiveKit pings every 10 s, and is answered.
	controlRate, controlBurst = 2, 30
	// messageTimeout is how long a message may take from its first byte to its last.
	messageTimeout = 20 * time.Second
	// slowTimeout is how long a client may take to read what is for it. Until then
	// LiveKit keeps it.
	slowTimeout = 10 * time.Second
	// endTimeout is how long the last word may take, and the client to close.
	endTimeout = time.Second
	maxEnd     = 4 << 20 // bytes that are still read, so that the last word is not lost
)

// Limits bound what one client may send.
type Limits struct {
	// Work is what the requests of a person may cost, see kinds. Who has spent it
	// is cut off.
	Work *rate.Limiter
	// Own is work that the connection has besides, for joining: who comes and goes
	// has not spent what they need inside.
	Own int
	// Bytes are those that a client, its address and everybody together may send.
	// Who has spent them waits.
	Bytes []*rate.Limiter
	// Inspect looks at each request but descriptions and states, after [Check]. An
	// error that wraps no *Violation ends the connection, too.
	Inspect func(*livekit.SignalRequest) error
	// Media is told what descriptions are about. Its errors are as Inspect's.
	Media Media
	// Cut is told, once, why the connection was cut.
	Cut func(error)
}

// Socket is a connection whose sides can end one by one.
type Socket interface {
	net.Conn
	CloseWrite() error
}

// Conn is a guest's side of a proxied WebSocket, after the handshake. One
// goroutine uses it as io.WriterTo, and one as io.ReaderFrom.
type Conn struct {
	Socket
	limits Limits
	up     follower // what the client says
	guard  guard
	began  time.Time // of the message that has not ended; zero: there is none
	slow   time.Duration
	// messages wait when there are too many at once.
	messages *rate.Limiter

	gone     chan struct{} // closed by Close and CloseWrite
	goneOnce sync.Once
	reading  sync.Mutex // for the read deadline
	cutting  atomic.Bool
	finished chan struct{} // closed at the end of cut

	mu     sync.Mutex
	down   follower   // what LiveKit says
	last   []byte     // our close frame, when it waits for a frame to end
	said   chan error // its end
	ending bool
}

// Clients that are cut off because they are slow. A bad line does that to an honest
// one, too.
var (
	ErrSlow   = &Violation{StatusPolicy, "you do not read what is sent to you"}
	errSlowly = &Violation{StatusPolicy, fmt.Sprintf("a message that took more than %v", messageTimeout)}
)

// Misbehaved reports whether a connection was cut, as [Limits].Cut is told, for what
// no client sends that keeps to the protocol and to its limits. A request that could
// not be checked, because a database does not answer or the server stops, is no
// fault of the client's.
func Misbehaved(why error) bool {
	var v *Violation
	return errors.As(why, &v) && v != ErrSlow && v != errSlowly
}

// New follows a client's connection.
func New(s Socket, b Limits) *Conn {
	c := &Conn{
		Socket: s, limits: b, slow: slowTimeout, messages: rate.NewLimiter(messageRate, messageBurst),
		gone: make(chan struct{}), finished: make(chan struct{}),
	}
	c.guard = guard{
		limits: b, frames: rate.NewLimiter(frameRate, frameBurst), control: rate.NewLimiter(controlRate, controlBurst),
	}
	c.guard.scan.media = b.Media
	c.guard.scan.reset()
	c.up = follower{masked: true, to: &c.guard}
	return c
}

// WriteTo passes on what the client says, until it ends or has to.
func (c *Conn) WriteTo(w io.Writer) (total int64, err error) {
	buffer := make([]byte, readSize)
	for {
		n, err := c.Socket.Read(buffer)
		if n > 0 {
			if err := c.pass(w, buffer[:n]); err != nil {
				return total, err
			}
			total += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF):
			return total, nil
		case errors.Is(err, os.ErrDeadlineExceeded) && !c.began.IsZero() && !c.isGone():
			return total, c.cut(errSlowly)
		case err != nil:
			return total, err
		}
	}
}

// pass looks at a piece and passes it on, a few messages at a time: LiveKit ends
// the connection when 200 wait for it.
func (c *Conn) pass(w io.Writer, p []byte) error {
	for len(p) > 0 {
		n, messages := 0, 0
		for n < len(p) && messages < atOnce {
			took, err := c.up.next(p[n:])
			if err != nil {
				return c.cut(err)
			}
			if n += took; c.up.between() {
				messages++
			}
		}
		if err := c.pace(n, messages); err != nil {
			return err
		}
		if err := c.watchMessage(); err != nil {
			return err
		}
		if _, err := w.Write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// pace waits until so many bytes and messages more may be passed on.
func (c *Conn) pace(n, messages int) error {
	now := time.Now()
	delay := c.messages.ReserveN(now, messages).DelayFrom(now)
	for _, l := range c.limits.Bytes {
		if r := l.ReserveN(now, n); r.OK() {
			delay = max(delay, r.DelayFrom(now))
		}
	}
	if delay == 0 {
		return nil
	}
	if !pause.Unless(c.gone, delay) {
		return net.ErrClosed
	}
	return nil
}

// watchMessage limits the time of a message that has begun.
func (c *Conn) watchMessage() error {
	open := !c.up.between()
	if open == !c.began.IsZero() {
		return nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.isGone() {
		return nil // CloseWrite has set a deadline that stays
	}
	c.began = time.Time{}
	var deadline time.Time
	if open {
		c.began = time.Now()
		deadline = c.began.Add(messageTimeout)
	}
	return c.SetReadDeadline(deadline)
}

// ReadFrom passes on what LiveKit says.
func (c *Conn) ReadFrom(r io.Reader) (total int64, err error) {
	buffer := make([]byte, writeSize)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			if err := c.say(buffer[:n]); err != nil {
				if c.cutting.Load() {
					<-c.finished // who returns closes the connection
				}
				return total, err
			}
			total += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// say writes a piece of what LiveKit says, and our last word where a frame ends.
func (c *Conn) say(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending && c.last == nil {
		return net.ErrClosed
	}
	for len(p) > 0 {
		n := len(p)
		if c.last == nil {
			if err := c.down.follow(p); err != nil {
				return err // no client could read it
			}
		} else {
			var err error
			if n, err = c.down.next(p); err != nil {
				return err
			}
		}
		if err := c.write(p[:n]); err != nil {
			return err
		}
		if p = p[n:]; c.last != nil && c.down.boundary() {
			err := c.write(c.last)
			c.last = nil
			c.said <- err
			return errors.Join(net.ErrClosed, err)
		}
	}
	return nil
}

// write writes within a timeout. c.mu is held.
func (c *Conn) write(p []byte) error {
	timeout := c.slow
	if c.cutting.Load() {
		timeout = endTimeout
	}
	if err := c.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	_, err := c.Socket.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.cutting.Load() {
		c.ending = true
		c.tell(ErrSlow)
		return ErrSlow
	}
	return err
}

// Write implements net.Conn, for the end of a handshake.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.say(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read implements net.Conn. Nobody may read past the guard.
func (c *Conn) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

func (c *Conn) tell(why error) {
	if c.limits.Cut != nil {
		c.limits.Cut(why)
	}
}

// cut tells the client why its connection ends, and waits for a moment until it
// may have read that. It returns why.
func (c *Conn) cut(why error) error {
	var v *Violation
	if !errors.As(why, &v) {
		v = &Violation{StatusPolicy, "a request that is refused"}
	}
	c.cutting.Store(true) // first: ReadFrom waits for the rest, so that whoever proxies does
	defer close(c.finished)
	c.tell(why)
	// A write that is under way to a client that does not read ends, too.
	_ = c.SetWriteDeadline(time.Now().Add(endTimeout))
	said := c.sayLast(closeFrame(v))
	timer := time.NewTimer(endTimeout)
	defer timer.Stop()
	select {
	case err := <-said:
		if err == nil {
			c.linger()
		}
	case <-timer.C:
	}
	return why
}

// sayLast writes the close frame now, or where the frame under way ends.
func (c *Conn) sayLast(frame []byte) <-chan error {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := make(chan error, 1)
	if c.ending {
		said <- net.ErrClosed
		return said
	}
	c.ending = true
	if c.down.boundary() {
		said <- c.write(frame)
		return said
	}
	c.last, c.said = frame, said
	return said
}

// linger reads what is under way: closing before would take our last word back.
func (c *Conn) linger() {
	_ = c.Socket.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(endTimeout))
	_, _ = io.CopyN(io.Discard, c.Socket, maxEnd)
}

func (c *Conn) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// CloseWrite is LiveKit's end.
func (c *Conn) CloseWrite() error {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.goneOnce.Do(func() { close(c.gone) })
	return c.Socket.CloseWrite()
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.goneOnce.Do(func() { close(c.gone) })
	return c.Socket.Close()
}

// guard judges the frames and messages of a client.
type guard struct {
	limits          Limits
	frames, control *rate.Limiter
	scan            scanner
	bytes           int // of the message so far
	fragments       int
	spent           int    // of its cost
	kept            []byte // of a small request
}

func (g *guard) frame(f frame) error {
	if f.control() {
		if !g.control.Allow() {
			return violation(StatusPolicy, "too many control frames")
		}
		return nil
	}
	if !g.frames.Allow() {
		return violation(StatusPolicy, "too many frames")
	}
	if f.op == opText {
		return violation(StatusUnsupported, "text is not supported: send requests as protocol buffers")
	}
	if f.op == opBinary {
		g.scan.reset()
		g.bytes, g.fragments, g.spent, g.kept = 0, 0, 0, g.kept[:0]
	}
	if g.fragments++; g.fragments > maxFragments+g.bytes/fragmentSize {
		return violation(StatusPolicy, "a message in %d small pieces", g.fragments)
	}
	if f.length > 2*MaxMessage || g.bytes+int(f.length) > 2*MaxMessage {
		return violation(StatusTooBig, "a message of more than %d bytes", 2*MaxMessage)
	}
	return nil
}

func (g *guard) payload(p []byte, end bool) error {
	g.bytes += len(p)
	if k := g.scan.kind; k == nil || k.small {
		g.kept = append(g.kept, p...)
	}
	if err := g.scan.scan(p); err != nil {
		return err
	}
	k := g.scan.kind
	if k == nil { // not even its kind is complete
		if !end {
			return nil
		}
		k = nothing
	}
	if g.bytes > k.bytes && k != nothing {
		return violation(StatusTooBig, "%s of more than %d bytes", k.name, k.bytes)
	}
	if err := g.spend(k.costOf(g.bytes)); err != nil {
		return err
	}
	if !end {
		return nil
	}
	if err := g.scan.end(); err != nil {
		return err
	}
	if !k.small {
		return nil
	}
	return g.look()
}

// spend charges what the message costs so far.
func (g *guard) spend(cost int) error {
	more := cost - g.spent
	g.spent = cost
	own := min(max(more, 0), g.limits.Own)
	g.limits.Own -= own
	more -= own
	if more > 0 && g.limits.Work != nil && !g.limits.Work.AllowN(time.Now(), more) {
		return violation(StatusPolicy, "too many requests")
	}
	return nil
}

// look unmarshals a small request.
func (g *guard) look() error {
	var m livekit.SignalRequest
	if proto.Unmarshal(g.kept, &m) != nil {
		return errMalformed
	}
	if cap(g.kept) > readSize {
		g.kept = nil
	}
	if err := Check(&m); err != nil {
		return err
	}
	if g.limits.Inspect != nil {
		return g.limits.Inspect(&m)
	}
	return nil
}
