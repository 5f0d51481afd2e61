package host

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
)

const (
	apiBound    = 5 * time.Second        // for one call of LiveKit's API
	removeTry   = 500 * time.Millisecond // for one try of a removal
	removeAgain = 20 * time.Millisecond  // until the next
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
	transport := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: upstreamIdle, ResponseHeaderTimeout: apiBound}
	return &rooms{
		client: livekit.NewRoomServiceProtobufClient(upstream.String(), &http.Client{
			Timeout: apiBound, Transport: &apiTransport{key: key, next: transport},
		}),
		idle: transport.CloseIdleConnections,
		ttl:  uint32(ttl / time.Second),
	}
}

// ensure makes a room unless it is open, and returns its session. It gives
// LiveKit no limit of people: LiveKit never changes that of a room that is open.
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

// all lists every open room.
func (r *rooms) all(ctx context.Context) ([]*livekit.Room, error) {
	answer, err := r.client.ListRooms(ctx, &livekit.ListRoomsRequest{})
	if err != nil {
		return nil, fmt.Errorf("list the rooms: %w", err)
	}
	return answer.GetRooms(), nil
}

// list names every open room.
func (r *rooms) list(ctx context.Context) ([]string, error) {
	open, err := r.all(ctx)
	names := make([]string, 0, len(open))
	for _, room := range open {
		names = append(names, room.GetName())
	}
	return names, err
}

// people lists who is in a room, hidden participants, agents and recorders
// excepted. A room that is not open is empty.
func (r *rooms) people(ctx context.Context, room call.RoomID) ([]*livekit.ParticipantInfo, error) {
	answer, err := r.client.ListParticipants(inRoom(ctx, room), &livekit.ListParticipantsRequest{Room: string(room)})
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the people of a room: %w", err)
	}
	var people []*livekit.ParticipantInfo
	for _, p := range answer.GetParticipants() {
		if isPerson(p) {
			people = append(people, p)
		}
	}
	return people, nil
}

// isPerson tells people from what works for them (participant.go, IsDependent).
func isPerson(p *livekit.ParticipantInfo) bool {
	switch p.GetKind() {
	case livekit.ParticipantInfo_AGENT, livekit.ParticipantInfo_EGRESS:
		return false
	default:
		return !p.GetPermission().GetHidden() && p.GetState() != livekit.ParticipantInfo_DISCONNECTED
	}
}

// here implements presence.
func (r *rooms) here(ctx context.Context, room call.RoomID) (map[call.Identity]bool, error) {
	people, err := r.people(ctx, room)
	here := make(map[call.Identity]bool, len(people))
	for _, p := range people {
		here[call.Identity(p.GetIdentity())] = true
	}
	return here, err
}

// remove puts somebody out of a room, or fails with ErrAlreadyGone. LiveKit does
// not answer about a session that begins or ends at this moment, so that it is
// asked again.
func (r *rooms) remove(ctx context.Context, room call.RoomID, identity call.Identity) error {
	for until := time.Now().Add(apiBound); ; {
		err := r.removeOnce(ctx, room, identity)
		if err == nil || errors.Is(err, call.ErrAlreadyGone) {
			return err
		}
		switch _, found := r.findPerson(ctx, place{room, identity}); {
		case errors.Is(found, call.ErrAlreadyGone):
			return nil
		case time.Now().After(until), wait(ctx, removeAgain) != nil:
			return err
		}
	}
}

func (r *rooms) removeOnce(ctx context.Context, room call.RoomID, identity call.Identity) error {
	ctx, cancel := context.WithTimeout(ctx, removeTry)
	defer cancel()
	_, err := r.client.RemoveParticipant(inRoom(ctx, room), &livekit.RoomParticipantIdentity{Room: string(room), Identity: string(identity)})
	if notFound(err) {
		return call.ErrAlreadyGone
	}
	if err != nil {
		return fmt.Errorf("remove somebody: %w", err)
	}
	return nil
}

// dismiss closes a room for everyone, or fails with ErrNoSuchRoom.
func (r *rooms) dismiss(ctx context.Context, room call.RoomID) error {
	_, err := r.client.DeleteRoom(inRoom(ctx, room), &livekit.DeleteRoomRequest{Room: string(room)})
	if notFound(err) {
		return call.ErrNoSuchRoom
	}
	if err != nil {
		return fmt.Errorf("close a room: %w", err)
	}
	return nil
}

// permit changes what somebody may do, or fails with ErrAlreadyGone. It returns
// them as they are then; what LiveKit lists can be older.
func (r *rooms) permit(ctx context.Context, room call.RoomID, identity string, p *livekit.ParticipantPermission) (*livekit.ParticipantInfo, error) {
	info, err := r.client.UpdateParticipant(inRoom(ctx, room), &livekit.UpdateParticipantRequest{
		Room: string(room), Identity: identity, Permission: p,
	})
	if notFound(err) {
		return nil, call.ErrAlreadyGone
	}
	if err != nil {
		return nil, fmt.Errorf("change what somebody may do: %w", err)
	}
	return info, nil
}

// mute mutes a track of somebody's. Nothing here unmutes one (contract K10).
func (r *rooms) mute(ctx context.Context, room call.RoomID, identity, track string) error {
	_, err := r.client.MutePublishedTrack(inRoom(ctx, room), &livekit.MuteRoomTrackRequest{
		Room: string(room), Identity: identity, TrackSid: track, Muted: true,
	})
	if err != nil && !notFound(err) {
		return fmt.Errorf("mute a track: %w", err)
	}
	return nil
}

// tellOne tells one person, and returns when they know it, cannot know it, or
// ctx ends.
func (r *rooms) tellOne(ctx context.Context, room call.RoomID, identity string, notice doorapi.Notice) error {
	payload, err := json.Marshal(notice)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err)
	}
	_, err = r.client.PerformRpc(inRoom(ctx, room), &livekit.PerformRpcRequest{
		Room: string(room), DestinationIdentity: identity, Method: doorapi.MethodNotice, Payload: string(payload),
		ResponseTimeoutMs: uint32(tellBound / time.Millisecond),
	})
	return err
}

// tell sends a notice to some people, or with none to everybody.
func (r *rooms) tell(ctx context.Context, room call.RoomID, to []string, notice doorapi.Notice) error {
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
	var e twirp.Error
	return errors.As(err, &e) && e.Code() == twirp.NotFound
}

func (r *rooms) close() { r.idle() }

// roomKey has the room that an API call is about.
type roomKey struct{}

// inRoom lets an API call be signed for its room.
func inRoom(ctx context.Context, room call.RoomID) context.Context {
	return context.WithValue(ctx, roomKey{}, room)
}

// apiTransport signs every request with a short-lived token.
type apiTransport struct {
	key  apiKey
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *apiTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	grant := &auth.VideoGrant{RoomCreate: true, RoomList: true}
	if room, ok := req.Context().Value(roomKey{}).(call.RoomID); ok {
		grant.RoomAdmin, grant.Room = true, string(room)
	}
	token, err := auth.NewAccessToken(t.key.Key, t.key.Secret).SetValidFor(apiTokenFor).SetVideoGrant(grant).ToJWT()
	if err != nil {
		return nil, fmt.Errorf("sign an API call: %w", err)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return t.next.RoundTrip(req)
}
