//go:build linux

package main

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

// office calls the door's API with the admin key, on a connection that stays
// open: what is measured is the door's work.
type office struct {
	url, key string
	client   http.Client
}

func newOffice(s *drive.Server) (*office, error) {
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
	return &office{url: s.URL + doorapi.APIPath, key: k.Key, client: http.Client{Transport: transport, Timeout: patience}}, nil
}

func (o *office) close() { o.client.CloseIdleConnections() }

// do calls an operation. answer may be nil.
func (o *office) do(ctx context.Context, op call.Operation, request, answer any) (err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url+string(op), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+o.key)
	res, err := o.client.Do(req)
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

// remove puts somebody out, who must have been there.
func (o *office) remove(ctx context.Context, room, id string) error {
	var answer doorapi.PeopleAnswer
	if err := o.do(ctx, call.OpRemove, doorapi.PeopleRequest{Room: doorapi.RoomParameter(room), IDs: []call.Identity{call.Identity(id)}}, &answer); err != nil {
		return err
	}
	if len(answer.Results) != 1 || answer.Results[0].Result != call.ResultDone {
		return fmt.Errorf("remove: %v", answer.Results)
	}
	return nil
}

func (o *office) dismiss(ctx context.Context, room string) error {
	return o.do(ctx, call.OpDismiss, doorapi.DismissRequest{Room: doorapi.RoomParameter(room)}, nil)
}
