package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// Bounds of the door's answers, in bytes. A catch-up of chat is the longest.
const (
	maxAnswer   = 16 << 20
	maxChatRows = call.MaxChatCatchUp + call.ChatOverlap
)

// Admit implements [call.Dialer].
func (d *Dialer) Admit(ctx context.Context, req call.JoinRequest) (a call.Admission, err error) {
	defer guard(d.log, func(broken error) { err = fmt.Errorf("ask for admission: %w", broken) })
	if req.Link.Plain() {
		return call.Admission{Token: req.Link.Token, Title: req.Link.Title}, nil
	}
	bound, cancel := context.WithTimeout(ctx, d.limits.join)
	defer cancel()
	a, err = d.knock(bound, req, 0)
	if errors.Is(ctx.Err(), context.Canceled) {
		return call.Admission{}, fmt.Errorf("%w: ask for admission", call.ErrCancelled)
	}
	if err != nil {
		return call.Admission{}, fmt.Errorf("ask for admission: %w", err)
	}
	return a, nil
}

// ticketOf is what an admission lets us enter with.
func ticketOf(req call.JoinRequest, a call.Admission) ticket {
	title := a.Title
	if title == "" {
		title = req.Link.Title
	}
	if req.Link.Plain() {
		return ticket{base: req.Link.URL, token: a.Token, title: title}
	}
	return ticket{
		base: "wss://" + a.Host, token: a.Token, title: title, tls: pinned(req.Link.Fingerprint),
		host: a.Host, generation: a.Generation, role: a.Role, rules: a.Rules, keeper: a.Keeper,
		clock: a.Clock,
	}
}

// Chat implements [call.Session].
func (s *session) Chat(ctx context.Context, after string) (call.History, error) {
	var answer doorapi.ChatAnswer
	request := doorapi.ChatRequest{Room: doorapi.RoomParameter(s.req.Link.Room), After: after}
	if err := s.Moderate(ctx, call.OpChat, request, &answer); err != nil {
		return call.History{}, err
	}
	var t ticket
	if err := s.ask(ctx, func() error { t = s.ticket; return nil }); err != nil {
		return call.History{}, err
	}
	rows := make([]call.ChatMessage, 0, min(len(answer.Messages), maxChatRows))
	for _, m := range answer.Messages {
		m.At, m.Text, m.Name = t.at(m.Time), call.CleanText(m.Text), call.Label(m.Name)
		if m.ID != "" && len(m.ID) <= call.MaxIDBytes && len(m.From) <= call.MaxIDBytes && call.CheckChat(m.Text) == nil && len(rows) < maxChatRows {
			rows = append(rows, m.ChatMessage)
		}
	}
	return call.History{Messages: rows, More: answer.More}, nil
}

// Moderate implements [call.Session]: the newest token is who we are.
func (s *session) Moderate(ctx context.Context, op call.Operation, request, answer any) error {
	if s.req.Link.Plain() {
		return fmt.Errorf("%s: %w", op, call.ErrNoDoor)
	}
	var t ticket
	if err := s.ask(ctx, func() error { t = s.ticket; return nil }); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("%s: %w: %v", op, call.ErrBadArgument, err)
	}
	if err := askDoor(ctx, t, op, body, answer); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// askDoor does one operation over a connection of its own: they are rare.
func askDoor(ctx context.Context, t ticket, op call.Operation, body []byte, answer any) error {
	conn, err := dialPinned(ctx, t.host, t.tls)
	if err != nil {
		return connectError(err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	status, raw, err := post(ctx, conn, doorapi.APIPath+string(op), t.token, body, maxAnswer)
	switch {
	case err != nil && ctx.Err() != nil:
		return connectError(ctx.Err())
	case err != nil:
		return connectError(err)
	case status != http.StatusOK:
		if refusal, ok := readRefusal(raw); ok {
			return refusal.ErrAt(time.Now())
		}
		return fmt.Errorf("%w: status %d", call.ErrServerGarbage, status)
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("%w: not the door's JSON", call.ErrServerGarbage)
	}
	return nil
}

// readRefusal reads a door's refusal. A websocket client sees the first KiB of
// it alone: then its last part, the text, is cut.
func readRefusal(body []byte) (doorapi.Error, bool) {
	var refusal doorapi.Error
	if json.Unmarshal(body, &refusal) == nil {
		return refusal, refusal.Code != ""
	}
	if len(body) < maxRefusalBody {
		return doorapi.Error{}, false
	}
	// The cut may be within an escape; two \uXXXX of a pair are the longest.
	const longestEscape = 12
	whole := strings.ToValidUTF8(string(body), "")
	for cut := range min(longestEscape, len(whole)) {
		if json.Unmarshal([]byte(whole[:len(whole)-cut]+`…"}`), &refusal) == nil {
			return refusal, refusal.Code != ""
		}
	}
	return doorapi.Error{}, false
}
