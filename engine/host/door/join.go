package door

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/livekit/protocol/auth"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
	"foyer/engine/host/limits"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
	"foyer/engine/host/tracks"
	"foyer/engine/host/waiting"
	"foyer/engine/internal/guard"
)

// serveJoin answers doorapi.JoinPath.
func (d *Door) serveJoin(w http.ResponseWriter, r *http.Request) {
	allowOrigins(w)
	from := limits.Origin(r.RemoteAddr)
	var req doorapi.JoinRequest
	log := d.log.WithField("part", "door")
	if err := readJSON(w, r, &req); err != nil {
		d.fail(w, log, d.attempts.unusable(from, err))
		return
	}
	arrived, gone, ok := d.entrance.enter(r.Context())
	if !ok {
		d.fail(w, log, call.ErrServerStopping)
		return
	}
	defer gone()
	defer arrived()
	answer, err := d.join(r.Context(), from, &req, arrived)
	if err != nil {
		d.fail(w, log.WithField("room", req.Room).WithField("identity", req.Identity), err)
		return
	}
	if r.Header.Get("Origin") != "" { // others look names up themselves
		answer.MediaAddresses = d.names.addresses(r.Context(), r.Host)
	}
	reply(w, http.StatusOK, answer)
}

// join admits somebody, or says why not. The order matters: somebody without an
// invitation learns nothing about rooms and names, nothing is stored for them, and
// they share no limit with those who have one. While they wait to be let in, arrived
// was called: a server that stops does not wait for them.
func (d *Door) join(
	ctx context.Context, from netip.Prefix, req *doorapi.JoinRequest, arrived func(),
) (doorapi.JoinAnswer, error) {
	now, signing := d.now(), d.signing.Now(d.now())
	inv, err := d.invited(ctx, from, req, signing)
	switch {
	case err != nil:
		return doorapi.JoinAnswer{}, err
	case !d.joins.Take(from, now):
		return doorapi.JoinAnswer{}, call.ErrTooManyTries
	}
	if !d.nonces.Use(from, sha256.Sum256(append(append([]byte(nil), req.Key...), req.Nonce...)), signing) {
		return doorapi.JoinAnswer{}, call.ErrJoinUsed
	}
	seen := d.moderator.Waiting().Seen()
	found, err := d.mayJoin(ctx, req, inv.Role)
	if errors.Is(err, call.ErrWaiting) {
		arrived()
		found, err = waitToJoin(ctx, d, waiting.Guest{From: from, Seen: seen}, req, inv, found)
	}
	if err != nil {
		return doorapi.JoinAnswer{}, err
	}
	session, err := d.openRoom(ctx, found, inv, req)
	if err != nil {
		return doorapi.JoinAnswer{}, err
	}
	member, err := d.register.Bind(ctx, register.Member{
		Room: req.Room, Identity: req.Identity, Key: req.Key, Name: call.CleanName(req.Name), Role: inv.Role,
	}, now)
	if err != nil {
		if errors.Is(err, register.ErrTaken) {
			err = call.ErrIdentityTaken
		}
		return doorapi.JoinAnswer{}, err
	}
	outside := reach.Outside(from.Addr(), reach.OwnNetworks())
	return d.answer(ctx, req, member, session, found.hand, outside)
}

// invited checks the request and its invitation, and counts a bad one.
func (d *Door) invited(
	ctx context.Context, from netip.Prefix, req *doorapi.JoinRequest, signing time.Time,
) (register.Invitation, error) {
	done, err := d.attempts.look(ctx, from)
	if err != nil {
		return register.Invitation{}, err
	}
	defer done()
	if err := d.checkRequest(req, signing); err != nil {
		return register.Invitation{}, d.attempts.unusable(from, err)
	}
	return d.checkInvitation(ctx, from, req, d.now())
}

// mayJoin refuses whoever is banned, was removed while they were away, or finds the
// room locked or full. At the connect [Door.admit] decides again. It returns what
// LiveKit says of the room, which it is asked meanwhile.
func (d *Door) mayJoin(ctx context.Context, req *doorapi.JoinRequest, role call.Role) (roomLookup, error) {
	var asked sync.WaitGroup
	var foreign error
	var found roomLookup
	var hand string
	asked.Go(func() {
		hand, foreign = guard.Call(func() (string, error) { return d.checkForeigner(ctx, req) })
	})
	asked.Go(func() {
		found.session, found.err = guard.Call(func() (call.SID, error) { return d.rooms.Find(ctx, req.Room) })
	})
	banned := d.checkBan(ctx, req.Room, req.Identity, req.Key)
	refused := banned
	if refused == nil {
		refused = d.mayEnter(ctx, req, role)
	}
	asked.Wait()
	found.hand = hand
	if banned == nil && foreign != nil {
		return found, foreign
	}
	return found, refused
}

// roomLookup is the session of an open room, or why there is none.
type roomLookup struct {
	session call.SID
	err     error
	hand    string // of whoever joins, if they are there
}

// mayEnter is [Door.mayJoin] by what is stored of a person and the rules of the room.
func (d *Door) mayEnter(ctx context.Context, req *doorapi.JoinRequest, role call.Role) error {
	m, err := d.register.Member(ctx, req.Room, req.Identity)
	switch {
	case errors.Is(err, register.ErrNotFound):
		if m.Role = role; role.Moderates() { // and so would not wait
			if m.Role, err = d.register.RoleFor(ctx, req.Room, req.Key, role); err != nil {
				return err
			}
		}
	case err != nil:
		return err
	case m.Key != nil && !m.Key.Equal(ed25519.PublicKey(req.Key)):
		return call.ErrIdentityTaken
	case m.Key == nil && m.Role.Moderates(): // it was given to somebody with a token of the API key
		return call.ErrIdentityTaken
	case req.Generation != 0:
		if err := checkGeneration(m, req.Generation); err != nil {
			return err
		}
	}
	if role == call.RoleHost { // as Bind will decide
		m.Role = role
	}
	rules, err := d.register.Rules(ctx, req.Room)
	if err != nil {
		return err
	}
	e := seats.Entrant{
		Identity: req.Identity, Key: req.Key, Name: call.CleanName(req.Name), Member: m, Again: req.Generation != 0,
	}
	check, err := d.spaceFor(ctx, req.Room, rules, e, false)
	if err != nil {
		return err
	}
	return d.seats.Look(seats.Installation{Room: req.Room, Key: string(req.Key)}, check)
}

// checkForeigner reserves an identity for whoever is in the room under it with a
// token that the door did not make: nobody has proved with a key that it is theirs.
// It returns the hand of whoever is there.
func (d *Door) checkForeigner(ctx context.Context, req *doorapi.JoinRequest) (hand string, err error) {
	p, err := d.rooms.Participant(ctx, roomservice.Place{Room: req.Room, Identity: req.Identity})
	switch {
	case errors.Is(err, call.ErrAlreadyGone):
		return "", nil
	case err != nil:
		return "", err
	case p.GetAttributes()[doorapi.AttributeMember] == "":
		return "", call.ErrIdentityTaken
	default:
		return p.GetAttributes()[doorapi.AttributeHand], nil
	}
}

// checkRequest checks names, sizes, signature and clock.
func (d *Door) checkRequest(req *doorapi.JoinRequest, now time.Time) error {
	err := req.Verify(d.fingerprint)
	for _, host := range d.public { // by a link without a pin
		if err == nil || !errors.Is(err, call.ErrBadArgument) {
			break
		}
		err = req.Verify(doorapi.NameBinding(host))
	}
	if err != nil {
		return err
	}
	if keeper.IsReserved(req.Identity) {
		return call.ErrIdentityTaken
	}
	if skew := now.Sub(time.UnixMilli(req.Time)); skew.Abs() > nonceWindow {
		return &call.ClockError{Server: now, Behind: skew}
	}
	return nil
}

// checkInvitation looks for the secret. A wrong one counts against the address.
func (d *Door) checkInvitation(
	ctx context.Context, from netip.Prefix, req *doorapi.JoinRequest, now time.Time,
) (register.Invitation, error) {
	inv, err := d.register.Invitation(ctx, sha256.Sum256([]byte(req.Secret)))
	switch {
	case errors.Is(err, register.ErrNotFound), err == nil && inv.Room != req.Room:
		return inv, d.attempts.missed(from, call.ErrInviteRefused)
	case err != nil:
		return inv, err
	case !inv.Expires.IsZero() && !now.Before(inv.Expires):
		return inv, d.attempts.unusable(from, call.ErrInviteExpired)
	}
	return inv, nil
}

// openRoom returns the room's session. It makes a room that is not open, if the
// invitation and the guest want that (contract J1).
func (d *Door) openRoom(
	ctx context.Context, found roomLookup, inv register.Invitation, req *doorapi.JoinRequest,
) (call.SID, error) {
	if errors.Is(found.err, call.ErrNoSuchRoom) && !inv.Existing && !req.Existing {
		return openedRoom(ctx, d, req.Room)
	}
	return found.session, found.err
}

func (d *Door) answer(
	ctx context.Context, req *doorapi.JoinRequest, m register.Member, session call.SID, hand string, outside bool,
) (doorapi.JoinAnswer, error) {
	room, err := d.register.Room(ctx, req.Room)
	if err != nil {
		return doorapi.JoinAnswer{}, err
	}
	rules, err := d.register.Rules(ctx, req.Room)
	if err != nil {
		return doorapi.JoinAnswer{}, err
	}
	grant := &auth.VideoGrant{RoomJoin: true, Room: string(req.Room)}
	grant.SetCanPublish(m.Role.Publishes())
	grant.SetCanPublishSources(tracks.KnownSources())
	grant.SetCanSubscribe(true)
	grant.SetCanPublishData(!m.MutedUnder(rules))
	grant.SetCanUpdateOwnMetadata(false) // a name is what the door has checked
	tag := d.memberTag(req.Room, req.Identity, req.Key, m.Generation)
	gatherer := call.Identity("")
	if req.Batches {
		gatherer = keeper.HiddenIdentity(d.apiKey, keeper.Purpose, req.Room)
	}
	token, err := auth.NewAccessToken(d.apiKey.Key, d.apiKey.Secret).
		SetIdentity(string(req.Identity)).SetName(m.Name).SetVideoGrant(grant).
		SetAttributes(attributesFor(req, m, tag, hand, outside)).SetValidFor(tokenTTL).ToJWT()
	if err != nil {
		return doorapi.JoinAnswer{}, fmt.Errorf("sign a token: %w", err)
	}
	return doorapi.JoinAnswer{
		Token: token, Title: room.Title, SessionHint: string(session),
		Generation: m.Generation, Role: m.Role, Rules: rules, Keeper: gatherer, Time: d.now().UnixMilli(),
		Media: d.mediaAt(ctx),
	}, nil
}

// mediaAt says where media is received, for somebody who has come to where the request of
// ctx came in.
func (d *Door) mediaAt(ctx context.Context) reach.Ports {
	if at, ok := ctx.Value(http.LocalAddrContextKey).(interface{ MediaPorts() reach.Ports }); ok {
		return at.MediaPorts()
	}
	return d.media
}
