//go:build linux

package harness

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/drive"
)

// maxAnswer bounds what the door may answer, in bytes.
const maxAnswer = 16 << 20

// Admin calls the door's API with the admin key, on a connection that stays
// open: what is measured is the door's work.
type Admin struct {
	url, key string
	client   http.Client
}

// NewAdmin reads the key of a server that was started here.
func NewAdmin(s *drive.Server) (*Admin, error) {
	data, err := os.ReadFile(s.AdminKeyFile)
	if err != nil {
		return nil, err
	}
	var k struct{ Key string }
	if err := json.Unmarshal(data, &k); err != nil {
		return nil, fmt.Errorf("admin key file: %w", err)
	}
	// The server was started by us and has a certificate of its own making.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	client := http.Client{Transport: transport, Timeout: Patience}
	return &Admin{url: s.URL + doorapi.APIPath, key: k.Key, client: client}, nil
}

// Close closes the connection.
func (a *Admin) Close() { a.client.CloseIdleConnections() }

// Do calls an operation. answer may be nil.
func (a *Admin) Do(ctx context.Context, op call.Operation, request, answer any) (err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+string(op), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s: %s", op, res.Status, text)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}

// Remove removes somebody, who must have been there.
func (a *Admin) Remove(ctx context.Context, room, id string) error {
	var answer doorapi.PeopleAnswer
	who := doorapi.PeopleRequest{Room: doorapi.RoomParameter(room), IDs: []call.Identity{call.Identity(id)}}
	if err := a.Do(ctx, call.OpRemove, who, &answer); err != nil {
		return err
	}
	if len(answer.Results) != 1 || answer.Results[0].Result != call.ResultDone {
		return fmt.Errorf("remove: %v", answer.Results)
	}
	return nil
}

// Dismiss closes a room for everybody.
func (a *Admin) Dismiss(ctx context.Context, room string) error {
	return a.Do(ctx, call.OpDismiss, doorapi.DismissRequest{Room: doorapi.RoomParameter(room)}, nil)
}
