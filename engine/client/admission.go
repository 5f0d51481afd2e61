package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
)

const maxChatRows = call.MaxChatCatchUp + call.ChatOverlap

// credentials are what is needed to enter a room: where, and with which token.
type credentials struct {
	base       string // ws:// or wss:// address, without query
	token      string
	title      string
	tls        *tls.Config
	dual       bool          // two PeerConnections
	host       string        // of the door; empty without one
	generation int64         // of the token, as the door counts them
	keeper     call.Identity // that gathers chat; empty without one
	role       call.Role
	rules      call.RoomRules
	clock      time.Duration // what is added to our clock to have the server's
	media      reach.Ports   // of the server, where the door is
	conn       net.Conn      // to the door, used only by the first entry; may be nil
}

// at is a time of the server's, in unix ms, by our clock.
func (t credentials) at(ms int64) time.Time { return time.UnixMilli(ms).Add(-t.clock) }

// requestAdmission asks the door of an invite link for a token.
func (d *Dialer) requestAdmission(
	ctx context.Context, req call.JoinRequest, generation int64,
) (doorclient.Admitted, error) {
	return doorclient.Member{Log: d.log, Now: d.now, TLSSessions: d.tlsSessions}.RequestAdmission(ctx, req, generation)
}

// Admit implements [call.Dialer].
func (d *Dialer) Admit(ctx context.Context, req call.JoinRequest) (a call.Admission, err error) {
	defer guard(d.log, func(broken error) { err = fmt.Errorf("ask for admission: %w", broken) })
	if req.Link.IsLiveKit() {
		return call.Admission{Token: req.Link.Token, Title: req.Link.Title}, nil
	}
	asking, cancel := context.WithTimeout(ctx, d.patience(req))
	defer cancel()
	admitted, err := d.requestAdmission(asking, req, 0)
	admitted.Close() // nobody knows when its holder enters
	if errors.Is(ctx.Err(), context.Canceled) {
		return call.Admission{}, fmt.Errorf("%w: ask for admission", call.ErrCancelled)
	}
	if err != nil {
		return call.Admission{}, fmt.Errorf("ask for admission: %w", err)
	}
	return admitted.Admission, nil
}

// credentialsOf is what an admission lets us enter with.
func credentialsOf(req call.JoinRequest, a call.Admission) credentials {
	title := a.Title
	if title == "" {
		title = req.Link.Title
	}
	if req.Link.IsLiveKit() {
		return credentials{base: req.Link.URL, token: a.Token, title: title}
	}
	return credentials{
		base: "wss://" + a.Host, token: a.Token, title: title,
		tls:  doorclient.TLSFor(req.Link),
		host: a.Host, generation: a.Generation, role: a.Role, rules: a.Rules, keeper: a.Keeper,
		clock: a.Clock, media: a.Media,
	}
}

// Chat implements [call.Session].
func (s *session) Chat(ctx context.Context, after string) (call.History, error) {
	var answer doorapi.ChatAnswer
	request := doorapi.ChatRequest{Room: doorapi.RoomParameter(s.req.Link.Room), After: after}
	if err := s.Moderate(ctx, call.OpChat, request, &answer); err != nil {
		return call.History{}, err
	}
	var t credentials
	if err := s.ask(ctx, func() error { t = s.credentials; return nil }); err != nil {
		return call.History{}, err
	}
	rows := make([]call.ChatMessage, 0, min(len(answer.Messages), maxChatRows))
	for _, m := range answer.Messages {
		m.At, m.Text, m.Name = t.at(m.Time), call.CleanText(m.Text), call.Label(m.Name)
		usable := m.ID != "" && len(m.ID) <= call.MaxIDBytes && len(m.From) <= call.MaxIDBytes
		if usable && call.CheckChat(m.Text) == nil && len(rows) < maxChatRows {
			rows = append(rows, m.ChatMessage)
		}
	}
	return call.History{Messages: rows, More: answer.More}, nil
}

// Moderate implements [call.Session]: the newest token is who we are.
func (s *session) Moderate(ctx context.Context, op call.Operation, request, answer any) error {
	if s.req.Link.IsLiveKit() {
		return fmt.Errorf("%s: %w", op, call.ErrNoDoor)
	}
	var t credentials
	if err := s.ask(ctx, func() error { t = s.credentials; return nil }); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := doorclient.Do(ctx, t.host, s.req.Link, t.token, op, request, answer); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}
