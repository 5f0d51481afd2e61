package roomservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/internal/pause"
)

const (
	// Timeout is for one call of LiveKit's API.
	Timeout = 5 * time.Second
	// Retry is the time between two tries: LiveKit lists who is new a moment after
	// it lets them in.
	Retry = 20 * time.Millisecond
	// IdleTimeout is how long a connection to LiveKit is kept that nobody uses: it
	// costs two files where LiveKit is in this process.
	IdleTimeout = 10 * time.Second
	// TellTimeout is how long somebody may take to hear why they are removed,
	// before they are.
	TellTimeout   = 80 * time.Millisecond
	removeTimeout = 500 * time.Millisecond // for one try of a removal
	tokenTTL      = time.Minute
)

// Place is somebody in a room.
type Place struct {
	Room     call.RoomID
	Identity call.Identity
}

// Key is a LiveKit API key, as in the file for LiveKit's own tools.
type Key struct {
	Key    string `json:"key"`
	Secret string `json:"secret"`
}

// Client calls the room service of the LiveKit behind the door. It may be used
// from any goroutine.
type Client struct {
	client livekit.RoomService
	idle   func() // closes idle connections
	ttl    uint32 // seconds
}

// New makes a client of the LiveKit at upstream, for rooms that stay open for ttl
// with nobody in them.
func New(upstream *url.URL, key Key, ttl time.Duration) *Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: IdleTimeout, ResponseHeaderTimeout: Timeout}
	c := Over(livekit.NewRoomServiceProtobufClient(upstream.String(), &http.Client{
		Timeout: Timeout, Transport: Transport{Key: key, Next: transport},
	}), ttl)
	c.idle = transport.CloseIdleConnections
	return c
}

// Over is [New] with a service that is there already.
func Over(service livekit.RoomService, ttl time.Duration) *Client {
	return &Client{client: service, idle: func() {}, ttl: uint32(ttl / time.Second)}
}

// Ensure makes a room unless it is open, and returns its session. It gives
// LiveKit no limit of people: LiveKit never changes that of a room that is open.
func (r *Client) Ensure(ctx context.Context, room call.RoomID) (call.SID, error) {
	answer, err := r.client.CreateRoom(ctx, &livekit.CreateRoomRequest{
		Name: string(room), EmptyTimeout: r.ttl, DepartureTimeout: r.ttl,
	})
	if err != nil {
		return "", fmt.Errorf("make a room: %w", err)
	}
	return call.SID(answer.GetSid()), nil
}

// Find returns the session of an open room, or ErrNoSuchRoom.
func (r *Client) Find(ctx context.Context, room call.RoomID) (call.SID, error) {
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

// All lists every open room.
func (r *Client) All(ctx context.Context) ([]*livekit.Room, error) {
	answer, err := r.client.ListRooms(ctx, &livekit.ListRoomsRequest{})
	if err != nil {
		return nil, fmt.Errorf("list the rooms: %w", err)
	}
	return answer.GetRooms(), nil
}

// List names every open room.
func (r *Client) List(ctx context.Context) ([]string, error) {
	open, err := r.All(ctx)
	names := make([]string, 0, len(open))
	for _, room := range open {
		names = append(names, room.GetName())
	}
	return names, err
}

// People lists who is in a room, hidden participants, agents and recorders
// excepted. A room that is not open is empty.
func (r *Client) People(ctx context.Context, room call.RoomID) ([]*livekit.ParticipantInfo, error) {
	answer, err := r.client.ListParticipants(inRoom(ctx, room), &livekit.ListParticipantsRequest{Room: string(room)})
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the people of a room: %w", err)
	}
	var people []*livekit.ParticipantInfo
	for _, p := range answer.GetParticipants() {
		if IsPerson(p) {
			people = append(people, p)
		}
	}
	return people, nil
}

// IsPerson tells people from what works for them (participant.go, IsDependent).
// An ingress counts, as LiveKit counts it for a room's size: somebody sends it. The
// client's roster shows it as a program.
func IsPerson(p *livekit.ParticipantInfo) bool {
	switch p.GetKind() {
	case livekit.ParticipantInfo_AGENT, livekit.ParticipantInfo_EGRESS:
		return false
	default:
		return !p.GetPermission().GetHidden() && p.GetState() != livekit.ParticipantInfo_DISCONNECTED
	}
}

// Here reports who is in a room, as People does.
func (r *Client) Here(ctx context.Context, room call.RoomID) (map[call.Identity]bool, error) {
	people, err := r.People(ctx, room)
	here := make(map[call.Identity]bool, len(people))
	for _, p := range people {
		here[call.Identity(p.GetIdentity())] = true
	}
	return here, err
}

// Remove removes somebody from a room, or fails with ErrAlreadyGone. LiveKit does
// not answer about a session that begins or ends at this moment, so that it is
// asked again.
func (r *Client) Remove(ctx context.Context, room call.RoomID, identity call.Identity) error {
	for until := time.Now().Add(Timeout); ; {
		err := r.removeOnce(ctx, room, identity)
		if err == nil || errors.Is(err, call.ErrAlreadyGone) {
			return err
		}
		switch _, found := r.Participant(ctx, Place{Room: room, Identity: identity}); {
		case errors.Is(found, call.ErrAlreadyGone):
			return nil
		case time.Now().After(until), pause.For(ctx, Retry) != nil:
			return err
		}
	}
}

func (r *Client) removeOnce(ctx context.Context, room call.RoomID, identity call.Identity) error {
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	_, err := r.client.RemoveParticipant(inRoom(ctx, room),
		&livekit.RoomParticipantIdentity{Room: string(room), Identity: string(identity)})
	if notFound(err) {
		return call.ErrAlreadyGone
	}
	if err != nil {
		return fmt.Errorf("remove somebody: %w", err)
	}
	return nil
}

// Dismiss closes a room for everyone, or fails with ErrNoSuchRoom.
func (r *Client) Dismiss(ctx context.Context, room call.RoomID) error {
	_, err := r.client.DeleteRoom(inRoom(ctx, room), &livekit.DeleteRoomRequest{Room: string(room)})
	if notFound(err) {
		return call.ErrNoSuchRoom
	}
	if err != nil {
		return fmt.Errorf("close a room: %w", err)
	}
	return nil
}

// Change is what LiveKit is to say of somebody from now on.
type Change struct {
	Permission *livekit.ParticipantPermission // nil: as it is
	Attributes map[string]string              // those that change; an empty value takes one away
}

// Change changes what somebody may do, and what is said of them, or fails with
// ErrAlreadyGone. It returns them as they are then; what LiveKit lists can be older.
func (r *Client) Change(ctx context.Context, who Place, c Change) (*livekit.ParticipantInfo, error) {
	info, err := r.client.UpdateParticipant(inRoom(ctx, who.Room), &livekit.UpdateParticipantRequest{
		Room: string(who.Room), Identity: string(who.Identity), Permission: c.Permission, Attributes: c.Attributes,
	})
	if notFound(err) {
		return nil, call.ErrAlreadyGone
	}
	if err != nil {
		return nil, fmt.Errorf("change what somebody may do: %w", err)
	}
	return info, nil
}

// Mute mutes a track of somebody's. Nothing here unmutes one (contract K10).
func (r *Client) Mute(ctx context.Context, room call.RoomID, identity, track string) error {
	_, err := r.client.MutePublishedTrack(inRoom(ctx, room), &livekit.MuteRoomTrackRequest{
		Room: string(room), Identity: identity, TrackSid: track, Muted: true,
	})
	if err != nil && !notFound(err) {
		return fmt.Errorf("mute a track: %w", err)
	}
	return nil
}

// TellOne tells one person, and returns when they know it, cannot know it, or
// ctx ends.
func (r *Client) TellOne(ctx context.Context, room call.RoomID, identity string, notice doorapi.Notice) error {
	payload, err := json.Marshal(notice)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err)
	}
	_, err = r.client.PerformRpc(inRoom(ctx, room), &livekit.PerformRpcRequest{
		Room: string(room), DestinationIdentity: identity, Method: doorapi.MethodNotice, Payload: string(payload),
		ResponseTimeoutMs: uint32(TellTimeout / time.Millisecond),
	})
	return err
}

// Tell sends a notice to some people, or with none to everybody.
func (r *Client) Tell(ctx context.Context, room call.RoomID, to []string, notice doorapi.Notice) error {
	payload, err := json.Marshal(notice)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err)
	}
	topic := doorapi.TopicNotice
	_, err = r.client.SendData(inRoom(ctx, room), &livekit.SendDataRequest{
		Room: string(room), Data: payload, Kind: livekit.DataPacket_RELIABLE, DestinationIdentities: to, Topic: &topic,
	})
	if err != nil {
		return fmt.Errorf("send a notice: %w", err)
	}
	return nil
}

// notFound recognizes LiveKit's answer about what is not there.
func notFound(err error) bool {
	e, ok := errors.AsType[twirp.Error](err)
	return ok && e.Code() == twirp.NotFound
}

// Close closes idle connections.
func (r *Client) Close() { r.idle() }

// roomKey has the room that an API call is about.
type roomKey struct{}

// inRoom lets an API call be signed for its room.
func inRoom(ctx context.Context, room call.RoomID) context.Context {
	return context.WithValue(ctx, roomKey{}, room)
}

// Transport signs every request with a short-lived token.
type Transport struct {
	Key  Key
	Next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	grant := &auth.VideoGrant{RoomCreate: true, RoomList: true}
	if room, ok := req.Context().Value(roomKey{}).(call.RoomID); ok {
		grant.RoomAdmin, grant.Room = true, string(room)
	}
	token, err := auth.NewAccessToken(t.Key.Key, t.Key.Secret).SetValidFor(tokenTTL).SetVideoGrant(grant).ToJWT()
	if err != nil {
		return nil, fmt.Errorf("sign an API call: %w", err)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return t.Next.RoundTrip(req)
}

// Participant returns somebody who is in a room, or fails with ErrAlreadyGone.
func (r *Client) Participant(ctx context.Context, p Place) (*livekit.ParticipantInfo, error) {
	info, err := r.client.GetParticipant(inRoom(ctx, p.Room), &livekit.RoomParticipantIdentity{
		Room: string(p.Room), Identity: string(p.Identity),
	})
	if notFound(err) {
		return nil, call.ErrAlreadyGone
	}
	if err != nil {
		return nil, fmt.Errorf("look for somebody: %w", err)
	}
	return info, nil
}

// IgnoreGone is err, or nil if it says that somebody is not there any more.
func IgnoreGone(err error) error {
	if errors.Is(err, call.ErrAlreadyGone) {
		return nil
	}
	return err
}
