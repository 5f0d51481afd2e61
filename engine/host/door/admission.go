package door

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
	"foyer/engine/host/tracks"
	"foyer/engine/internal/pause"
)

// removeTimeout is how long a removal, or a change of permissions, may take once
// LiveKit has let somebody in.
const removeTimeout = 5 * time.Second

// admit decides about every connect: the first, a resumption, and a full
// reconnect, with tokens of the door's, refreshed ones, and those that a holder
// of the API key has made. An admitted connect holds a place in the room until
// c.open is called.
func (d *Door) admit(ctx context.Context, c *connect) error {
	var err error
	if c.member, err = d.checkToken(ctx, c.verifiedToken); err != nil {
		return err
	}
	if !d.personConnects.Take(roomservice.Place{Room: c.room(), Identity: c.identity()}, d.now()) {
		return call.ErrTooManyTries // after checkToken: somebody who is banned hears that
	}
	there, err := d.checkResumed(ctx, c)
	if err != nil {
		return err
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
	grant, changed := allowed(c.verifiedToken, c.member, rules)
	if c.member.MutedUnder(rules) && refuseAudio(grant, c.announces) {
		changed = true
	}
	renamed, err := d.rename(ctx, c)
	if err != nil {
		return err
	}
	corrected, err := d.settleAttributes(ctx, c)
	if err != nil {
		return err
	}
	if changed || renamed || corrected {
		if c.raw, err = d.rewrite(c.verifiedToken, grant); err != nil {
			return err
		}
	}
	c.granted = grant
	check, err := d.spaceFor(ctx, c.room(), rules, c.entrant(), c.resumes)
	if err != nil {
		return err
	}
	leave, ok := d.guests.crowd.Enter(c.from)
	if !ok {
		return call.ErrTooManyGuests
	}
	if c.resumes && !there {
		c.open = leave // LiveKit sends them away; counted, they would be inside for their own next connect
		return nil
	}
	open, err := d.seats.Arrive(seats.Installation{Room: c.room(), Key: string(c.member.Key)}, c.identity(), check)
	if err != nil {
		leave()
		return err
	}
	c.open = func() { open(); leave() }
	return nil
}

// rename makes the name in a token that the door did not make one that can be seen
// and told from the others', and reports whether it has changed.
func (d *Door) rename(ctx context.Context, c *connect) (bool, error) {
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

// checkToken fails if a token is no longer good: its holder was removed after it
// was made, or is banned. It returns what is known of the holder, which may be
// nothing for a token that the door did not make.
func (d *Door) checkToken(ctx context.Context, t verifiedToken) (register.Member, error) {
	m, err := d.register.Member(ctx, t.room(), t.identity())
	switch {
	case errors.Is(err, register.ErrNotFound) && !t.ours:
	case errors.Is(err, register.ErrNotFound):
		return m, call.ErrTokenRefused
	case err != nil:
		return m, err
	}
	tag := d.memberTag(t.room(), t.identity(), m.Key, t.generation)
	if t.ours && !hmac.Equal([]byte(t.grants.Attributes[doorapi.AttributeMember]), []byte(tag)) {
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

// checkBan fails with a *call.BannedError for somebody who is banned.
func (d *Door) checkBan(ctx context.Context, room call.RoomID, identity call.Identity, key []byte) error {
	ban, err := d.register.Banned(ctx, room, identity, key, d.now())
	switch {
	case errors.Is(err, register.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return &call.BannedError{Until: ban.Until, By: ban.By, Text: ban.Text}
}

// checkGeneration fails with the verdict if the member was removed since that
// generation.
func checkGeneration(m register.Member, generation int64) error {
	if m.Generation == generation {
		return nil
	}
	return removedError(m.Verdict)
}

// removedError is a verdict as a refusal tells it. A ban that is over was a removal.
func removedError(v register.Verdict) error {
	reason := v.Reason
	if reason == call.ReasonUnknown || reason == call.ReasonBanned {
		reason = call.ReasonRemoved
	}
	return &call.PutOutError{Reason: reason, By: v.By, Text: v.Text}
}

// checkCutoff refuses a token that the door did not make and that is older than its
// holder's last removal. Tokens say only in which second they were made, so that
// the whole second of the removal is too old.
func (d *Door) checkCutoff(ctx context.Context, t verifiedToken) error {
	cut, err := d.register.Cutoff(ctx, t.room(), t.identity())
	switch {
	case errors.Is(err, register.ErrNotFound):
		return nil
	case err != nil:
		return err
	case t.issued.Unix() > cut.At.Unix():
		return nil
	}
	return removedError(cut)
}

// checkResumed refuses to resume somebody else with the same identity: LiveKit
// hands whoever resumes a participant that participant's token, with its rights. It
// reports whether anybody is there; if not, LiveKit says so.
func (d *Door) checkResumed(ctx context.Context, c *connect) (there bool, err error) {
	if !c.resumes {
		return false, nil
	}
	p, err := d.rooms.Participant(ctx, roomservice.Place{Room: c.room(), Identity: c.identity()})
	switch {
	case errors.Is(err, call.ErrAlreadyGone):
		return false, nil
	case err != nil:
		return false, err
	}
	for _, name := range []string{doorapi.AttributeMember, doorapi.AttributeGeneration} {
		if p.GetAttributes()[name] != c.grants.Attributes[name] {
			return false, call.ErrIdentityTaken
		}
	}
	return true, nil
}

// openForeign makes the room for a token that a holder of the API key has made,
// as LiveKit does by default, unless a cluster decides that.
func (d *Door) openForeign(ctx context.Context, room call.RoomID) error {
	if d.cluster {
		return nil
	}
	_, err := d.rooms.Find(ctx, room)
	if errors.Is(err, call.ErrNoSuchRoom) {
		_, err = openedRoom(ctx, d, room)
	}
	return err
}

// allowed returns what somebody may do in the room now, and whether their token
// says something else.
func allowed(t verifiedToken, m register.Member, rules register.Rules) (grant *auth.VideoGrant, changed bool) {
	grant = t.grants.Video.Clone()
	if m.MutedUnder(rules) {
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

// refuseAudio has LiveKit refuse the audio tracks that somebody announces with
// their connect, and reports whether there are any.
func refuseAudio(grant *auth.VideoGrant, announces []*livekit.AddTrackRequest) (changed bool) {
	for _, t := range announces {
		if t.GetType() == livekit.TrackType_VIDEO || t.GetMuted() || !grant.GetCanPublishSource(t.GetSource()) {
			continue
		}
		changed = true
		rest := slices.DeleteFunc(tracks.SourcesOf(grant.GetCanPublishSources()),
			func(s livekit.TrackSource) bool { return s == t.GetSource() })
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
func (d *Door) spaceFor(
	ctx context.Context, room call.RoomID, rules register.Rules, e seats.Entrant, resumes bool,
) (func(seats.Occupancy) error, error) {
	if resumes {
		return func(seats.Occupancy) error { return nil }, nil
	}
	others, err := d.register.MembersOf(ctx, room, e.Key)
	if err != nil {
		return nil, err
	}
	if rules.Waiting && !e.LetIn {
		if e.LetIn, err = isLetIn(ctx, d, room, e); err != nil {
			return nil, err
		}
	}
	var here map[call.Identity]bool
	ruled := rules.Locked || rules.MaxMembers != 0 || rules.RefuseNewcomer || rules.Waiting && !e.LetIn
	if ruled || len(others) > seats.MaxSelves {
		if here, err = d.presence.Here(ctx, room); err != nil {
			return nil, err
		}
	}
	return func(now seats.Occupancy) error { return seats.Check(rules, e, others, here, now) }, nil
}

// confirm checks once more when LiveKit has let a connect in. Somebody who was
// removed, muted or given another role in the meantime was not in the room yet, so
// that nobody could remove them or tell LiveKit. A participant who is resumed may
// have been replaced by somebody else: nothing that LiveKit says to that one has
// reached the client yet.
func (d *Door) confirm(res *http.Response) error {
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
	member, err := d.checkToken(ctx, c.verifiedToken)
	if err == nil {
		if _, err := d.checkResumed(ctx, c); err != nil {
			return err
		}
	}
	if err == nil {
		return d.adjust(ctx, c, member)
	}
	if ctx.Err() != nil {
		return err
	}
	removing, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	if gone := d.rooms.Remove(removing, c.room(), c.identity()); gone != nil && !errors.Is(gone, call.ErrAlreadyGone) {
		d.log.WithError(gone).WithField("room", c.room()).WithField("identity", c.identity()).
			Error("somebody who was removed came in and stays")
	}
	return err
}

// explain turns the answer of a node that lets nobody in, because its Redis or the
// room's node is away, into the refusal that LiveKit is silent: clients then try
// again. It passes on LiveKit's own refusal of a full room (rtcservice.go,
// readInitialResponse).
func (d *Door) explain(c *connect, res *http.Response) error {
	const full, most = "connection closed by media", 1 << 10
	text, err := io.ReadAll(io.LimitReader(res.Body, most))
	if !d.cluster || err == nil && strings.Contains(string(text), full) {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(text), res.Body), res.Body}
		return nil
	}
	d.log.WithFields(logrus.Fields{
		"room": c.room(), "identity": c.identity(), "status": res.StatusCode, "said": string(text),
	}).Error("LiveKit lets nobody in")
	return call.ErrServerSilent
}

// adjust tells LiveKit what somebody who has just come in may do, and their role, if
// that has changed since their token was checked.
func (d *Door) adjust(ctx context.Context, c *connect, m register.Member) error {
	rules, err := d.register.Rules(ctx, c.room())
	if err != nil {
		return err
	}
	if now, _ := allowed(c.verifiedToken, m, rules); sameRights(now, c.granted) && m.Role == c.member.Role {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	for {
		err := d.enforcer.Enforce(ctx, roomservice.Place{Room: c.room(), Identity: c.identity()})
		if !errors.Is(err, call.ErrAlreadyGone) || c.resumes { // a resumed participant was there, or has gone
			return roomservice.IgnoreGone(err)
		}
		if err := pause.For(ctx, roomservice.Retry); err != nil { // LiveKit lists newcomers a moment after it lets them in
			return err
		}
	}
}
