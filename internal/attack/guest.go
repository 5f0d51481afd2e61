package attack

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

const (
	keptAnswers = 512              // of the server's, the newest
	leaveLimit  = 2 * time.Second  // until a server that was told so lets go
	sayLimit    = 10 * time.Second // until a server has read a message
)

// JoinPath is LiveKit's newer way in, with one connection for media.
const JoinPath = "/rtc/v1"

// Packed is the query of a join at [JoinPath]. nil joins as one who sees nobody.
func Packed(q *livekit.JoinRequest) string {
	if q == nil {
		q = &livekit.JoinRequest{
			ClientInfo:         &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17, Version: "2.4.0"},
			ConnectionSettings: &livekit.ConnectionSettings{},
		}
	}
	inner, _ := proto.Marshal(q) // values of ours: they can be written
	return PackedAs(inner, livekit.WrappedJoinRequest_NONE)
}

// PackedAs is one whose inner part is as it is.
func PackedAs(inner []byte, how livekit.WrappedJoinRequest_Compression) string {
	outer, _ := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner, Compression: how})
	return Query("join_request", base64.URLEncoding.EncodeToString(outer))
}

// Guest is a participant who keeps to LiveKit's protocol as far as the server
// insists. Its methods may be called from any goroutine.
type Guest struct {
	Door  Door
	ID    call.Identity
	Token string
	// Deflated says that the server has agreed to [Door.Deflate].
	Deflated bool

	ws      *websocket.Conn
	writing sync.Mutex // a WebSocket takes one message at a time
	media   media

	mu      sync.Mutex
	answers []*livekit.SignalResponse // the newest
	seen    int                       // all, with those that were dropped
	changed chan struct{}             // closed and replaced with every answer
	refresh string
	sid     string
	cut     error // why the socket has ended
	done    chan struct{}
}

// Enter joins with a token. A refusal is a [*RefusedError].
func (d Door) Enter(ctx context.Context, id call.Identity, token string) (*Guest, error) {
	return d.EnterBy(ctx, id, token, JoinPath, Packed(nil))
}

// EnterBy joins by another path or with another query.
func (d Door) EnterBy(ctx context.Context, id call.Identity, token, path, query string) (*Guest, error) {
	ws, a, err := d.Socket(ctx, path, query, token, nil)
	switch {
	case err != nil:
		return nil, err
	case ws == nil:
		return nil, &RefusedError{a}
	}
	agreed := a.Header.Get("Sec-WebSocket-Extensions") != ""
	g := &Guest{
		Door: d, ID: id, Token: token, Deflated: agreed,
		ws: ws, changed: make(chan struct{}), done: make(chan struct{}),
	}
	go g.read()
	if _, err := g.Hear(ctx, func(m *livekit.SignalResponse) bool { return m.GetJoin() != nil }); err != nil {
		g.Close()
		return nil, fmt.Errorf("%s is not told that it is in: %w", id, err)
	}
	return g, nil
}

// Come admits somebody by an invitation and lets them join.
func (d Door) Come(ctx context.Context, p Person, link call.Link) (*Guest, error) {
	a, err := d.Admit(ctx, p, link)
	if err != nil {
		return nil, err
	}
	return d.Enter(ctx, p.ID, a.Token)
}

func (g *Guest) read() {
	defer close(g.done)
	for {
		_, raw, err := g.ws.ReadMessage()
		if err != nil {
			g.mu.Lock()
			g.cut = err
			g.mu.Unlock()
			return
		}
		m := &livekit.SignalResponse{}
		if proto.Unmarshal(raw, m) == nil {
			g.note(m)
			g.media.answer(m)
		}
	}
}

func (g *Guest) note(m *livekit.SignalResponse) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t := m.GetRefreshToken(); t != "" {
		g.refresh = t
	}
	if p := m.GetJoin().GetParticipant(); p != nil {
		g.sid = p.GetSid()
	}
	g.answers = append(g.answers, m)
	g.seen++
	if len(g.answers) > keptAnswers {
		g.answers = append(g.answers[:0], g.answers[1:]...)
	}
	close(g.changed)
	g.changed = make(chan struct{})
}

// Hear returns the first answer of the server's for which match holds, among
// those that are remembered and those to come.
func (g *Guest) Hear(ctx context.Context, match func(*livekit.SignalResponse) bool) (*livekit.SignalResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	for next := 0; ; {
		g.mu.Lock()
		first := g.seen - len(g.answers)
		fresh, changed := g.answers[max(0, next-first):], g.changed
		fresh = append([]*livekit.SignalResponse(nil), fresh...)
		next = g.seen
		g.mu.Unlock()
		for _, m := range fresh {
			if match(m) {
				return m, nil
			}
		}
		select {
		case <-changed:
		case <-g.done:
			return nil, fmt.Errorf("the server hung up: %w", g.Cut())
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Heard reports whether the server has said something for which match holds.
func (g *Guest) Heard(match func(*livekit.SignalResponse) bool) bool {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := g.Hear(over, match)
	return err == nil
}

// SID is the participant's, and Refreshed the token that the server gave last.
func (g *Guest) SID() string { return g.locked(&g.sid) }

// Refreshed is the token that the server gave last, empty if it gave none.
func (g *Guest) Refreshed() string { return g.locked(&g.refresh) }

func (g *Guest) locked(s *string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return *s
}

// Done is closed when the server has hung up, or Close was called.
func (g *Guest) Done() <-chan struct{} { return g.done }

// Cut is why the socket has ended, after Done.
func (g *Guest) Cut() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cut
}

// In reports whether the socket is open.
func (g *Guest) In() bool {
	select {
	case <-g.done:
		return false
	default:
		return true
	}
}

// Say sends a message.
func (g *Guest) Say(m *livekit.SignalRequest) error {
	raw, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	return g.SayRaw(websocket.BinaryMessage, raw)
}

// SayRaw sends a message as it is.
func (g *Guest) SayRaw(kind int, raw []byte) error {
	g.writing.Lock()
	defer g.writing.Unlock()
	if err := g.ws.SetWriteDeadline(time.Now().Add(sayLimit)); err != nil {
		return err
	}
	return g.ws.WriteMessage(kind, raw)
}

// Conn is the connection below the WebSocket, for frames that no library writes.
func (g *Guest) Conn() net.Conn { return g.ws.NetConn() }

// Leave says goodbye and closes everything.
func (g *Guest) Leave() {
	_ = g.Say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED, Action: livekit.LeaveRequest_DISCONNECT,
	}}}) // after a cut nobody hears it
	timer := time.NewTimer(leaveLimit)
	defer timer.Stop()
	select {
	case <-g.done:
	case <-timer.C:
	}
	g.Close()
}

// Close closes everything without a word.
func (g *Guest) Close() {
	_ = g.ws.Close()
	<-g.done
	g.media.close()
}

// errStays says that a server did not hang up.
var errStays = errors.New("the server does not hang up")

// AwaitCut waits until the server has hung up.
func (g *Guest) AwaitCut(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-g.done:
		return nil
	case <-ctx.Done():
		return errStays
	}
}
