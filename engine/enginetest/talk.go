package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"foyer/engine/call"
)

// Talk is how a [Dialer]'s door answers: the guests it admits, what it has stored of
// the chat, and what its operations bring. nil fields: everybody, nothing, and
// an empty answer.
type Talk struct {
	OnAdmit    func(call.JoinRequest) Step
	History    func(after string) call.History
	OnModerate func(op call.Operation, request any) (answer any, err error)
}

// Admit answers as OnAdmit says.
func (d *Dialer) Admit(ctx context.Context, req call.JoinRequest) (call.Admission, error) {
	if d.OnAdmit != nil {
		if err := d.OnAdmit(req).take(ctx); err != nil {
			return call.Admission{}, err
		}
	}
	return call.Admission{Token: "token of " + string(req.Link.Room)}, nil
}

// SendChat says something; nobody of the stand-ins hears it.
func (s *Session) SendChat(ctx context.Context, text string) (call.ChatMessage, error) {
	if err := s.step(ctx, "chat"); err != nil {
		return call.ChatMessage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, text)
	return call.ChatMessage{
		ID: fmt.Sprintf("own_%d_%d", s.number, len(s.said)), From: s.Request.Identity, Name: s.Request.Name,
		Text: text, At: time.Now(),
	}, nil
}

// Said lists what was sent, in order.
func (s *Session) Said() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.said...)
}

// Chat tells what is stored.
func (s *Session) Chat(ctx context.Context, after string) (call.History, error) {
	s.mu.Lock()
	s.asked = append(s.asked, after)
	s.mu.Unlock()
	if err := s.step(ctx, "history"); err != nil {
		return call.History{}, err
	}
	if s.dialer.History == nil {
		return call.History{}, nil
	}
	return s.dialer.History(after), nil
}

// ChatAsked lists what Chat was asked for, in order.
func (s *Session) ChatAsked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// Moderate answers as OnModerate says.
func (s *Session) Moderate(ctx context.Context, op call.Operation, request, answer any) error {
	if err := s.step(ctx, "moderate"); err != nil {
		return err
	}
	if s.dialer.OnModerate == nil {
		return nil
	}
	result, err := s.dialer.OnModerate(op, request)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, answer)
}
