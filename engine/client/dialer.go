package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/client/signalconn"
	"foyer/engine/doorapi"
	"foyer/engine/internal/silent"
)

// Config is what a [Dialer] needs.
type Config struct {
	Log     logrus.FieldLogger
	Version string // of the program, told to the server; may be empty
	// TwoConnections asks for the older form of a session at once, with one
	// PeerConnection for each direction.
	TwoConnections bool
	// Observer makes sessions of a hidden participant, the door's keeper: it
	// receives no tracks, sends no heartbeats, does not look who is silent, and gets chat
	// as it travels, as [call.DataReceived].
	Observer bool
	Now      func() time.Time // this computer's clock; nil: time.Now
	// Trace, if set, sees each frame of the signal connection, with the secrets in
	// it, on the goroutine that reads or sends: it must not block.
	Trace func(sent bool, frame proto.Message)
}

// limits are the clocks of a session. Tests shorten them.
type limits struct {
	join         time.Duration   // from Dial to the server's admission; below the engine's 15 s (contract J8)
	attempt      time.Duration   // one try to reconnect
	media        time.Duration   // from admission to the first media connection
	remedia      time.Duration   // the same after a resume
	answer       time.Duration   // server's answer to an offer; its own: 15 s (livekit-server, pkg/rtc/transport.go)
	resume       time.Duration   // afterwards the server has dropped us: ~20 s (livekit-server, pkg/rtc/participant.go)
	reconnect    time.Duration   // for all tries together
	refused      time.Duration   // the same while there is nobody listening at all
	refusedDelay time.Duration   // between two tries then, +-50 %: a server that starts again is there within a second
	silence      time.Duration   // media disconnected for so long: reconnect
	delays       []time.Duration // between tries, +-50 %; the last repeats (livekit-client 2.23 DefaultReconnectPolicy)
	hangUp       time.Duration   // to end the data channels before leaving
	closeWait    time.Duration   // to get the last message out
	ahead        time.Duration   // from saying that we join anew to doing it
	gone         time.Duration   // a peer without a sign of life for so long is taken for gone
	kept         time.Duration   // unless the server keeps it for so long afterwards
	noHeartbeat  bool            // be like a client of another make
	closeMedia   time.Duration   // for pion to end; what takes longer goes on behind the session
	why          time.Duration   // for the door to say why we were removed, with devices open (contract K1: at most 1 s)
}

func defaultLimits() limits {
	return limits{
		join: 12 * time.Second, attempt: 8 * time.Second,
		media: 15 * time.Second, remedia: 8 * time.Second, answer: 12 * time.Second,
		resume: 18 * time.Second, reconnect: 60 * time.Second,
		refused: 20 * time.Second, refusedDelay: 200 * time.Millisecond,
		silence: time.Second,
		delays: []time.Duration{
			300 * time.Millisecond, 1200 * time.Millisecond, 2700 * time.Millisecond, 4800 * time.Millisecond, 7 * time.Second,
		},
		hangUp: 10 * time.Millisecond, closeWait: 250 * time.Millisecond, closeMedia: 20 * time.Millisecond,
		ahead: 50 * time.Millisecond, gone: goneTimeout, kept: keptTimeout, why: 500 * time.Millisecond,
	}
}

// Dialer joins rooms. It may be used from any goroutine. It holds no state of a
// session, only the goroutines that closed ones have left behind, see Wait.
type Dialer struct {
	log     logrus.FieldLogger
	version string
	limits  limits
	dual    bool // see Config.TwoConnections
	observe bool // see Config.Observer
	now     func() time.Time
	trace   func(sent bool, frame proto.Message) // see Config.Trace
	rests   sync.WaitGroup

	tlsSessions tls.ClientSessionCache // of servers, for later connections to resume
}

var _ call.Dialer = (*Dialer)(nil)

// maxTLSSessions is how many servers' TLS sessions are remembered.
const maxTLSSessions = 16

// New makes a Dialer.
func New(c Config) *Dialer {
	log := c.Log
	if log == nil {
		log = silent.Log()
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	return &Dialer{
		now: now, log: log.WithField("part", "client"), version: c.Version, limits: defaultLimits(),
		dual: c.TwoConnections, observe: c.Observer, trace: c.Trace,
		tlsSessions: tls.NewLRUClientSessionCache(maxTLSSessions),
	}
}

// admission is what one successful join or resume brings.
type admission struct {
	credentials credentials
	conn        *signalconn.Conn
	joined      *signalconn.Joined
}

// keep runs f in a goroutine that Wait waits for and Session.Close does not.
func (d *Dialer) keep(f func()) {
	d.rests.Go(func() {
		defer guard(d.log, func(error) {}) // nobody is left who could do anything
		f()
	})
}

// Wait waits until nothing runs any more of the sessions that were closed, or
// until ctx ends; its error is then ctx's. pion needs 400 ms to give up an SCTP
// association that the server has ended first; Session.Close does not wait for
// that, because nothing travels any more. Call it when no session is open.
func (d *Dialer) Wait(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.rests.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Dial implements [call.Dialer].
func (d *Dialer) Dial(
	ctx context.Context, req call.JoinRequest, sink func(call.SessionEvent),
) (s call.Session, err error) {
	defer guard(d.log, func(broken error) { s, err = nil, fmt.Errorf("join: %w", broken) })
	return d.dial(ctx, req, sink)
}

func (d *Dialer) dial(ctx context.Context, req call.JoinRequest, sink func(call.SessionEvent)) (call.Session, error) {
	joining, cancel := context.WithTimeout(ctx, d.patience(req))
	defer cancel()
	adm, err := d.admit(joining, req, credentials{token: req.Link.Token, dual: d.dual}, 0)
	if err != nil {
		return nil, joinError(ctx, err)
	}
	s, err := newSession(d, req, sink, adm)
	if err != nil {
		adm.conn.Abandon()
		return nil, err
	}
	if by, limited := ctx.Deadline(); limited { // one timeout for all of joining (contract J8)
		s.limits.media = min(s.limits.media, time.Until(by))
	}
	s.start()
	return s, nil
}

// patience is how long a server may take to admit us.
func (d *Dialer) patience(req call.JoinRequest) time.Duration {
	if req.Held {
		return d.limits.join + doorapi.Hold
	}
	return d.limits.join
}

// admit asks the door for a token, if there is one and it has not been asked
// yet, and joins. What an earlier join has learned comes in with t: the newest
// token and the server's form. generation is not 0 for a rejoin.
func (d *Dialer) admit(ctx context.Context, req call.JoinRequest, t credentials, generation int64) (*admission, error) {
	var fresh credentials
	switch {
	case req.Admission != nil && generation == 0:
		fresh = credentialsOf(req, *req.Admission)
	case req.Link.IsLiveKit():
		fresh = credentialsOf(req, call.Admission{Token: t.token})
	default:
		a, err := d.requestAdmission(ctx, req, generation)
		if err != nil {
			return nil, err
		}
		fresh = credentialsOf(req, a.Admission)
		fresh.conn = a.Conn
	}
	fresh.dual = t.dual
	return d.enter(ctx, fresh, signalconn.Entry{})
}

// enter opens the signal connection with credentials and waits for the server's
// first message. It falls back to two PeerConnections when the server does not
// know the path of one.
func (d *Dialer) enter(ctx context.Context, t credentials, e signalconn.Entry) (*admission, error) {
	w, err := d.connect(ctx, &t, e)
	if errors.Is(err, signalconn.ErrNoSuchPath) && !e.Resuming() && !t.dual {
		first := err
		t.dual = true
		if w, err = d.connect(ctx, &t, e); errors.Is(err, signalconn.ErrNoSuchPath) {
			err = first
		}
	}
	if err != nil {
		return nil, err
	}
	joined, err := w.First(ctx)
	if err != nil {
		w.Abandon()
		return nil, err
	}
	return &admission{credentials: t, conn: w, joined: joined}, nil
}

// connect opens the signal connection, over the one on which the door has answered
// if there is one: a handshake less. A server that is short of connections closes
// idle ones, so that a fresh one follows.
func (d *Dialer) connect(ctx context.Context, t *credentials, e signalconn.Entry) (*signalconn.Conn, error) {
	c := d.signalConfig(*t)
	c.Conn, t.conn = t.conn, nil
	w, err := signalconn.Dial(ctx, c, e)
	if c.Conn != nil && errors.Is(err, call.ErrUnreachable) && ctx.Err() == nil {
		c.Conn = nil
		w, err = signalconn.Dial(ctx, c, e)
	}
	return w, err
}

// signalConfig is how to connect with these credentials.
func (d *Dialer) signalConfig(t credentials) signalconn.Config {
	tlsSessions := d.tlsSessions
	if t.tls != nil && !t.tls.InsecureSkipVerify { // a door known by its name, see doorclient.TLSFor
		tlsSessions = nil
	}
	return signalconn.Config{
		URL: t.base, Token: t.token, TLS: t.tls, TLSSessions: tlsSessions, Dual: t.dual, Version: d.version,
		CloseWait: d.limits.closeWait, Trace: d.trace,
	}
}

// joinError gives the error of a failed join its last shape: a cancelled caller
// hears that, not what the cancelling broke.
func joinError(caller context.Context, err error) error {
	leave, left := errors.AsType[*signalconn.LeaveError](err)
	switch {
	case errors.Is(caller.Err(), context.Canceled):
		return fmt.Errorf("%w: join", call.ErrCancelled)
	case left && leave.Leave.GetReason() == livekit.DisconnectReason_SERVER_SHUTDOWN:
		err = call.ErrServerStopping
	case left:
		err = fmt.Errorf("%w: %w", call.ErrRefused, err)
	}
	return fmt.Errorf("join: %w", err)
}
