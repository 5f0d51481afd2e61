package doorclient

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

const jsonType = "application/json"

// Pinned is a TLS configuration that trusts exactly one certificate: the one
// whose SHA-256 is fingerprint; another one is mismatch. The usual chain and name
// checks are off because the pin is stricter than both; VerifyConnection runs for
// resumed connections too.
func Pinned(fingerprint [sha256.Size]byte, mismatch error) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{doorapi.PinnedProtocol, doorapi.HTTPProtocol},
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection below takes its place
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return fmt.Errorf("%w: none was shown", mismatch)
			}
			got := sha256.Sum256(state.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare(got[:], fingerprint[:]) != 1 {
				return mismatch
			}
			return nil
		},
	}
}

// TLSFor is how the door of a link is known: by the certificate that it pins, or by
// the names in it.
func TLSFor(link call.Link) *tls.Config {
	if link.Pinned() {
		return Pinned(link.Fingerprint, call.ErrWrongServer)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{doorapi.HTTPProtocol}}
}

// binding is what a join by a link is signed for.
func binding(link call.Link, host string) [sha256.Size]byte {
	if link.Pinned() {
		return link.Fingerprint
	}
	return doorapi.NameBinding(host)
}

// conn is a pinned connection and the address that answered.
type conn struct {
	*tls.Conn
	host string
	idle bool // an answer has been read whole, and another request may follow
}

// answer is what a door has answered.
type answer struct {
	status int
	date   string // by the server's clock
	body   []byte
}

// maxHeader is how many bytes may come before an answer's body.
const maxHeader = doorapi.MaxBody

// post sends a request over an open connection, which ends with ctx, and reads the
// whole answer, of limit bytes at most. bearer may be empty.
func (c *conn) post(ctx context.Context, path, bearer string, body []byte, limit int64) (a answer, err error) {
	c.idle = false
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+c.host+path, bytes.NewReader(body))
	if err != nil {
		stop()
		return a, fmt.Errorf("%w: %v", call.ErrBadArgument, innermost(err))
	}
	req.Header.Set("Content-Type", jsonType)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	a, whole, err := c.exchange(req, limit)
	c.idle = stop() && whole && err == nil
	return a, err
}

// exchange writes a request and reads its answer; whole reports whether the server
// keeps the connection and has sent nothing else.
func (c *conn) exchange(req *http.Request, limit int64) (a answer, whole bool, err error) {
	if err := req.Write(c); err != nil {
		return a, false, err
	}
	// An own reader, in place of net/http's transport: that one hands no connection
	// back for a WebSocket to take over.
	r := bufio.NewReader(&boundedReader{c, maxHeader + limit})
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		return a, false, err
	}
	defer resp.Body.Close()
	a = answer{status: resp.StatusCode, date: resp.Header.Get("Date")}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1)); err != nil {
		return a, false, err
	}
	if int64(len(a.body)) > limit {
		return a, false, fmt.Errorf("%w: answer over %d bytes", call.ErrServerGarbage, limit)
	}
	return a, !resp.Close && r.Buffered() == 0, nil
}

// boundedReader fails after left bytes.
type boundedReader struct {
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("%w: an answer without end", call.ErrServerGarbage)
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// read reads a success into v. What the door refuses is an error with the times
// in it by our clock, which says now.
func (a answer) read(v any, now time.Time) error {
	if a.status != http.StatusOK {
		refusal, ok := ReadRefusal(a.body)
		if !ok {
			return fmt.Errorf("%w: status %d", call.ErrServerGarbage, a.status)
		}
		return refusal.ErrAt(now)
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		return fmt.Errorf("%w: not the door's JSON", call.ErrServerGarbage)
	}
	return nil
}
