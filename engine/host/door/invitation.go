package door

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/limits"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/internal/secret"
)

const (
	secretBytes    = 16 // 128 bits: nobody guesses one
	maxInviteHours = 10 * 365 * 24
)

// serveInvitation makes an invitation.
func (d *Door) serveInvitation(w http.ResponseWriter, r *http.Request) {
	log := d.log.WithField("part", "door").WithField("from", limits.Origin(r.RemoteAddr))
	if err := d.checkAdmin(r); err != nil {
		d.fail(w, log, err)
		return
	}
	var req doorapi.InvitationRequest
	if err := readJSON(w, r, &req); err != nil {
		d.fail(w, log, err)
		return
	}
	answer, err := d.invite(r.Context(), req)
	if err != nil {
		d.fail(w, log.WithField("room", req.Room), err)
		return
	}
	log.WithField("room", req.Room).Info("made an invitation")
	reply(w, http.StatusOK, answer)
}

// checkAdmin compares the admin key in constant time. A wrong one counts
// against the address.
func (d *Door) checkAdmin(r *http.Request) error {
	switch from := limits.Origin(r.RemoteAddr); {
	case d.entrance.refuses():
		return call.ErrServerStopping
	case d.isAdminKey(bearerOf(r)):
		return d.attempts.mayCall(from, roomservice.Place{})
	default:
		return d.attempts.missed(from, call.ErrAdminKey)
	}
}

func bearerOf(r *http.Request) string {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return bearer
}

func (d *Door) isAdminKey(given string) bool {
	if len(given) > maxBearer {
		return false
	}
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(d.adminKey))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (d *Door) invite(ctx context.Context, req doorapi.InvitationRequest) (doorapi.InvitationAnswer, error) {
	if err := call.CheckRoomID(string(req.Room)); err != nil {
		return doorapi.InvitationAnswer{}, err
	}
	if err := call.CheckTitle(req.Title); err != nil {
		return doorapi.InvitationAnswer{}, err
	}
	req.Title = call.CleanName(req.Title)
	if req.TTL < 0 || req.TTL > maxInviteHours*3600 {
		return doorapi.InvitationAnswer{}, fmt.Errorf("%w: ttl of %d s", call.ErrBadArgument, req.TTL)
	}
	if req.Role == "" {
		req.Role = call.RoleParticipant
	}
	if _, err := call.ParseRole(string(req.Role)); err != nil {
		return doorapi.InvitationAnswer{}, err
	}
	now, text := d.now(), secret.Text(secretBytes)
	inv := register.Invitation{
		SecretHash: sha256.Sum256([]byte(text)), Room: call.RoomID(req.Room), Existing: req.Existing, Role: req.Role,
	}
	answer := doorapi.InvitationAnswer{
		Room: inv.Room, Existing: req.Existing, Role: req.Role, Secret: text,
		Fingerprint: hex.EncodeToString(d.fingerprint[:]), Hosts: d.hosts(),
	}
	if d.trusted != nil {
		answer.Trusted = slices.DeleteFunc(slices.Clone(d.public), func(h string) bool { return !d.trusted(h) })
	}
	if req.TTL > 0 {
		inv.Expires = now.Add(time.Duration(req.TTL) * time.Second)
		answer.Expires = inv.Expires.UnixMilli()
	}
	if err := d.register.AddInvitation(ctx, inv, req.Title, now); err != nil {
		return doorapi.InvitationAnswer{}, err
	}
	room, err := d.register.Room(ctx, inv.Room)
	answer.Title = room.Title
	return answer, err
}
