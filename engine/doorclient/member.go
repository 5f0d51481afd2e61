package doorclient

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

const (
	maxAnswer = 16 << 20 // bytes of what a member may ask for: a catch-up of chat is the longest
	maxToken  = 16 << 10 // bytes; a header must hold it
)

// RejoinUnknown is the generation of a rejoin whose door has not told one.
const RejoinUnknown = -1

// Member asks the door of an invite link.
type Member struct {
	Log logrus.FieldLogger
	Now func() time.Time
	// TLSSessions are those of earlier connections, to resume; nil: there are
	// none.
	TLSSessions tls.ClientSessionCache
}

// Admitted is an admission and the connection over which it came.
type Admitted struct {
	call.Admission
	// Conn is open and idle, and its receiver's to use or to close; nil: the door has
	// closed it.
	Conn net.Conn
}

// Close closes the connection, if nobody uses it.
func (a Admitted) Close() {
	if a.Conn != nil {
		_ = a.Conn.Close()
	}
}

// RequestAdmission asks the door for a token. A rejoin, which has a generation,
// never makes the room anew: a room that was dismissed while we were away stays so
// (contract N8), and so does who was removed (contract O9).
//
// A join is signed with a time. If ours is not the door's, the door says its own,
// and we sign once more by that: our clock does not matter.
//
// The door that answers first may have lost its LiveKit. Then the link's other
// addresses are asked, one of which may be another door of the same cluster.
func (m Member) RequestAdmission(ctx context.Context, req call.JoinRequest, generation int64) (Admitted, error) {
	a, host, err := m.request(ctx, req, generation)
	first := err
	for host != "" && errors.Is(err, doorapi.ErrSaidByDoor) && len(req.Link.Hosts) > 1 && ctx.Err() == nil {
		silent := host
		req.Link.Hosts = slices.DeleteFunc(slices.Clone(req.Link.Hosts), func(h string) bool { return h == silent })
		a, host, err = m.request(ctx, req, generation)
	}
	if first != nil && (host == "" || errors.Is(err, call.ErrServerSilent)) {
		return Admitted{}, first // what is at the other addresses is no door of this link
	}
	return a, err
}

// request asks the door that answers first, and returns its address.
func (m Member) request(ctx context.Context, req call.JoinRequest, generation int64) (Admitted, string, error) {
	a, host, err := m.requestAt(ctx, req, generation, m.Now())
	clock, wrong := errors.AsType[*call.ClockError](err)
	switch {
	case wrong && !clock.Server.IsZero():
		m.Log.WithField("server", clock.Server).Info("this computer's clock and the server's differ")
		return m.requestAt(ctx, req, generation, clock.Server)
	case errors.Is(err, call.ErrJoinUsed): // something on the way has sent it twice
		return m.requestAt(ctx, req, generation, m.Now())
	default:
		return a, host, err
	}
}

// requestAt asks with a signature of that time. The address is empty if no door
// answered.
func (m Member) requestAt(
	ctx context.Context, req call.JoinRequest, generation int64, at time.Time,
) (_ Admitted, host string, err error) {
	if _, err := joinBody(req, "", generation, at); err != nil { // before anything is sent
		return Admitted{}, "", err
	}
	config := TLSFor(req.Link)
	if req.Link.Pinned() { // a session must not outlive the trust in a name
		config.ClientSessionCache = m.TLSSessions
	}
	c, err := race(ctx, req.Link.Hosts, config)
	if err != nil {
		return Admitted{}, "", err
	}
	defer func() {
		if err != nil || !c.idle {
			_ = c.Close()
		}
	}()
	body, err := joinBody(req, c.host, generation, at)
	if err != nil {
		return Admitted{}, "", err
	}
	a, err := c.post(ctx, doorapi.JoinPath, "", body, doorapi.MaxBody)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return Admitted{}, c.host, ConnectError(err)
	}
	answer, err := readAdmission(a, m.Now())
	if err != nil {
		return Admitted{}, c.host, err
	}
	admitted := Admitted{Admission: answer.Admission(c.host, m.Now())}
	if c.idle {
		admitted.Conn = c.Conn
	}
	return admitted, c.host, nil
}

// joinBody is a join, signed for the door at a host.
func joinBody(req call.JoinRequest, host string, generation int64, now time.Time) ([]byte, error) {
	signedFor := binding(req.Link, host)
	wire := doorapi.JoinRequest{
		Room: req.Link.Room, Secret: req.Link.Secret, Identity: req.Identity, Name: req.Name,
		Existing: req.Link.Existing || generation != 0, Generation: max(generation, 0), Batches: true,
		Wait: req.Waits && generation == 0, Held: req.Held && generation == 0,
	}
	if err := wire.Sign(req.Key, signedFor, now); err != nil {
		return nil, err
	}
	if err := wire.Verify(signedFor); err != nil {
		return nil, err
	}
	return json.Marshal(wire)
}

// readAdmission reads what the door has answered to a join, at a time of our
// clock.
func readAdmission(a answer, now time.Time) (doorapi.JoinAnswer, error) {
	var admitted doorapi.JoinAnswer
	if err := a.read(&admitted, now); err != nil {
		return doorapi.JoinAnswer{}, err
	}
	admitted.Title = call.CleanName(admitted.Title)
	if len(admitted.Keeper) > call.MaxIDBytes {
		admitted.Keeper = ""
	}
	if !UsableToken(admitted.Token) || len(admitted.Title) > call.MaxTitle {
		return doorapi.JoinAnswer{}, fmt.Errorf("%w: token or title", call.ErrServerGarbage)
	}
	return admitted, nil
}

// UsableToken reports whether a server's token may be sent in a header.
func UsableToken(token string) bool {
	for _, c := range []byte(token) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return token != "" && len(token) <= maxToken
}

// Do does one operation for a member who has a token of the door at host, over a
// connection of its own: they are rare. answer is a pointer to the operation's
// answer.
func Do(ctx context.Context, host string, link call.Link, token string, op call.Operation, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%w: %v", call.ErrBadArgument, err)
	}
	c, err := dial(ctx, host, TLSFor(link))
	if err != nil {
		return ConnectError(err)
	}
	defer c.Close()
	a, err := c.post(ctx, doorapi.APIPath+string(op), token, body, maxAnswer)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return ConnectError(err)
	}
	return a.read(answer, time.Now())
}
