package connwatch

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/client/roster"
	"foyer/engine/doorapi"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/stream"
	"foyer/engine/internal/pause"
)

const (
	// LostAfter is how long a socket may be gone before the room is told: a
	// leave has reached LiveKit by then, and a resumption has begun.
	LostAfter = 300 * time.Millisecond
	// lossTimeout is how long a loss is remembered; LiveKit gives up after 20 s.
	lossTimeout = 2 * time.Minute
	// newerBy is how much later than the socket a participant must have joined to
	// count as a different connection: the clocks of nodes and doors differ.
	newerBy = 2 * time.Second
)

// Watch watches the sockets of clients and tells their rooms when one is lost and
// when it is back: LiveKit takes a while to notice that a process has died. It may
// be used from any goroutine.
type Watch struct {
	// find returns who is in the room, or call.ErrAlreadyGone.
	find func(context.Context, roomservice.Place) (*livekit.ParticipantInfo, error)
	// tell sends a notice to the room.
	tell func(context.Context, roomservice.Place, doorapi.NoticeKind)
	// always tells the room of everybody who is back: another door may have told the
	// loss.
	always bool

	ctx    context.Context //nolint:containedctx // ends with the door
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[roomservice.Place]*watched
}

// watched is what is known of somebody's sockets.
type watched struct {
	coming  int // connects that LiveKit has not answered yet
	sockets int
	began   time.Time     // of the newest socket
	ends    int           // how often the last of them has ended
	turn    chan struct{} // has one slot: notices of one person go in their order
	lost    time.Time     // when the room was told; zero: it was not
}

// here reports whether somebody has a socket, or is about to.
func (w *watched) here() bool { return w.sockets > 0 || w.coming > 0 }

// Visit is one connect.
type Visit struct {
	l       *Watch
	p       roomservice.Place
	w       *watched
	resumes bool
	opened  bool
	ended   bool
}

// New makes a watch. find returns who is in a room, or call.ErrAlreadyGone; tell
// sends a notice about somebody to their room; always tells of everybody who is
// back, because another door may have told the loss.
func New(
	find func(context.Context, roomservice.Place) (*livekit.ParticipantInfo, error),
	tell func(context.Context, roomservice.Place, doorapi.NoticeKind), always bool,
) *Watch {
	l := &Watch{find: find, tell: tell, always: always, open: map[roomservice.Place]*watched{}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// Visit notes a connect that is passed on to LiveKit. Its End must be called.
func (l *Watch) Visit(p roomservice.Place, resumes bool) *Visit {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget()
	w := l.open[p]
	if w == nil {
		w = &watched{turn: make(chan struct{}, 1)}
		l.open[p] = w
	}
	w.coming++
	return &Visit{l: l, p: p, w: w, resumes: resumes}
}

// open notes that LiveKit has let the connect in.
func (v *Visit) open() {
	l, w := v.l, v.w
	l.mu.Lock()
	defer l.mu.Unlock()
	v.opened = true
	w.coming--
	w.sockets++
	w.began = time.Now()
	if !w.lost.IsZero() || l.always && v.resumes {
		l.do(w, func(ctx context.Context) { l.tell(ctx, v.p, doorapi.NoticeBack) })
	}
	w.lost = time.Time{}
}

// End notes that the connect is over. It may be called more than once.
func (v *Visit) End() {
	l, w := v.l, v.w
	l.mu.Lock()
	defer l.mu.Unlock()
	if v.ended {
		return
	}
	v.ended = true
	if v.opened {
		w.sockets--
	} else {
		w.coming--
	}
	if w.here() || !w.lost.IsZero() {
		return // a newer one has taken over, or the room knows already
	}
	w.ends++
	end := w.ends
	l.do(w, func(ctx context.Context) {
		if pause.For(ctx, LostAfter) == nil && l.missing(ctx, v.p, w, end) {
			l.tell(ctx, v.p, doorapi.NoticeLost)
		}
		l.drop(v.p, w)
	})
}

// missing reports whether somebody is in the room and has had no socket since that
// end of theirs, and notes that the room is told so. Somebody who came and went
// meanwhile has a later end, which gets its own time.
func (l *Watch) missing(ctx context.Context, p roomservice.Place, w *watched, end int) bool {
	began, alone := l.alone(w, end)
	if !alone {
		return false
	}
	info, err := l.find(ctx, p)
	if err != nil || info.GetState() == livekit.ParticipantInfo_DISCONNECTED ||
		roster.JoinedAt(info).After(began.Add(newerBy)) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.here() || w.ends != end {
		return false
	}
	w.lost = time.Now()
	return true
}

// alone reports whether somebody had a socket and has had none since that end.
func (l *Watch) alone(w *watched, end int) (began time.Time, alone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return w.began, !w.here() && w.ends == end && w.lost.IsZero() && !w.began.IsZero()
}

// drop forgets who has left.
func (l *Watch) drop(p roomservice.Place, w *watched) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !w.here() && w.lost.IsZero() && l.open[p] == w {
		delete(l.open, p)
	}
}

// forget drops participants who will not come back. l.mu is held.
func (l *Watch) forget() {
	const look = 64 // entries at a time; a map's order is random
	n := 0
	for p, w := range l.open {
		if n++; n > look {
			return
		}
		if !w.here() && !w.lost.IsZero() && time.Since(w.lost) > lossTimeout {
			delete(l.open, p)
		}
	}
}

// do runs f in its turn beside the caller. l.mu is held.
func (l *Watch) do(w *watched, f func(context.Context)) {
	if l.closed {
		return
	}
	l.group.Go(func() {
		select {
		case w.turn <- struct{}{}:
			defer func() { <-w.turn }()
			f(l.ctx)
		case <-l.ctx.Done():
		}
	})
}

// Close ends the watch and waits for its goroutines.
func (l *Watch) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.group.Wait()
}

// HijackWriter is a response whose connection can be taken over.
type HijackWriter interface {
	http.ResponseWriter
	http.Hijacker
}

// Writer hands out connections whose end is noticed when the client's side
// ends, or LiveKit's, and whose client is held to its limits.
type Writer struct {
	HijackWriter
	Visit  *Visit
	Limits stream.Limits
}

// Hijack implements http.Hijacker.
func (w Writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffer, err := w.HijackWriter.Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.Visit.open()
	socket, ok := conn.(stream.Socket)
	if !ok {
		return nil, nil, errors.Join(http.ErrNotSupported, conn.Close())
	}
	return stream.New(watchedConn{socket, w.Visit}, w.Limits), buffer, nil
}

type watchedConn struct {
	stream.Socket
	visit *Visit
}

// Read implements net.Conn.
func (c watchedConn) Read(p []byte) (int, error) {
	n, err := c.Socket.Read(p)
	if err != nil {
		c.visit.End()
	}
	return n, err
}

// CloseWrite is LiveKit's end.
func (c watchedConn) CloseWrite() error {
	c.visit.End()
	return c.Socket.CloseWrite()
}

// Close implements net.Conn.
func (c watchedConn) Close() error {
	c.visit.End()
	return c.Socket.Close()
}
