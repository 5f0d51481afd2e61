package hosttest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
	"google.golang.org/protobuf/proto"

	"foyer/engine/doorapi"
)

// LiveKit is the room service of a LiveKit without media: rooms, people, and a list
// of what was asked of it. A call that is not below panics. It may be used from any
// goroutine.
type LiveKit struct {
	livekit.RoomService

	mu     sync.Mutex
	people map[string]map[string]*livekit.ParticipantInfo
	done   []string
	told   []Told
	busy   int
}

// Told is a notice that was sent: to everybody, if To is empty.
type Told struct {
	To     []string
	Notice doorapi.Notice
	Asked  bool // by RPC, with a confirmation
}

// Enter opens a room, if it is not open, and puts people into it.
func (l *LiveKit) Enter(room string, people ...*livekit.ParticipantInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.people == nil {
		l.people = map[string]map[string]*livekit.ParticipantInfo{}
	}
	if l.people[room] == nil {
		l.people[room] = map[string]*livekit.ParticipantInfo{}
	}
	for _, p := range people {
		l.people[room][p.GetIdentity()] = p
	}
}

// Busy lets the next n removals fail, as they do while a session begins or ends.
func (l *LiveKit) Busy(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = n
}

// Done lists what changed something, and the kinds of the notices, in order.
func (l *LiveKit) Done() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.done)
}

// Told lists the notices in order.
func (l *LiveKit) Told() []Told {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// note lists what happened. l.mu is held.
func (l *LiveKit) note(format string, args ...any) {
	l.done = append(l.done, fmt.Sprintf(format, args...))
}

// find finds somebody. l.mu is held.
func (l *LiveKit) find(room, identity string) (*livekit.ParticipantInfo, error) {
	if p := l.people[room][identity]; p != nil {
		return p, nil
	}
	return nil, twirp.NewError(twirp.NotFound, "participant does not exist")
}

// CreateRoom opens a room.
func (l *LiveKit) CreateRoom(_ context.Context, q *livekit.CreateRoomRequest) (*livekit.Room, error) {
	l.Enter(q.GetName())
	return &livekit.Room{Name: q.GetName(), Sid: "RM_" + q.GetName(), EmptyTimeout: q.GetEmptyTimeout()}, nil
}

// ListRooms lists the open rooms.
func (l *LiveKit) ListRooms(_ context.Context, q *livekit.ListRoomsRequest) (*livekit.ListRoomsResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	answer := &livekit.ListRoomsResponse{}
	for name, people := range l.people {
		if len(q.GetNames()) == 0 || slices.Contains(q.GetNames(), name) {
			answer.Rooms = append(answer.Rooms, &livekit.Room{
				Name: name, Sid: "RM_" + name, NumParticipants: uint32(len(people)),
			})
		}
	}
	return answer, nil
}

// DeleteRoom closes a room.
func (l *LiveKit) DeleteRoom(_ context.Context, q *livekit.DeleteRoomRequest) (*livekit.DeleteRoomResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.people[q.GetRoom()] == nil {
		return nil, twirp.NewError(twirp.NotFound, "room does not exist")
	}
	delete(l.people, q.GetRoom())
	l.note("close %s", q.GetRoom())
	return &livekit.DeleteRoomResponse{}, nil
}

// ListParticipants lists who is in a room.
func (l *LiveKit) ListParticipants(
	_ context.Context, q *livekit.ListParticipantsRequest,
) (*livekit.ListParticipantsResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.people[q.GetRoom()] == nil {
		return nil, twirp.NewError(twirp.NotFound, "room does not exist")
	}
	answer := &livekit.ListParticipantsResponse{}
	for _, p := range l.people[q.GetRoom()] {
		answer.Participants = append(answer.Participants, proto.CloneOf(p))
	}
	return answer, nil
}

// GetParticipant finds somebody.
func (l *LiveKit) GetParticipant(
	_ context.Context, q *livekit.RoomParticipantIdentity,
) (*livekit.ParticipantInfo, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.find(q.GetRoom(), q.GetIdentity())
	return proto.CloneOf(p), err
}

// RemoveParticipant removes somebody.
func (l *LiveKit) RemoveParticipant(
	_ context.Context, q *livekit.RoomParticipantIdentity,
) (*livekit.RemoveParticipantResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy > 0 {
		l.busy--
		return nil, twirp.NewError(twirp.Unavailable, "not now")
	}
	if _, err := l.find(q.GetRoom(), q.GetIdentity()); err != nil {
		return nil, err
	}
	delete(l.people[q.GetRoom()], q.GetIdentity())
	l.note("remove %s", q.GetIdentity())
	return &livekit.RemoveParticipantResponse{}, nil
}

// UpdateParticipant changes somebody's permission and attributes.
func (l *LiveKit) UpdateParticipant(
	_ context.Context, q *livekit.UpdateParticipantRequest,
) (*livekit.ParticipantInfo, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.find(q.GetRoom(), q.GetIdentity())
	if err != nil {
		return nil, err
	}
	if q.GetPermission() != nil {
		p.Permission = q.GetPermission()
		l.note("permit %s", q.GetIdentity())
	}
	for name, value := range q.GetAttributes() {
		if p.Attributes == nil {
			p.Attributes = map[string]string{}
		}
		p.Attributes[name] = value
		if value == "" {
			delete(p.Attributes, name)
		}
		l.note("attribute %s=%s of %s", name, value, q.GetIdentity())
	}
	return proto.CloneOf(p), nil
}

// MutePublishedTrack mutes or unmutes a track.
func (l *LiveKit) MutePublishedTrack(
	_ context.Context, q *livekit.MuteRoomTrackRequest,
) (*livekit.MuteRoomTrackResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.find(q.GetRoom(), q.GetIdentity()); err != nil {
		return nil, err
	}
	l.note("muted=%v %s of %s", q.GetMuted(), q.GetTrackSid(), q.GetIdentity())
	return &livekit.MuteRoomTrackResponse{}, nil
}

// PerformRpc tells one person a notice.
func (l *LiveKit) PerformRpc(_ context.Context, q *livekit.PerformRpcRequest) (*livekit.PerformRpcResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.find(q.GetRoom(), q.GetDestinationIdentity()); err != nil {
		return nil, err
	}
	if q.GetMethod() != doorapi.MethodNotice {
		return nil, twirp.NewError(twirp.InvalidArgument, "unknown method")
	}
	return &livekit.PerformRpcResponse{}, l.tell([]string{q.GetDestinationIdentity()}, []byte(q.GetPayload()), true)
}

// SendData tells people a notice.
func (l *LiveKit) SendData(_ context.Context, q *livekit.SendDataRequest) (*livekit.SendDataResponse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q.GetTopic() != doorapi.TopicNotice || q.GetKind() != livekit.DataPacket_RELIABLE {
		return nil, twirp.NewError(twirp.InvalidArgument, "no notice")
	}
	return &livekit.SendDataResponse{}, l.tell(q.GetDestinationIdentities(), q.GetData(), false)
}

// tell lists a notice. l.mu is held.
func (l *LiveKit) tell(to []string, payload []byte, asked bool) error {
	var n doorapi.Notice
	if err := json.Unmarshal(payload, &n); err != nil {
		return twirp.NewError(twirp.Malformed, err.Error())
	}
	l.told = append(l.told, Told{To: slices.Sorted(slices.Values(to)), Notice: n, Asked: asked})
	l.note("%s %s", n.Kind, n.ID)
	return nil
}
