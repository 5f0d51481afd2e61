package attack

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

const (
	// answerLimit is how long a server may take to answer on a busy machine.
	answerLimit = 30 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
)

// Door is the public port of a room server, as somebody at one address sees it.
type Door struct {
	URL  string // https://host:port
	From net.IP // the attacker's address; nil: as the system chooses
	// Deflate offers to compress WebSocket messages (RFC 7692).
	Deflate bool
}

// Host is the door's host:port.
func (d Door) Host() string { return strings.TrimPrefix(d.URL, "https://") }

// Dial opens a TCP connection.
func (d Door) Dial(ctx context.Context) (net.Conn, error) {
	return d.dialNet(ctx, "tcp", d.Host())
}

func (d Door) dialNet(ctx context.Context, network, address string) (net.Conn, error) {
	from := net.Dialer{Timeout: answerLimit}
	if d.From != nil {
		from.LocalAddr = &net.TCPAddr{IP: d.From}
	}
	return from.DialContext(ctx, network, address)
}

// trusting is TLS with whatever is at the other end: servers under attack were
// started by the attacker.
func trusting() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above
}

// DialTLS opens a connection and shakes hands.
func (d Door) DialTLS(ctx context.Context) (*tls.Conn, error) {
	plain, err := d.Dial(ctx)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(plain, trusting())
	if err := conn.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, err
	}
	return conn, nil
}

// Client asks over HTTP and follows nothing. Its idle connections are the
// caller's to close.
func (d Door) Client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DialContext: d.dialNet, TLSClientConfig: trusting(), DisableCompression: true},
		Timeout:       answerLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Answer is what a server says to one request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Code is the door's word for a refusal, empty for everything else.
func (a Answer) Code() doorapi.Code {
	var e doorapi.Error
	_ = json.Unmarshal(a.Body, &e) // not the door's words
	return e.Code
}

// In reports whether the answer lets somebody in.
func (a Answer) In() bool {
	return a.Status == http.StatusSwitchingProtocols || a.Status >= 200 && a.Status < 300
}

func (a Answer) String() string {
	if code := a.Code(); code != "" {
		return fmt.Sprintf("%d %s", a.Status, code)
	}
	return fmt.Sprint(a.Status)
}

// Request asks once, on a connection of its own.
func (d Door) Request(ctx context.Context, method, path, bearer string, body []byte) (Answer, error) {
	client := d.Client()
	defer client.CloseIdleConnections()
	return Ask(ctx, client, method, d.URL+path, bearer, body)
}

// Ask asks over a client's connections.
func Ask(ctx context.Context, client *http.Client, method, address, bearer string, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return Send(client, req)
}

// Send asks as req says.
func Send(client *http.Client, req *http.Request) (Answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return Answer{resp.StatusCode, resp.Header, text}, errors.Join(err, resp.Body.Close())
}

// Socket opens a WebSocket, or tells why there is none: then conn is nil.
func (d Door) Socket(
	ctx context.Context, path, query, bearer string, header http.Header,
) (conn *websocket.Conn, a Answer, err error) {
	dialer := websocket.Dialer{
		NetDialContext: d.dialNet, TLSClientConfig: trusting(), HandshakeTimeout: answerLimit, EnableCompression: d.Deflate,
	}
	if header = header.Clone(); header == nil {
		header = http.Header{}
	}
	if bearer != "" {
		header.Set("Authorization", "Bearer "+bearer)
	}
	conn, resp, err := dialer.DialContext(ctx, "wss://"+d.Host()+path+"?"+query, header)
	switch {
	case err == nil:
		return conn, Answer{Status: resp.StatusCode, Header: resp.Header}, nil
	case resp == nil:
		return nil, Answer{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return nil, Answer{resp.StatusCode, resp.Header, text}, errors.Join(err, resp.Body.Close())
}

// Person is somebody with the key of an installation.
type Person struct {
	ID   call.Identity
	Name string
	Key  ed25519.PrivateKey
}

// NewPerson makes a key for somebody.
func NewPerson(id string) (Person, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return Person{call.Identity(id), id, key}, err
}

// As is the same installation under another ID.
func (p Person) As(id string) Person { return Person{call.Identity(id), id, p.Key} }

// Ask is a join of theirs by an invitation, signed now.
func (p Person) Ask(link call.Link) (doorapi.JoinRequest, error) {
	return p.AskAt(link, time.Now(), nil)
}

// AskAt is one that is signed at another time, after change.
func (p Person) AskAt(link call.Link, at time.Time, change func(*doorapi.JoinRequest)) (doorapi.JoinRequest, error) {
	q := doorapi.JoinRequest{Room: link.Room, Secret: link.Secret, Identity: p.ID, Name: p.Name}
	if change != nil {
		change(&q)
	}
	err := q.Sign(p.Key, link.Fingerprint, at)
	return q, err
}

// Ask posts a join as it is.
func (d Door) Ask(ctx context.Context, q doorapi.JoinRequest) (Answer, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return Answer{}, err
	}
	return d.Request(ctx, http.MethodPost, doorapi.JoinPath, "", body)
}

// AskOver is Ask over a client's connections.
func (d Door) AskOver(ctx context.Context, client *http.Client, q doorapi.JoinRequest) (Answer, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return Answer{}, err
	}
	return Ask(ctx, client, http.MethodPost, d.URL+doorapi.JoinPath, "", body)
}

// Admit gets a token for somebody. A refusal is a [*RefusedError].
func (d Door) Admit(ctx context.Context, p Person, link call.Link) (doorapi.JoinAnswer, error) {
	var answer doorapi.JoinAnswer
	q, err := p.Ask(link)
	if err != nil {
		return answer, err
	}
	a, err := d.Ask(ctx, q)
	switch {
	case err != nil:
		return answer, err
	case !a.In():
		return answer, &RefusedError{a}
	}
	return answer, json.Unmarshal(a.Body, &answer)
}

// RefusedError is a server's refusal.
type RefusedError struct{ Answer Answer }

func (e *RefusedError) Error() string { return "refused: " + e.Answer.String() }

// Do calls an operation of the door's API. answer may be nil. A refusal is a
// [*RefusedError].
func (d Door) Do(ctx context.Context, bearer string, op call.Operation, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	a, err := d.Request(ctx, http.MethodPost, doorapi.APIPath+string(op), bearer, body)
	switch {
	case err != nil:
		return err
	case !a.In():
		return &RefusedError{a}
	case answer == nil:
		return nil
	}
	return json.Unmarshal(a.Body, answer)
}

// Query writes a query; pairs are name, value, name, value.
func Query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q.Encode()
}
