package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/door"
)

const (
	protocolVersion = 17        // S rtc/types/protocol_version.go
	clientProtocol  = 2         // livekit-client src/version.ts: texts in stream headers
	sdkVersion      = "2.4.0"   // from here on the server uses SCTP zero checksums
	maxFrame        = 4 << 20   // bytes of one message; a roster of thousands fits
	maxHandshake    = 256 << 10 // bytes before the upgrade is done: certificates and headers
	outQueue        = 256       // messages that wait for the socket
	writeTimeout    = 5 * time.Second
	binaryMessage   = websocket.BinaryMessage
)

// entry says how to enter: anew, or resuming the participant sid.
type entry struct {
	sid     string
	reason  livekit.ReconnectReason
	version string
}

func (e entry) resuming() bool { return e.sid != "" }

// wire is one websocket to a LiveKit server. The reader and the writer are
// goroutines of the session; send, close and abandon may be called from any.
type wire struct {
	conn      *websocket.Conn
	out       chan []byte
	quit      chan struct{}
	closeOnce sync.Once
	closeWait time.Duration
	trace     func(sent bool, frame proto.Message) // may be nil
}

// openWire dials and upgrades. A cancelled ctx closes the socket at once,
// whatever it is waiting for.
func (d *Dialer) openWire(ctx context.Context, t credentials, e entry) (*wire, error) {
	e.version = d.version
	address, err := entryURL(t, e)
	if err != nil {
		return nil, err
	}
	config := t.tls
	if config == nil {
		config = public()
	}
	config = config.Clone()
	config.ClientSessionCache = d.sessions
	hs := &handshake{ctx: ctx}
	dialer := websocket.Dialer{
		TLSClientConfig: config, NetDialContext: hs.dial,
		ReadBufferSize: 8 << 10, WriteBufferSize: 8 << 10,
		// No permessage-deflate: its read limit counts compressed bytes only.
	}
	if t.tls == nil {
		dialer.Proxy = http.ProxyFromEnvironment
	}
	header := http.Header{"Authorization": {"Bearer " + t.token}}
	conn, resp, err := dialer.DialContext(ctx, address, header)
	if err != nil {
		return nil, upgradeError(ctx, resp, err)
	}
	if !hs.finish() {
		conn.Close()
		return nil, door.ConnectError(ctx.Err())
	}
	conn.SetReadLimit(maxFrame)
	return &wire{
		conn: conn, out: make(chan []byte, outQueue), quit: make(chan struct{}), closeWait: d.limits.closeWait,
		trace: d.trace,
	}, nil
}

func upgradeError(ctx context.Context, resp *http.Response, err error) error {
	switch {
	case ctx.Err() != nil:
		return door.ConnectError(ctx.Err())
	case errors.Is(err, websocket.ErrBadHandshake) && resp != nil:
		body, _ := io.ReadAll(io.LimitReader(resp.Body, door.MaxWebSocketRefusal))
		return statusError(resp.StatusCode, body)
	default:
		return door.ConnectError(err)
	}
}

// entryURL is the address with everything but the token, which travels as a
// header so that no proxy writes it into its log.
func entryURL(t credentials, e entry) (string, error) {
	u, err := url.Parse(t.base)
	if err != nil || u.Host == "" || (u.Scheme != "ws" && u.Scheme != "wss") {
		return "", fmt.Errorf("%w: server address", call.ErrBadArgument)
	}
	q := url.Values{}
	if t.dual {
		u = u.JoinPath("rtc")
		q.Set("auto_subscribe", "false")
		q.Set("sdk", "go")
		q.Set("version", sdkVersion)
		q.Set("protocol", strconv.Itoa(protocolVersion))
		q.Set("client_protocol", strconv.Itoa(clientProtocol))
		q.Set("os", runtime.GOOS)
		if e.resuming() {
			q.Set("reconnect", "1")
			q.Set("sid", e.sid)
			q.Set("reconnect_reason", strconv.Itoa(int(e.reason)))
		}
	} else {
		u = u.JoinPath("rtc", "v1")
		wrapped, err := joinRequest(e)
		if err != nil {
			return "", err
		}
		q.Set("join_request", wrapped)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func joinRequest(e entry) (string, error) {
	others := "foyer"
	if e.version != "" {
		others += ":" + e.version
	}
	inner, err := proto.Marshal(&livekit.JoinRequest{
		ClientInfo: &livekit.ClientInfo{
			Sdk: livekit.ClientInfo_GO, Version: sdkVersion, Protocol: protocolVersion, Os: runtime.GOOS, OtherSdks: others,
			ClientProtocol: clientProtocol,
			Capabilities:   []livekit.ClientInfo_Capability{livekit.ClientInfo_CAP_COMPRESSION_DEFLATE_RAW},
		},
		ConnectionSettings: &livekit.ConnectionSettings{}, // nothing comes that we have not asked for
		Reconnect:          e.resuming(),
		ReconnectReason:    e.reason,
		ParticipantSid:     e.sid,
	})
	if err != nil {
		return "", fmt.Errorf("write the join request: %w", err)
	}
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	if err != nil {
		return "", fmt.Errorf("wrap the join request: %w", err)
	}
	return base64.URLEncoding.EncodeToString(outer), nil
}

// handshake makes gorilla's dialing bounded: it closes the socket when the
// context ends and limits what is read before the upgrade is done.
type handshake struct {
	ctx  context.Context //nolint:containedctx // lives as long as one dial
	conn *countedConn
	stop func() bool
}

func (h *handshake) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	h.conn = &countedConn{Conn: raw}
	h.conn.left.Store(maxHandshake)
	h.stop = context.AfterFunc(h.ctx, func() { raw.Close() })
	return h.conn, nil
}

// finish lifts the limits; false means that the context has ended meanwhile.
func (h *handshake) finish() bool {
	h.conn.open.Store(true)
	return h.stop()
}

type countedConn struct {
	net.Conn
	left atomic.Int64
	open atomic.Bool
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.open.Load() && c.left.Add(int64(-n)) < 0 {
		return 0, fmt.Errorf("%w: endless handshake", call.ErrServerGarbage)
	}
	return n, err
}

// joinedMessage is the server's first message: one of the two is set.
type joinedMessage struct {
	join      *livekit.JoinResponse
	reconnect *livekit.ReconnectResponse
}

// refusedError is a leave as the first message: the server takes it back.
type refusedError struct{ leave *livekit.LeaveRequest }

func (e *refusedError) Error() string {
	return fmt.Sprintf("server says leave: %v, %v", e.leave.GetReason(), e.leave.GetAction())
}

// first reads the message that must come first (SignalResponse in livekit_rtc.proto).
func (w *wire) first(ctx context.Context) (*joinedMessage, error) {
	stop := context.AfterFunc(ctx, func() { w.conn.NetConn().Close() })
	defer stop()
	msg, err := w.read()
	if ctx.Err() != nil {
		return nil, door.ConnectError(ctx.Err())
	}
	if err != nil {
		return nil, firstError(err)
	}
	switch m := msg.GetMessage().(type) {
	case *livekit.SignalResponse_Join:
		if m.Join.GetParticipant().GetSid() == "" || m.Join.GetRoom().GetName() == "" {
			return nil, fmt.Errorf("%w: a join without participant or room", call.ErrServerGarbage)
		}
		return &joinedMessage{join: m.Join}, nil
	case *livekit.SignalResponse_Reconnect:
		return &joinedMessage{reconnect: m.Reconnect}, nil
	case *livekit.SignalResponse_Leave:
		return nil, &refusedError{leave: m.Leave}
	default:
		return nil, fmt.Errorf("%w: first message is %T", call.ErrServerGarbage, m)
	}
}

func firstError(err error) error {
	if errors.Is(err, call.ErrCutOff) {
		return err
	}
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		if closed.Code == websocket.CloseAbnormalClosure {
			return fmt.Errorf("%w: it hung up", call.ErrUnreachable)
		}
		return fmt.Errorf("%w: it hung up", call.ErrRefused)
	}
	return door.ConnectError(err)
}

// read reads one message. Everything that is not a SignalResponse wraps
// call.ErrServerGarbage.
func (w *wire) read() (*livekit.SignalResponse, error) {
	kind, data, err := w.conn.ReadMessage()
	if err != nil {
		if errors.Is(err, websocket.ErrReadLimit) {
			return nil, fmt.Errorf("%w: message over %d bytes", call.ErrServerGarbage, maxFrame)
		}
		return nil, cutOff(err)
	}
	if kind != binaryMessage {
		return nil, fmt.Errorf("%w: text message", call.ErrServerGarbage)
	}
	msg, err := parseFrame(data)
	if err == nil && w.trace != nil {
		w.trace(false, msg)
	}
	return msg, err
}

// cutOff is a *call.CutOffError for the close of a server that finds fault with
// what we sent; any other error stays.
func cutOff(err error) error {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return err
	}
	switch closed.Code {
	case websocket.CloseProtocolError, websocket.CloseUnsupportedData, websocket.ClosePolicyViolation, websocket.CloseMessageTooBig:
		return &call.CutOffError{Text: strings.TrimRight(strings.Join(strings.Fields(call.CleanRemovalText(closed.Text)), " "), ".")}
	}
	return err
}

func parseFrame(data []byte) (*livekit.SignalResponse, error) {
	msg := &livekit.SignalResponse{}
	if !countable(data, msg.ProtoReflect().Descriptor()) {
		return nil, fmt.Errorf("%w: more than %d parts in one message", call.ErrServerGarbage, maxParts)
	}
	if err := proto.Unmarshal(data, msg); err != nil {
		return nil, fmt.Errorf("%w: not a signal message", call.ErrServerGarbage)
	}
	return msg, nil
}

// readLoop hands on every message until the socket ends, then says why.
func (w *wire) readLoop(onMessage func(*livekit.SignalResponse), onClosed func(error)) {
	for {
		msg, err := w.read()
		if err != nil {
			onClosed(err)
			w.conn.Close()
			return
		}
		onMessage(msg)
	}
}

// writeLoop sends what is queued until close, then says goodbye and closes the
// socket, which ends the reader.
func (w *wire) writeLoop() {
	defer w.conn.Close()
	for {
		select {
		case data := <-w.out:
			if !w.write(data, writeTimeout) {
				return
			}
		case <-w.quit:
			w.drain()
			return
		}
	}
}

func (w *wire) drain() {
	deadline := time.Now().Add(w.closeWait)
	for time.Now().Before(deadline) {
		select {
		case data := <-w.out:
			if !w.write(data, time.Until(deadline)) {
				return
			}
			continue
		default:
		}
		bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = w.conn.WriteControl(websocket.CloseMessage, bye, deadline) // the socket is closed anyway
		return
	}
}

func (w *wire) write(data []byte, timeout time.Duration) bool {
	if w.conn.SetWriteDeadline(time.Now().Add(timeout)) != nil {
		return false
	}
	return w.conn.WriteMessage(binaryMessage, data) == nil
}

var errQueueFull = errors.New("signal connection is congested")

// send queues a message. It never blocks.
func (w *wire) send(msg *livekit.SignalRequest) error {
	data, err := proto.Marshal(msg)
	if err != nil {
		return fmt.Errorf("write a signal message: %w", err)
	}
	select {
	case w.out <- data:
		if w.trace != nil {
			w.trace(true, msg)
		}
		return nil
	default:
		return errQueueFull
	}
}

// close lets the writer send what is queued and close the socket.
func (w *wire) close() { w.closeOnce.Do(func() { close(w.quit) }) }

// abandon closes a socket whose loops were never started.
func (w *wire) abandon() { w.conn.Close() }

// peerIP is the server's address as the socket knows it, nil if it has none.
func (w *wire) peerIP() net.IP {
	host, _, err := net.SplitHostPort(w.conn.RemoteAddr().String())
	if err != nil {
		return nil
	}
	return net.ParseIP(host)
}
