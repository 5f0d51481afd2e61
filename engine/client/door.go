package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// ticket is what is needed to enter a room: where, and with which token.
type ticket struct {
	base       string // ws:// or wss:// address, without query
	token      string
	title      string
	tls        *tls.Config
	double     bool          // two PeerConnections
	host       string        // of the door; empty without one
	generation int64         // of the token, as the door counts them
	keeper     call.Identity // that gathers chat; empty without one
	role       call.Role
	rules      call.RoomRules
	clock      time.Duration // what is added to our clock to have the server's
}

// at is a time of the server's, in unix ms, by our clock.
func (t ticket) at(ms int64) time.Time { return time.UnixMilli(ms).Add(-t.clock) }

// knock asks the door of an invite link for a token. A rejoin, which has a
// generation, never makes the room anew: a room that was dismissed while we were
// away stays so (contract N8), and so does who was put out (contract O9).
//
// A join is signed with a time. If ours is not the door's, the door says its own,
// and we sign once more by that: our clock does not matter.
func (d *Dialer) knock(ctx context.Context, req call.JoinRequest, generation int64) (call.Admission, error) {
	a, err := d.knockAt(ctx, req, generation, d.now())
	var clock *call.ClockError
	switch {
	case errors.As(err, &clock) && !clock.Server.IsZero():
		d.log.WithField("server", clock.Server).Info("this computer's clock and the server's differ")
		return d.knockAt(ctx, req, generation, clock.Server)
	case errors.Is(err, call.ErrJoinUsed): // something on the way has sent it twice
		return d.knockAt(ctx, req, generation, d.now())
	default:
		return a, err
	}
}

// knockAt asks with a signature of that time.
func (d *Dialer) knockAt(ctx context.Context, req call.JoinRequest, generation int64, at time.Time) (call.Admission, error) {
	body, err := joinBody(req, generation, at)
	if err != nil {
		return call.Admission{}, err
	}
	conn, err := race(ctx, d.log, req.Link.Hosts, pinned(req.Link.Fingerprint))
	if err != nil {
		return call.Admission{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	status, answer, err := post(ctx, conn, doorapi.JoinPath, "", body, doorapi.MaxBody)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return call.Admission{}, connectError(err)
	}
	admitted, err := parseDoorAnswer(status, answer, d.now())
	if err != nil {
		return call.Admission{}, err
	}
	return admitted.Admission(conn.host, d.now()), nil
}

// rejoinUnknown is the generation of a rejoin whose door has not told one.
const rejoinUnknown = -1

func joinBody(req call.JoinRequest, generation int64, now time.Time) ([]byte, error) {
	wire := doorapi.JoinRequest{
		Room: req.Link.Room, Secret: req.Link.Secret, Identity: req.Identity, Name: req.Name,
		Existing: req.Link.Existing || generation != 0, Generation: max(generation, 0), Batches: true,
	}
	if err := wire.Sign(req.Key, req.Link.Fingerprint, now); err != nil {
		return nil, err
	}
	if err := wire.Verify(req.Link.Fingerprint); err != nil {
		return nil, err
	}
	return json.Marshal(wire)
}

// hostConn is a pinned connection and the address that answered.
type hostConn struct {
	*tls.Conn
	host string
}

// race connects to every address at once; the first that shows the pinned
// certificate wins, the others are closed. It returns when all have ended.
func race(ctx context.Context, log logrus.FieldLogger, hosts []string, config *tls.Config) (*hostConn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn *hostConn
		err  error
	}
	results := make(chan result, len(hosts))
	var wg sync.WaitGroup
	for _, host := range hosts {
		wg.Go(func() {
			var r result
			defer func() { results <- r }()
			defer guard(log, func(err error) { r = result{err: err} })
			r.conn, r.err = dialPinned(ctx, host, config)
		})
	}
	var winner *hostConn
	var failed []error
	for range hosts {
		r := <-results
		switch {
		case r.err != nil:
			failed = append(failed, connectError(r.err))
		case winner != nil:
			r.conn.Close()
		default:
			winner = r.conn
			cancel()
		}
	}
	wg.Wait()
	if winner == nil {
		return nil, worst(failed)
	}
	return winner, nil
}

func dialPinned(ctx context.Context, host string, config *tls.Config) (*hostConn, error) {
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return &hostConn{Conn: conn, host: host}, nil
}

// worst picks the failure that tells most: another computer at the address says
// more than one that is off.
func worst(failed []error) error {
	for _, kind := range []error{call.ErrWrongServer, call.ErrServerGarbage, call.ErrServerSilent} {
		for _, err := range failed {
			if errors.Is(err, kind) {
				return err
			}
		}
	}
	if len(failed) > 0 {
		return failed[0]
	}
	return fmt.Errorf("%w: the link has no address", call.ErrUnreachable)
}

// post sends a request over an open connection and reads the whole answer, of
// limit bytes at most. bearer may be empty.
func post(ctx context.Context, conn *hostConn, path, bearer string, body []byte, limit int64) (status int, answer []byte, err error) {
	transport := &http.Transport{
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: doorapi.MaxBody,
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			return conn, nil
		},
	}
	defer transport.CloseIdleConnections()
	client := http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+conn.host+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %v", call.ErrBadArgument, innermost(err))
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return 0, nil, err
	}
	if int64(len(answer)) > limit {
		return 0, nil, fmt.Errorf("%w: answer over %d bytes", call.ErrServerGarbage, limit)
	}
	return resp.StatusCode, answer, nil
}

const maxToken = 16 << 10 // bytes; a header must hold it

// parseDoorAnswer reads what the door answered at a time of our clock.
func parseDoorAnswer(status int, body []byte, now time.Time) (doorapi.JoinAnswer, error) {
	var answer doorapi.JoinAnswer
	if status != http.StatusOK {
		refusal, ok := readRefusal(body)
		if !ok {
			return answer, fmt.Errorf("%w: status %d", call.ErrServerGarbage, status)
		}
		return answer, refusal.ErrAt(now)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return doorapi.JoinAnswer{}, fmt.Errorf("%w: not the door's JSON", call.ErrServerGarbage)
	}
	answer.Title = call.CleanName(answer.Title)
	if len(answer.Keeper) > call.MaxIDBytes {
		answer.Keeper = ""
	}
	if answer.Token == "" || len(answer.Token) > maxToken || !headerSafe(answer.Token) || len(answer.Title) > call.MaxTitle {
		return doorapi.JoinAnswer{}, fmt.Errorf("%w: token or title", call.ErrServerGarbage)
	}
	return answer, nil
}

func headerSafe(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
