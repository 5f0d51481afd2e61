package host

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/connwatch"
	"foyer/engine/host/limits"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
	"foyer/engine/host/tracks"
	"foyer/engine/internal/pause"
)

// removeBound is how long a removal, or a change of what somebody may do, may
// take once LiveKit has let them in.
const removeBound = 5 * time.Second

// serveRTC lets a connect through to LiveKit, which upgrades it to a WebSocket.
func (d *door) serveRTC(w http.ResponseWriter, r *http.Request) {
	log := d.Log.WithField("part", "door")
	arrived, ok := d.enter()
	if !ok {
		allowOrigins(w)
		d.fail(w, log, call.ErrServerStopping)
		return
	}
	defer d.inside.Done()
	defer arrived()
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	inTime := context.AfterFunc(d.welcome, func() { cancel(call.ErrServerStopping) })
	defer inTime()
	c, err := d.meet(r)
	if err == nil {
		log = log.WithFields(logrus.Fields{"room": c.room(), "identity": c.identity()})
		err = d.admit(ctx, c)
	}
	if err != nil {
		if turnedAway(ctx) {
			err = call.ErrServerStopping
		}
		allowOrigins(w)
		d.fail(w, log, err)
		return
	}
	defer c.open()
	defer func() {
		if c.gone != nil {
			c.gone()
		}
	}()
	c.inTime = inTime
	out := r.Clone(context.WithValue(ctx, connectKey{}, c))
	out.URL.RawQuery = c.query.Encode()
	out.Header.Set("Authorization", "Bearer "+c.raw)
	v := d.watch.Visit(roomservice.Place{Room: c.room(), Identity: c.identity()}, c.resumes)
	defer v.End()
	linger := lingerWriter{w, func() { inTime(); arrived(); d.keepers.Want(c.room()) }}
	d.proxy.ServeHTTP(connwatch.Writer{HijackWriter: linger, Visit: v, Limits: d.limitsOf(c)}, out)
	if c.expelled.Load() {
		d.expel(ctx, c)
	}
}

// meet reads who connects, if their address has not done so too often.
func (d *door) meet(r *http.Request) (*connect, error) {
	from := limits.Origin(r.RemoteAddr)
	c, err := d.meetFrom(r, from)
	switch {
	case err != nil:
		return nil, d.attempts.unusable(from, err)
	case !d.connects.Take(from, d.now()):
		return nil, call.ErrTooManyTries
	}
	c.from = from
	return c, nil
}

func (d *door) meetFrom(r *http.Request, from netip.Prefix) (*connect, error) {
	if r.ContentLength != 0 {
		// LiveKit would take fields of a form for parameters, and so somebody
		// else's token (net/http, ParseMultipartForm, whatever the method).
		return nil, fmt.Errorf("%w: a connect has no body", call.ErrBadArgument)
	}
	done, err := d.attempts.look(r.Context(), from)
	if err != nil {
		return nil, err
	}
	defer done()
	return d.readConnect(r)
}

// readTicketFrom verifies a token and counts one that is no good against the
// address.
func (d *door) readTicketFrom(ctx context.Context, from netip.Prefix, raw string) (ticket, error) {
	done, err := d.attempts.look(ctx, from)
	if err != nil {
		return ticket{}, err
	}
	t, err := d.readTicket(raw)
	done()
	return t, d.attempts.unusable(from, err)
}

// turnedAway tells whether a connect was given up because the server stops.
func turnedAway(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), call.ErrServerStopping)
}

// admit decides about every connect: the first, a resumption, and a full
// reconnect, with tokens of the door's, refreshed ones, and those that a holder
// of the API key has made. Whoever it lets in holds a place in the room until
// c.open is called.
func (d *door) admit(ctx context.Context, c *connect) error {
	var err error
	if c.member, err = d.standing(ctx, c.ticket); err != nil {
		return err
	}
	if !d.personConnects.Take(roomservice.Place{Room: c.room(), Identity: c.identity()}, d.now()) {
		return call.ErrTooManyTries // after standing: who is kept out hears that
	}
	if c.resumes {
		if err := d.checkResumed(ctx, c.ticket); err != nil {
			return err
		}
	}
	if !c.ours {
		if err := d.openForeign(ctx, c.room()); err != nil {
			return err
		}
	}
	rules, err := d.register.Rules(ctx, c.room())
	if err != nil {
		return err
	}
	grant, changed := allowed(c.ticket, c.member, rules)
	if c.member.Silenced(rules) && muteFirst(grant, c.announces) {
		changed = true
	}
	renamed, err := d.rename(ctx, c)
	if err != nil {
		return err
	}
	if changed || renamed {
		if c.raw, err = d.rewrite(c.ticket, grant); err != nil {
			return err
		}
	}
	c.granted = grant
	e := seats.Entrant{Identity: c.identity(), Key: c.member.Key, Member: c.member, Again: c.again}
	check, err := d.spaceFor(ctx, c.room(), rules, e, c.resumes)
	if err != nil {
		return err
	}
	leave, ok := d.guests.crowd.Enter(c.from)
	if !ok {
		return call.ErrTooManyGuests
	}
	open, err := d.seats.Arrive(seats.Installation{Room: c.room(), Key: string(e.Key)}, c.identity(), check)
	if err != nil {
		leave()
		return err
	}
	c.open = func() { open(); leave() }
	return nil
}

// rename makes the name in a token that the door has not made one that is seen
// and told from the others', and tells whether it is another one now.
func (d *door) rename(ctx context.Context, c *connect) (bool, error) {
	given := c.grants.Name
	if c.ours || c.resumes || given == "" {
		return false, nil
	}
	m := register.Member{Room: c.room(), Identity: c.identity(), Name: call.CleanName(given)}
	if m.Name == "" {
		m.Name = call.ShownID(m.Identity)
	}
	name, err := d.register.ToldApart(ctx, m, d.now())
	c.grants.Name = name
	return name != given, err
}

// standing tells whether a token is good: nobody has put its holder out since
// it was made, and no ban keeps them out. It returns what is known of them,
// which for a token that the door has not made may be nothing.
func (d *door) standing(ctx context.Context, t ticket) (register.Member, error) {
	m, err := d.register.Member(ctx, t.room(), t.identity())
	switch {
	case errors.Is(err, register.ErrNotFound) && !t.ours:
	case errors.Is(err, register.ErrNotFound):
		return m, call.ErrTokenRefused
	case err != nil:
		return m, err
	}
	if t.ours && !hmac.Equal([]byte(t.grants.Attributes[doorapi.AttributeMember]), []byte(d.memberTag(t.room(), t.identity(), m.Key, t.generation))) {
		return m, call.ErrTokenRefused
	}
	if err := d.checkBan(ctx, t.room(), t.identity(), m.Key); err != nil {
		return m, err
	}
	if t.ours {
		return m, checkGeneration(m, t.generation)
	}
	return m, d.checkCutoff(ctx, t)
}

// checkBan fails with a *call.BannedError for who is kept out.
func (d *door) checkBan(ctx context.Context, room call.RoomID, identity call.Identity, key []byte) error {
	ban, err := d.register.Banned(ctx, room, identity, key, d.now())
	switch {
	case errors.Is(err, register.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return &call.BannedError{Until: ban.Until, By: ban.By, Text: ban.Text}
}

// checkGeneration fails with the verdict on who was put out since.
func checkGeneration(m register.Member, generation int64) error {
	if m.Generation == generation {
		return nil
	}
	return putOutError(m.Verdict)
}

// putOutError is a verdict as it is told. A ban that is over was a removal.
func putOutError(v register.Verdict) error {
	reason := v.Reason
	if reason == call.ReasonUnknown || reason == call.ReasonBanned {
		reason = call.ReasonRemoved
	}
	return &call.PutOutError{Reason: reason, By: v.By, Text: v.Text}
}

// checkCutoff refuses tokens of others' making that are older than the last
// time when their holder was put out. Tokens say only in which second they were
// made, so that the whole second of the cutoff is too old.
func (d *door) checkCutoff(ctx context.Context, t ticket) error {
	cut, err := d.register.Cutoff(ctx, t.room(), t.identity())
	switch {
	case errors.Is(err, register.ErrNotFound):
		return nil
	case err != nil:
		return err
	case t.issued.Unix() > cut.At.Unix():
		return nil
	}
	return putOutError(cut)
}

// checkResumed refuses to resume somebody else of the same identity: LiveKit
// hands whoever resumes a participant that one's token, with its rights. Who is
// not there is LiveKit's to say.
func (d *door) checkResumed(ctx context.Context, t ticket) error {
	p, err := d.rooms.Participant(ctx, roomservice.Place{Room: t.room(), Identity: t.identity()})
	switch {
	case errors.Is(err, call.ErrAlreadyGone):
		return nil
	case err != nil:
		return err
	}
	for _, name := range []string{doorapi.AttributeMember, doorapi.AttributeGeneration} {
		if p.GetAttributes()[name] != t.grants.Attributes[name] {
			return call.ErrIdentityTaken
		}
	}
	return nil
}

// openForeign makes the room for a token that a holder of the API key has made,
// as LiveKit does by default, unless a cluster decides that.
func (d *door) openForeign(ctx context.Context, room call.RoomID) error {
	if d.upstream != nil {
		return nil
	}
	_, err := d.rooms.Find(ctx, room)
	if errors.Is(err, call.ErrNoSuchRoom) {
		_, err = d.rooms.Ensure(ctx, room)
	}
	return err
}

// allowed is what somebody may do in the room now, and whether that is not what
// their token says.
func allowed(t ticket, m register.Member, rules register.Rules) (grant *auth.VideoGrant, changed bool) {
	grant = t.grants.Video.Clone()
	if m.Silenced(rules) {
		grant.SetCanPublishData(false)
	} else if t.ours {
		grant.SetCanPublishData(true)
	}
	if t.ours {
		grant.SetCanPublish(m.Role.Publishes())
		grant.SetCanPublishSources(tracks.KnownSources())
	}
	return grant, !sameRights(grant, t.grants.Video)
}

// muteFirst lets LiveKit refuse the sounds that somebody announces with their
// connect, and tells whether there are any.
func muteFirst(grant *auth.VideoGrant, announces []*livekit.AddTrackRequest) (changed bool) {
	for _, t := range announces {
		if t.GetType() == livekit.TrackType_VIDEO || t.GetMuted() || !grant.GetCanPublishSource(t.GetSource()) {
			continue
		}
		changed = true
		rest := slices.DeleteFunc(tracks.SourcesOf(grant.GetCanPublishSources()), func(s livekit.TrackSource) bool { return s == t.GetSource() })
		grant.SetCanPublishSources(rest)
		if len(rest) == 0 {
			grant.SetCanPublish(false)
		}
	}
	return changed
}

// sameRights compares what [allowed] decides about.
func sameRights(a, b *auth.VideoGrant) bool {
	return a.GetCanPublish() == b.GetCanPublish() && a.GetCanPublishData() == b.GetCanPublishData() &&
		slices.Equal(a.CanPublishSources, b.CanPublishSources)
}

// presence knows who is in a room now.
type presence interface {
	// Here lists who is in a room, hidden participants and agents excepted.
	Here(ctx context.Context, room call.RoomID) (map[call.Identity]bool, error)
}

// spaceFor looks who is in the room, if its rules or somebody's other identities
// want that, and returns the check of locked, full, "refuse the newcomer" and of
// how many identities an installation has, for the moment of entering.
func (d *door) spaceFor(ctx context.Context, room call.RoomID, rules register.Rules, e seats.Entrant, resumes bool) (func(seats.Occupancy) error, error) {
	if resumes {
		return func(seats.Occupancy) error { return nil }, nil
	}
	others, err := d.register.MembersOf(ctx, room, e.Key)
	if err != nil {
		return nil, err
	}
	var here map[call.Identity]bool
	if ruled := rules.Locked || rules.MaxMembers != 0 || rules.RefuseNewcomer; ruled || len(others) > seats.MaxSelves {
		if here, err = d.presence.Here(ctx, room); err != nil {
			return nil, err
		}
	}
	return func(now seats.Occupancy) error { return seats.Check(rules, e, others, here, now) }, nil
}

// confirm looks once more, when LiveKit has let a connect in: who was put out,
// muted or given another role in the meantime was not in the room yet, so that
// nobody could remove them or tell LiveKit. And who is resumed may have been
// replaced by somebody else: nothing that LiveKit says to that one has reached
// the client yet.
func (d *door) confirm(res *http.Response) error {
	ctx := res.Request.Context()
	c := connectOf(ctx)
	switch {
	case c == nil:
		return nil
	case res.StatusCode >= http.StatusInternalServerError:
		return d.explain(c, res)
	case res.StatusCode != http.StatusSwitchingProtocols:
		return nil
	}
	// They are in: when the server stops, LiveKit tells them, over a connection
	// that must not be cut while we look.
	c.inTime()
	c.gone = d.enforcer.Connected(c.connection())
	member, err := d.standing(ctx, c.ticket)
	if err == nil && c.resumes {
		if err := d.checkResumed(ctx, c.ticket); err != nil {
			return err
		}
	}
	if err == nil {
		return d.adjust(ctx, c, member)
	}
	if ctx.Err() != nil {
		return err
	}
	removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeBound)
	defer cancel()
	if gone := d.rooms.Remove(removing, c.room(), c.identity()); gone != nil && !errors.Is(gone, call.ErrAlreadyGone) {
		d.Log.WithError(gone).WithField("room", c.room()).WithField("identity", c.identity()).Error("somebody who was put out came in and stays")
	}
	return err
}

// explain says of a node that lets nobody in, because its Redis or the room's node
// is away, that LiveKit is silent: clients then try on. Its word for a room that
// is full to LiveKit (rtcservice.go, readInitialResponse) is left to it.
func (d *door) explain(c *connect, res *http.Response) error {
	const full, most = "connection closed by media", 1 << 10
	text, err := io.ReadAll(io.LimitReader(res.Body, most))
	if d.upstream == nil || err == nil && strings.Contains(string(text), full) {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(text), res.Body), res.Body}
		return nil
	}
	d.Log.WithFields(logrus.Fields{"room": c.room(), "identity": c.identity(), "status": res.StatusCode, "said": string(text)}).
		Error("LiveKit lets nobody in")
	return call.ErrServerSilent
}

// adjust tells LiveKit what somebody may do who has just come in, if that has
// changed since their token was looked at.
func (d *door) adjust(ctx context.Context, c *connect, m register.Member) error {
	rules, err := d.register.Rules(ctx, c.room())
	if err != nil {
		return err
	}
	if now, _ := allowed(c.ticket, m, rules); sameRights(now, c.granted) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, removeBound)
	defer cancel()
	for {
		err := d.enforcer.Enforce(ctx, roomservice.Place{Room: c.room(), Identity: c.identity()})
		if !errors.Is(err, call.ErrAlreadyGone) || c.resumes { // who is resumed was there, or is not any more
			return roomservice.IgnoreGone(err)
		}
		if err := pause.For(ctx, roomservice.Retry); err != nil { // LiveKit lists who is new a moment after it lets them in
			return err
		}
	}
}
