package doorclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

const (
	adminTimeout     = 15 * time.Second
	adminDialTimeout = 5 * time.Second
	defaultTLSPort   = "443"
	maxRefusal       = 128      // bytes of a refusal's message that are shown
	maxAdminAnswer   = 32 << 20 // bytes: the members of the largest room, or a thousand of the longest messages
)

// InviteRequest asks a server for an invite link, as `foyer invite` does.
type InviteRequest struct {
	Server       string // https://host:port
	AdminKeyFile string // as the server wrote it; it pins the server's certificate
	Room         call.RoomID
	Title        string
	Existing     bool
	Role         call.Role     // of guests who join by the link; empty: participant
	TTL          time.Duration // whole seconds; 0: for ever
	// Unpinned asks for a link without the certificate's fingerprint, to the names for
	// which the server has a certificate that others trust.
	Unpinned bool
}

// RequestInvite makes an invitation and returns its link. Names are checked
// before anything is sent. Errors are a *call.NameError or wrap [call.ErrKeyFile],
// [call.ErrServerAddress], [call.ErrAdminKey], [call.ErrDataFull], call.ErrUnreachable, call.ErrForeignKey or
// another error of joining.
func RequestInvite(ctx context.Context, req InviteRequest) (call.Link, error) {
	if err := errors.Join(call.CheckRoomID(string(req.Room)), call.CheckTitle(req.Title)); err != nil {
		return call.Link{}, err
	}
	server, err := parseServer(req.Server)
	if err != nil {
		return call.Link{}, err
	}
	key, fingerprint, err := ReadAdminKey(req.AdminKeyFile)
	if err != nil {
		return call.Link{}, err
	}
	var answer doorapi.InvitationAnswer
	body := doorapi.InvitationRequest{
		Room: doorapi.RoomParameter(req.Room), Title: req.Title, Existing: req.Existing, Role: req.Role,
		TTL: int64(req.TTL / time.Second),
	}
	if _, err := postAdmin(ctx, server, key, fingerprint, doorapi.InvitationsPath, body, &answer); err != nil {
		return call.Link{}, err
	}
	hosts := withServer(answer.Hosts, server.Host)
	if req.Unpinned {
		hosts, fingerprint = answer.Trusted, [sha256.Size]byte{}
		if len(hosts) == 0 {
			return call.Link{}, call.ErrNoTrusted
		}
	}
	link := call.Link{
		Hosts: hosts, Room: answer.Room, Title: answer.Title,
		Secret: answer.Secret, Fingerprint: fingerprint, Existing: answer.Existing,
	}
	// A link that cannot be read back must not be handed out.
	if _, err := call.ParseLink(link.String()); err != nil {
		return call.Link{}, fmt.Errorf("%w: invitation: %w", call.ErrServerGarbage, err)
	}
	return link, nil
}

// withServer adds the address at which the server was reached, unless it leads
// nowhere from another computer: it may be the only way through a router.
func withServer(hosts []string, server string) []string {
	name, _, err := net.SplitHostPort(server)
	if err != nil || name == "localhost" || slices.Contains(hosts, server) {
		return hosts
	}
	if a, err := netip.ParseAddr(name); err == nil && (a.IsLoopback() || a.IsUnspecified()) {
		return hosts
	}
	return append([]string{server}, hosts...)
}

func parseServer(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "wss") {
		return nil, fmt.Errorf("%w: the server's address must be https://HOST:PORT", call.ErrServerAddress)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), defaultTLSPort)
	}
	return &url.URL{Scheme: "https", Host: host}, nil
}

// ReadAdminKey reads a key file: the key, and the certificate of its server.
func ReadAdminKey(file string) (key string, fingerprint [sha256.Size]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fingerprint, fmt.Errorf("%w: %w", call.ErrKeyFile, err)
	}
	defer func() { _ = f.Close() }()
	var k doorapi.AdminKey
	if err := json.NewDecoder(io.LimitReader(f, doorapi.MaxKeyFile)).Decode(&k); err != nil {
		return "", fingerprint, fmt.Errorf("%w: %s is not an admin key", call.ErrKeyFile, file)
	}
	raw, err := hex.DecodeString(k.Fingerprint)
	if err != nil || len(raw) != len(fingerprint) || k.Key == "" {
		return "", fingerprint, fmt.Errorf("%w: %s is not an admin key", call.ErrKeyFile, file)
	}
	copy(fingerprint[:], raw)
	return k.Key, fingerprint, nil
}

// Admin are the host's tools: it calls the operations of a server's API.
type Admin struct {
	Server  string // https://host:port
	KeyFile string // as the server wrote it; it pins the server's certificate
}

// Do calls one operation: request and answer are those that the operation says.
// Errors wrap those that [RequestInvite] has; what the server refuses is a
// *[RefusalError].
func (a Admin) Do(ctx context.Context, op call.Operation, request, answer any) error {
	_, err := a.DoAt(ctx, op, request, answer)
	return err
}

// DoAt is Do and tells what time it is at the server, by whose clock the times in
// the answer are: this computer's may be wrong.
func (a Admin) DoAt(ctx context.Context, op call.Operation, request, answer any) (time.Time, error) {
	server, err := parseServer(a.Server)
	if err != nil {
		return time.Time{}, err
	}
	key, fingerprint, err := ReadAdminKey(a.KeyFile)
	if err != nil {
		return time.Time{}, err
	}
	return postAdmin(ctx, server, key, fingerprint, doorapi.APIPath+string(op), request, answer)
}

// RefusalError is what a server refuses.
type RefusalError struct {
	Door doorapi.Error
	err  error
}

func (e *RefusalError) Error() string {
	message := e.Door.Message[:min(len(e.Door.Message), maxRefusal)]
	if strings.HasPrefix(message, e.err.Error()) { // it says more of the same
		return message
	}
	if message == "" {
		return e.err.Error()
	}
	return fmt.Sprintf("%v (%s)", e.err, message)
}

func (e *RefusalError) Unwrap() error { return e.err }

// postAdmin calls the admin API once, on a connection of its own, and returns what
// time it is at the server.
func postAdmin(
	ctx context.Context, server *url.URL, key string, fingerprint [sha256.Size]byte, path string, request, into any,
) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	body, err := json.Marshal(request)
	if err != nil {
		return time.Time{}, fmt.Errorf("encode: %w", err)
	}
	a, err := postPinned(ctx, server.Host, fingerprint, path, key, body)
	if err != nil {
		if errors.Is(err, call.ErrForeignKey) || ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return time.Time{}, err
		}
		return time.Time{}, fmt.Errorf("%w: %w", call.ErrUnreachable, err)
	}
	return serverTime(a, time.Now()), readAdmin(a, into)
}

func postPinned(
	ctx context.Context, host string, fingerprint [sha256.Size]byte, path, key string, body []byte,
) (answer, error) {
	dialing, cancel := context.WithTimeout(ctx, adminDialTimeout)
	defer cancel()
	c, err := dial(dialing, host, Pinned(fingerprint, call.ErrForeignKey))
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	return c.post(ctx, path, key, body, maxAdminAnswer)
}

// serverTime is the server's time as far as it differs from ours, which says now.
func serverTime(a answer, now time.Time) time.Time {
	date, err := http.ParseTime(a.date)
	if err != nil {
		return now
	}
	return now.Add(call.ClockOffset(date.UnixMilli(), now))
}

// readAdmin reads a success into v; what the server refuses is a *[RefusalError].
func readAdmin(a answer, v any) error {
	if a.status == http.StatusOK {
		if err := json.Unmarshal(a.body, v); err != nil {
			return fmt.Errorf("%w: %w", call.ErrServerGarbage, err)
		}
		return nil
	}
	refusal, ok := ReadRefusal(a.body)
	if !ok {
		return fmt.Errorf("%w: status %d", call.ErrServerGarbage, a.status)
	}
	e := &RefusalError{Door: refusal, err: refusal.Err()}
	if refusal.Code == doorapi.CodeUnauthorized {
		e.err = call.ErrAdminKey
	}
	if refusal.Code == doorapi.CodeNoSpace {
		e.err = call.ErrDataFull
	}
	return e
}
