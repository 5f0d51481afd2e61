package drive

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const apiLimit = 10 * time.Second

// API calls LiveKit's server API as any LiveKit server SDK does: Twirp with
// JSON and a token (protobufs/livekit_room.proto).
type API struct {
	URL         string
	key, secret string
	client      *http.Client
}

// APIError is a call that was refused.
type APIError struct {
	Method string
	Status int    // HTTP's
	Text   string // twirp's answer
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%s: %d %s: %s", e.Method, e.Status, http.StatusText(e.Status), e.Text)
}

// API opens the server's API with the key that it left in its file.
func (s *Server) API() (*API, error) {
	data, err := os.ReadFile(s.LiveKitKeyFile)
	if err != nil {
		return nil, err
	}
	var k struct{ Key, Secret string }
	if err := json.Unmarshal(data, &k); err != nil {
		return nil, fmt.Errorf("LiveKit key file: %w", err)
	}
	// The server was started by us and has a certificate of its own making.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // see above
	client := &http.Client{Transport: transport, Timeout: apiLimit}
	return &API{URL: s.URL, key: k.Key, secret: k.Secret, client: client}, nil
}

// Grants is the "video" part of a token.
type Grants map[string]any

// Token makes a LiveKit token.
func (a *API) Token(identity, name string, grants Grants) (string, error) {
	claims := map[string]any{
		"iss": a.key, "sub": identity, "name": name, "video": grants,
		"nbf": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding
	text := b64.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64.EncodeToString(body)
	mac := hmac.New(sha256.New, []byte(a.secret))
	mac.Write([]byte(text))
	return text + "." + b64.EncodeToString(mac.Sum(nil)), nil
}

// Call calls a method of livekit.RoomService. answer may be nil.
func (a *API) Call(ctx context.Context, method string, request, answer any) error {
	token, err := a.Token("", "", Grants{
		"roomAdmin": true, "roomCreate": true, "roomList": true, "room": field(request, "room"),
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	url := a.URL + "/twirp/livekit.RoomService/" + method
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK:
		return &APIError{method, resp.StatusCode, string(text)}
	case answer == nil:
		return nil
	}
	return json.Unmarshal(text, answer)
}

func field(request any, name string) any {
	m, _ := request.(map[string]any)
	return m[name]
}

// Remove removes a participant.
func (a *API) Remove(ctx context.Context, room, identity string) error {
	return a.Call(ctx, "RemoveParticipant", map[string]any{"room": room, "identity": identity}, nil)
}

// Dismiss ends a room for everybody.
func (a *API) Dismiss(ctx context.Context, room string) error {
	return a.Call(ctx, "DeleteRoom", map[string]any{"room": room}, nil)
}
