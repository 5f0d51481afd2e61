package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/limits"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

// caller is who asks the door for an operation.
type caller struct {
	admin    bool        // the host's tools, by the admin key
	room     call.RoomID // else: a member of this room
	identity call.Identity
	name     string
	role     call.Role
}

// outranks tells whether the caller may moderate somebody of a role.
func (c caller) outranks(other call.Role) bool { return c.admin || c.role.Outranks(other) }

// rank is the caller's role; the host's tools are a host.
func (c caller) rank() call.Role {
	if c.admin {
		return call.RoleHost
	}
	return c.role
}

// notBelow lists the roles of those whom the caller may not moderate.
func (c caller) notBelow() (roles []call.Role) {
	for _, r := range []call.Role{call.RoleHost, call.RoleCoHost, call.RoleParticipant, call.RoleListener} {
		if !c.outranks(r) {
			roles = append(roles, r)
		}
	}
	return roles
}

// access is who may use an operation.
type access int

const (
	forAdmin      access = iota // the host's tools alone
	forHosts                    // and the room's hosts
	forModerators               // and co-hosts
	forMembers                  // and everybody in the room
)

func (c caller) may(a access) bool {
	switch {
	case c.admin:
		return true
	case a == forHosts:
		return c.role == call.RoleHost
	case a == forModerators:
		return c.role.Moderates()
	default:
		return a == forMembers
	}
}

// operation answers one of the door's operations. room is checked, and the
// caller may use the operation in it.
type operation struct {
	op     call.Operation
	access access
	answer func(ctx context.Context, who caller, room call.RoomID, body []byte) (any, error)
}

// withRequest reads the body as the request of an operation.
func withRequest[Q, A any](f func(context.Context, caller, call.RoomID, Q) (A, error)) func(context.Context, caller, call.RoomID, []byte) (any, error) {
	return func(ctx context.Context, who caller, room call.RoomID, body []byte) (any, error) {
		var q Q
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, fmt.Errorf("%w: body is not the expected JSON", call.ErrBadArgument)
		}
		return f(ctx, who, room, q)
	}
}

// operations are those of moderation. docs/openapi.yaml describes them.
func (d *door) operations() []operation {
	return []operation{
		{call.OpRooms, forAdmin, withRequest(d.opRooms)},
		{call.OpMembers, forMembers, withRequest(d.opMembers)},
		{call.OpRemove, forModerators, withRequest(d.opRemove)},
		{call.OpBan, forModerators, withRequest(d.opBan)},
		{call.OpUnban, forModerators, withRequest(d.opUnban)},
		{call.OpBans, forModerators, withRequest(d.opBans)},
		{call.OpWithdraw, forHosts, withRequest(d.opWithdraw)},
		{call.OpAllow, forModerators, withRequest(d.opAllow)},
		{call.OpDisallow, forModerators, withRequest(d.opDisallow)},
		{call.OpMute, forModerators, withRequest(d.opMute)},
		{call.OpUnmute, forModerators, withRequest(d.opUnmute)},
		{call.OpRole, forModerators, withRequest(d.opRole)},
		{call.OpRules, forMembers, withRequest(d.opRules)},
		{call.OpDismiss, forHosts, withRequest(d.opDismiss)},
		{call.OpChat, forMembers, withRequest(d.opChat)},
		{call.OpSay, forAdmin, withRequest(d.opSay)},
	}
}

// serveOperation answers POST doorapi.APIPath + op.
func (d *door) serveOperation(o operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowOrigins(w)
		began := time.Now()
		log := d.Log.WithFields(logrus.Fields{"part": "door", "op": o.op, "from": limits.Origin(r.RemoteAddr)})
		who, room, body, err := d.readCall(w, r, o)
		if err != nil {
			d.fail(w, log, err)
			return
		}
		log = log.WithFields(logrus.Fields{"room": room, "by": who.identity, "admin": who.admin})
		answer, err := o.answer(r.Context(), who, room, body)
		if err != nil {
			d.fail(w, log, err)
			return
		}
		log.WithField("took", time.Since(began)).Debug("answered")
		reply(w, http.StatusOK, answer)
	}
}

// readCall reads who calls, about which room, and decides whether they may.
func (d *door) readCall(w http.ResponseWriter, r *http.Request, o operation) (who caller, room call.RoomID, body []byte, err error) {
	if who, err = d.authorize(r); err != nil {
		return who, "", nil, err
	}
	var raw json.RawMessage
	if err = readJSON(w, r, &raw); err != nil {
		return who, "", nil, err
	}
	var about doorapi.RoomRequest
	if err = json.Unmarshal(raw, &about); err != nil {
		return who, "", nil, fmt.Errorf("%w: body is not the expected JSON", call.ErrBadArgument)
	}
	room = call.RoomID(about.Room)
	if o.op == call.OpRooms {
		room = ""
	} else if err = call.CheckRoomID(string(room)); err != nil {
		return who, "", nil, err
	}
	if !who.may(o.access) || !who.admin && who.room != room {
		return who, room, nil, call.ErrForbidden
	}
	return who, room, raw, nil
}

// authorize tells who calls: by the admin key, compared in constant time, or by
// the LiveKit token of a member, which has to be as good as for a connect. A
// wrong key counts against the address.
func (d *door) authorize(r *http.Request) (caller, error) {
	from, bearer := limits.Origin(r.RemoteAddr), bearerOf(r)
	switch {
	case d.isStopping():
		return caller{}, call.ErrServerStopping
	case d.isAdminKey(bearer):
		return caller{admin: true}, d.mayCall(from, roomservice.Place{})
	case strings.Count(bearer, ".") != 2: // not even the form of a token
		return caller{}, d.missed(from, call.ErrAdminKey)
	}
	t, err := d.readTicketFrom(r.Context(), from, bearer)
	if err == nil {
		err = d.mayCall(from, roomservice.Place{Room: t.room(), Identity: t.identity()})
	}
	if err != nil {
		return caller{}, err
	}
	m, err := d.standing(r.Context(), t)
	if err != nil {
		return caller{}, err
	}
	who := caller{room: t.room(), identity: t.identity(), name: t.grants.Name, role: m.Role}
	if !t.ours && t.grants.Video.RoomAdmin {
		who.role = call.RoleHost // it may do all this through LiveKit's own API, in the room or not
		return who, nil
	}
	if who.role == "" {
		who.role = call.RoleParticipant
	}
	return who, d.checkThere(r.Context(), who, m.Presence)
}

// checkThere fails with call.ErrForbidden for who has left the room, or was
// never in it: their token, which may still be good, opens a connection and
// nothing else. The register hears a little late who has come.
func (d *door) checkThere(ctx context.Context, who caller, presence call.Presence) error {
	if presence == call.PresenceOnline || presence == call.PresenceOffline {
		return nil
	}
	_, err := d.rooms.Participant(ctx, roomservice.Place{Room: who.room, Identity: who.identity})
	if errors.Is(err, call.ErrAlreadyGone) {
		return call.ErrForbidden
	}
	return err
}

// knownRoom fails with call.ErrNoSuchRoom for a room that never was.
func (d *door) knownRoom(ctx context.Context, room call.RoomID) error {
	_, err := d.register.Room(ctx, room)
	if err == nil {
		return nil
	}
	_, open := d.rooms.Find(ctx, room) // also when the register fails: people can be removed without it
	if open != nil && !errors.Is(err, register.ErrNotFound) {
		return err
	}
	return open
}

func (d *door) opRooms(ctx context.Context, _ caller, _ call.RoomID, _ struct{}) (doorapi.RoomsAnswer, error) {
	open, err := d.rooms.All(ctx)
	if err != nil {
		return doorapi.RoomsAnswer{}, err
	}
	answer := doorapi.RoomsAnswer{Rooms: make([]doorapi.RoomRow, 0, len(open))}
	for _, r := range open {
		row := doorapi.RoomRow{
			Room: call.RoomID(r.GetName()), Session: call.SID(r.GetSid()),
			People: int(r.GetNumParticipants()), Since: r.GetCreationTimeMs(),
		}
		room, err := d.register.Room(ctx, row.Room)
		if err != nil && !errors.Is(err, register.ErrNotFound) {
			return doorapi.RoomsAnswer{}, err
		}
		row.Title = room.Title
		answer.Rooms = append(answer.Rooms, row)
	}
	return answer, nil
}
