package door

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
	"foyer/engine/host/moderation"
	"foyer/engine/host/roomservice"
)

// serveOperation answers POST doorapi.APIPath + op.
func (d *Door) serveOperation(o moderation.Operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowOrigins(w)
		began := time.Now()
		log := d.log.WithFields(logrus.Fields{"part": "door", "op": o.Op, "from": limits.Origin(r.RemoteAddr)})
		who, room, body, err := d.readCall(w, r, o)
		if err != nil {
			d.fail(w, log, err)
			return
		}
		log = log.WithFields(logrus.Fields{"room": room, "by": who.Identity, "admin": who.Admin})
		answer, err := o.Answer(r.Context(), who, room, body)
		if err != nil {
			d.fail(w, log, err)
			return
		}
		log.WithField("took", time.Since(began)).Debug("answered")
		reply(w, http.StatusOK, answer)
	}
}

// readCall reads who calls, about which room, and decides whether they may.
func (d *Door) readCall(
	w http.ResponseWriter, r *http.Request, o moderation.Operation,
) (who moderation.Caller, room call.RoomID, body []byte, err error) {
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
	if o.Op == call.OpRooms {
		room = ""
	} else if err = call.CheckRoomID(string(room)); err != nil {
		return who, "", nil, err
	}
	if !who.May(o.Access) || !who.Admin && who.Room != room {
		return who, room, nil, call.ErrForbidden
	}
	return who, room, raw, nil
}

// authorize returns the caller, by the admin key, compared in constant time, or by
// the LiveKit token of a member, which has to be as good as for a connect. A wrong
// key counts against the address.
func (d *Door) authorize(r *http.Request) (moderation.Caller, error) {
	from, bearer := limits.Origin(r.RemoteAddr), bearerOf(r)
	switch {
	case d.entrance.refuses():
		return moderation.Caller{}, call.ErrServerStopping
	case d.isAdminKey(bearer):
		return moderation.Caller{Admin: true}, d.attempts.mayCall(from, roomservice.Place{})
	case strings.Count(bearer, ".") != 2: // not even the form of a token
		return moderation.Caller{}, d.attempts.missed(from, call.ErrAdminKey)
	}
	t, err := d.verifyTokenFrom(r.Context(), from, bearer)
	if err == nil {
		err = d.attempts.mayCall(from, roomservice.Place{Room: t.room(), Identity: t.identity()})
	}
	if err != nil {
		return moderation.Caller{}, err
	}
	m, err := d.checkToken(r.Context(), t)
	if err != nil {
		return moderation.Caller{}, err
	}
	who := moderation.Caller{Room: t.room(), Identity: t.identity(), Name: t.grants.Name, Role: m.Role}
	if !t.ours && t.grants.Video.RoomAdmin {
		who.Role = call.RoleHost // it may do all this through LiveKit's own API, in the room or not
		return who, nil
	}
	if who.Role == "" {
		who.Role = call.RoleParticipant
	}
	return who, d.checkThere(r.Context(), who, m.Presence)
}

// checkThere returns call.ErrForbidden if the caller has left the room, or was
// never in it: their token may still be good, but only for a connect. The register
// hears a little late who has come.
func (d *Door) checkThere(ctx context.Context, who moderation.Caller, presence call.Presence) error {
	if presence == call.PresenceOnline || presence == call.PresenceOffline {
		return nil
	}
	_, err := d.rooms.Participant(ctx, roomservice.Place{Room: who.Room, Identity: who.Identity})
	if errors.Is(err, call.ErrAlreadyGone) {
		return call.ErrForbidden
	}
	return err
}
