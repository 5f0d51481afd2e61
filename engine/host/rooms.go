package host

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

const (
	apiBound    = 5 * time.Second // for one call of LiveKit's API
	apiTokenFor = time.Minute
)

// rooms calls the room service of the LiveKit behind the door. It may be used
// from any goroutine.
type rooms struct {
	client livekit.RoomService
	idle   func() // closes idle connections
	ttl    uint32 // seconds
}

func newRooms(upstream *url.URL, key apiKey, ttl time.Duration) *rooms {
	transport := &http.Transport{MaxIdleConnsPerHost: 16, ResponseHeaderTimeout: apiBound}
	return &rooms{
		client: livekit.NewRoomServiceProtobufClient(upstream.String(), &http.Client{
			Timeout: apiBound, Transport: &apiTransport{key: key, next: transport},
		}),
		idle: transport.CloseIdleConnections,
		ttl:  uint32(ttl / time.Second),
	}
}

// ensure makes a room unless it is open, and returns its session.
func (r *rooms) ensure(ctx context.Context, room call.RoomID) (call.SID, error) {
	answer, err := r.client.CreateRoom(ctx, &livekit.CreateRoomRequest{
		Name: string(room), EmptyTimeout: r.ttl, DepartureTimeout: r.ttl,
	})
	if err != nil {
		return "", fmt.Errorf("make a room: %w", err)
	}
	return call.SID(answer.GetSid()), nil
}

// find returns the session of an open room, or ErrNoSuchRoom.
func (r *rooms) find(ctx context.Context, room call.RoomID) (call.SID, error) {
	answer, err := r.client.ListRooms(ctx, &livekit.ListRoomsRequest{Names: []string{string(room)}})
	if err != nil {
		return "", fmt.Errorf("look for a room: %w", err)
	}
	for _, open := range answer.GetRooms() {
		if open.GetName() == string(room) {
			return call.SID(open.GetSid()), nil
		}
	}
	return "", call.ErrNoSuchRoom
}

// list names every open room.
func (r *rooms) list(ctx context.Context) ([]string, error) {
	answer, err := r.client.ListRooms(ctx, &livekit.ListRoomsRequest{})
	if err != nil {
		return nil, fmt.Errorf("list the rooms: %w", err)
	}
	names := make([]string, 0, len(answer.GetRooms()))
	for _, open := range answer.GetRooms() {
		names = append(names, open.GetName())
	}
	return names, nil
}

func (r *rooms) close() { r.idle() }

// apiTransport signs every request with a short-lived token.
type apiTransport struct {
	key  apiKey
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *apiTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := auth.NewAccessToken(t.key.Key, t.key.Secret).SetValidFor(apiTokenFor).
		SetVideoGrant(&auth.VideoGrant{RoomCreate: true, RoomList: true}).ToJWT()
	if err != nil {
		return nil, fmt.Errorf("sign an API call: %w", err)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return t.next.RoundTrip(req)
}
