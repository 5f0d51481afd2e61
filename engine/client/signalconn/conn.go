package signalconn

import (
	"context"
	"crypto/tls"
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
	"foyer/engine/doorclient"
)

// ClientProtocol tells the server and the others which forms of data we read: texts
// in stream headers (livekit-client src/version.ts).
const ClientProtocol = 2

const (
	protocolVersion = 17        // livekit-server, pkg/rtc/types/protocol_version.go
	sdkVersion      = "2.4.0"   // from here on the server uses SCTP zero checksums
	maxFrame        = 4 << 20   // bytes of one message; a roster of thousands fits
	maxHandshake    = 256 << 10 // bytes before the upgrade is done: certificates and headers
	outQueue        = 256       // messages that wait for the socket
	writeTimeout    = 5 * time.Second
	binaryMessage   = websocket.BinaryMessage
)

// Config says where to connect, and as what.
type Config struct {
	URL         string // ws:// or wss:// address of the server, without query
	Token       string
	TLS         *tls.Config                          // nil: that of the public internet
	TLSSessions tls.ClientSessionCache               // may be nil
	Conn        net.Conn                             // used in place of a new one; closed if Dial fails; may be nil
	Dual        bool                                 // two PeerConnections, for older servers
	Version     string                               // of the program; may be empty
	CloseWait   time.Duration                        // to get the last message out
	Trace       func(sent bool, frame proto.Message) // may be nil
}

// Entry says how to enter a room: anew, or resuming the participant SID.
type Entry struct {
	SID    string
	Reason livekit.ReconnectReason
}

// Resuming reports whether a participant is resumed.
func (e Entry) Resuming() bool { return e.SID != "" }

// Conn is one websocket to a LiveKit server. ReadLoop and WriteLoop are for a
// goroutine each; Send, Close and Abandon may be called from any.
type Conn struct {
	conn      *websocket.Conn
	out       chan []byte
	quit      chan struct{}
	closeOnce sync.Once
	closeWait time.Duration
	trace     func(sent bool, frame proto.Message) // may be nil
}

// Dial connects and upgrades. A cancelled ctx closes the socket at once, whatever
// it is waiting for. The error wraps [ErrNoSuchPath] if the server does not know the
// path of a single PeerConnection.
func Dial(ctx context.Context, c Config, e Entry) (_ *Conn, err error) {
	defer func() {
		if err != nil && c.Conn != nil {
			_ = c.Conn.Close()
		}
	}()
	address, err := entryURL(c, e)
	if err != nil {
		return nil, err
	}
	config := c.TLS
	if config == nil {
		config = public()
	}
	config = config.Clone()
	config.ClientSessionCache = c.TLSSessions
	hs := &handshake{ctx: ctx}
	dialer := websocket.Dialer{
		TLSClientConfig: config, NetDialContext: hs.dial,
		ReadBufferSize: 8 << 10, WriteBufferSize: 8 << 10,
		// No permessage-deflate: its read limit counts compressed bytes only.
	}
	if c.Conn != nil {
		dialer.NetDialTLSContext = func(context.Context, string, string) (net.Conn, error) { return hs.watch(c.Conn), nil }
	}
	if c.TLS == nil {
		dialer.Proxy = http.ProxyFromEnvironment
	}
	header := http.Header{"Authorization": {"Bearer " + c.Token}}
	conn, resp, err := dialer.DialContext(ctx, address, header)
	if err != nil {
		return nil, upgradeError(ctx, resp, err)
	}
	if !hs.finish() {
		conn.Close()
		return nil, doorclient.ConnectError(ctx.Err())
	}
	conn.SetReadLimit(maxFrame)
	return &Conn{
		conn: conn, out: make(chan []byte, outQueue), quit: make(chan struct{}), closeWait: c.CloseWait, trace: c.Trace,
	}, nil
}

func upgradeError(ctx context.Context, resp *http.Response, err error) error {
	switch {
	case ctx.Err() != nil:
		return doorclient.ConnectError(ctx.Err())
	case errors.Is(err, websocket.ErrBadHandshake) && resp != nil:
		body, _ := io.ReadAll(io.LimitReader(resp.Body, doorclient.MaxWebSocketRefusal))
		return statusError(resp.StatusCode, body)
	default:
		return doorclient.ConnectError(err)
	}
}

// entryURL is the address with everything but the token, which travels as a
// header so that no proxy writes it into its log.
func entryURL(c Config, e Entry) (string, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || (u.Scheme != "ws" && u.Scheme != "wss") {
		return "", fmt.Errorf("%w: server address", call.ErrBadArgument)
	}
	q := url.Values{}
	if c.Dual {
		u = u.JoinPath("rtc")
		q.Set("auto_subscribe", "false")
		q.Set("sdk", "go")
		q.Set("version", sdkVersion)
		q.Set("protocol", strconv.Itoa(protocolVersion))
		q.Set("client_protocol", strconv.Itoa(ClientProtocol))
		q.Set("os", runtime.GOOS)
		if e.Resuming() {
			q.Set("reconnect", "1")
			q.Set("sid", e.SID)
			q.Set("reconnect_reason", strconv.Itoa(int(e.Reason)))
		}
	} else {
		u = u.JoinPath("rtc", "v1")
		wrapped, err := joinRequest(e, c.Version)
		if err != nil {
			return "", err
		}
		q.Set("join_request", wrapped)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func joinRequest(e Entry, version string) (string, error) {
	others := "foyer"
	if version != "" {
		others += ":" + version
	}
	inner, err := proto.Marshal(&livekit.JoinRequest{
		ClientInfo: &livekit.ClientInfo{
			Sdk: livekit.ClientInfo_GO, Version: sdkVersion, Protocol: protocolVersion, Os: runtime.GOOS, OtherSdks: others,
			ClientProtocol: ClientProtocol,
			Capabilities:   []livekit.ClientInfo_Capability{livekit.ClientInfo_CAP_COMPRESSION_DEFLATE_RAW},
		},
		ConnectionSettings: &livekit.ConnectionSettings{}, // nothing comes that we have not asked for
		Reconnect:          e.Resuming(),
		ReconnectReason:    e.Reason,
		ParticipantSid:     e.SID,
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
	conn *byteCountingConn
	stop func() bool
}

func (h *handshake) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return h.watch(raw), nil
}

// watch limits what happens on a connection until finish.
func (h *handshake) watch(raw net.Conn) net.Conn {
	h.conn = &byteCountingConn{Conn: raw}
	h.conn.left.Store(maxHandshake)
	h.stop = context.AfterFunc(h.ctx, func() { raw.Close() })
	return h.conn
}

// finish lifts the limits; false means that the context has ended meanwhile.
func (h *handshake) finish() bool {
	h.conn.open.Store(true)
	return h.stop()
}

type byteCountingConn struct {
	net.Conn
	left atomic.Int64
	open atomic.Bool
}

func (c *byteCountingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.open.Load() && c.left.Add(int64(-n)) < 0 {
		return 0, fmt.Errorf("%w: endless handshake", call.ErrServerGarbage)
	}
	return n, err
}

// Joined is the server's first message: one of the two is set.
type Joined struct {
	Join      *livekit.JoinResponse
	Reconnect *livekit.ReconnectResponse
}

// LeaveError is a leave as the first message: the server takes it back.
type LeaveError struct{ Leave *livekit.LeaveRequest }

func (e *LeaveError) Error() string {
	return fmt.Sprintf("server says leave: %v, %v", e.Leave.GetReason(), e.Leave.GetAction())
}

// First reads the message that must come first (SignalResponse in livekit_rtc.proto).
func (c *Conn) First(ctx context.Context) (*Joined, error) {
	stop := context.AfterFunc(ctx, func() { c.conn.NetConn().Close() })
	defer stop()
	msg, err := c.read()
	if ctx.Err() != nil {
		return nil, doorclient.ConnectError(ctx.Err())
	}
	if err != nil {
		return nil, firstError(err)
	}
	switch m := msg.GetMessage().(type) {
	case *livekit.SignalResponse_Join:
		if m.Join.GetParticipant().GetSid() == "" || m.Join.GetRoom().GetName() == "" {
			return nil, fmt.Errorf("%w: a join without participant or room", call.ErrServerGarbage)
		}
		return &Joined{Join: m.Join}, nil
	case *livekit.SignalResponse_Reconnect:
		return &Joined{Reconnect: m.Reconnect}, nil
	case *livekit.SignalResponse_Leave:
		return nil, &LeaveError{Leave: m.Leave}
	default:
		return nil, fmt.Errorf("%w: first message is %T", call.ErrServerGarbage, m)
	}
}

func firstError(err error) error {
	if errors.Is(err, call.ErrCutOff) {
		return err
	}
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		if closed.Code == websocket.CloseAbnormalClosure {
			return fmt.Errorf("%w: it hung up", call.ErrUnreachable)
		}
		return fmt.Errorf("%w: it hung up", call.ErrRefused)
	}
	return doorclient.ConnectError(err)
}

// read reads one message. Everything that is not a SignalResponse wraps
// call.ErrServerGarbage.
func (c *Conn) read() (*livekit.SignalResponse, error) {
	kind, data, err := c.conn.ReadMessage()
	if err != nil {
		if errors.Is(err, websocket.ErrReadLimit) {
			return nil, fmt.Errorf("%w: message over %d bytes", call.ErrServerGarbage, maxFrame)
		}
		return nil, cutOff(err)
	}
	if kind != binaryMessage {
		return nil, fmt.Errorf("%w: text message", call.ErrServerGarbage)
	}
	msg, err := ParseFrame(data)
	if err == nil && c.trace != nil {
		c.trace(false, msg)
	}
	return msg, err
}

// cutOff is a *call.CutOffError for the close of a server that finds fault with
// what we sent; any other error stays.
func cutOff(err error) error {
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok {
		return err
	}
	switch closed.Code {
	case websocket.CloseProtocolError, websocket.CloseUnsupportedData, websocket.ClosePolicyViolation,
		websocket.CloseMessageTooBig:
		line := strings.Join(strings.Fields(call.CleanRemovalText(closed.Text)), " ")
		return &call.CutOffError{Text: strings.TrimRight(line, ".")}
	}
	return err
}

// ParseFrame reads one message. It refuses one of more parts than any room has.
func ParseFrame(data []byte) (*livekit.SignalResponse, error) {
	msg := &livekit.SignalResponse{}
	if !countable(data, msg.ProtoReflect().Descriptor()) {
		return nil, fmt.Errorf("%w: more than %d parts in one message", call.ErrServerGarbage, maxParts)
	}
	if err := proto.Unmarshal(data, msg); err != nil {
		return nil, fmt.Errorf("%w: not a signal message", call.ErrServerGarbage)
	}
	return msg, nil
}

// ReadLoop hands on every message until the socket ends, then says why.
func (c *Conn) ReadLoop(onMessage func(*livekit.SignalResponse), onClosed func(error)) {
	for {
		msg, err := c.read()
		if err != nil {
			onClosed(err)
			c.conn.Close()
			return
		}
		onMessage(msg)
	}
}

// WriteLoop sends what is queued until close, then says goodbye and closes the
// socket, which ends the reader.
func (c *Conn) WriteLoop() {
	defer c.conn.Close()
	for {
		select {
		case data := <-c.out:
			if !c.write(data, writeTimeout) {
				return
			}
		case <-c.quit:
			c.drain()
			return
		}
	}
}

func (c *Conn) drain() {
	deadline := time.Now().Add(c.closeWait)
	for time.Now().Before(deadline) {
		select {
		case data := <-c.out:
			if !c.write(data, time.Until(deadline)) {
				return
			}
			continue
		default:
		}
		bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = c.conn.WriteControl(websocket.CloseMessage, bye, deadline) // the socket is closed anyway
		return
	}
}

func (c *Conn) write(data []byte, timeout time.Duration) bool {
	if c.conn.SetWriteDeadline(time.Now().Add(timeout)) != nil {
		return false
	}
	return c.conn.WriteMessage(binaryMessage, data) == nil
}

// ErrQueueFull says that the socket is stuck.
var ErrQueueFull = errors.New("signal connection is congested")

// Send queues a message. It never blocks.
func (c *Conn) Send(msg *livekit.SignalRequest) error {
	data, err := proto.Marshal(msg)
	if err != nil {
		return fmt.Errorf("write a signal message: %w", err)
	}
	select {
	case c.out <- data:
		if c.trace != nil {
			c.trace(true, msg)
		}
		return nil
	default:
		return ErrQueueFull
	}
}

// Close lets the writer send what is queued and close the socket.
func (c *Conn) Close() { c.closeOnce.Do(func() { close(c.quit) }) }

// Abandon closes a socket whose loops were never started.
func (c *Conn) Abandon() { c.conn.Close() }

// PeerIP is the server's address as the socket knows it, nil if it has none.
func (c *Conn) PeerIP() net.IP {
	host, _, err := net.SplitHostPort(c.conn.RemoteAddr().String())
	if err != nil {
		return nil
	}
	return net.ParseIP(host)
}
