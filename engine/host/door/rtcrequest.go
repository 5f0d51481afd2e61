package door

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"

	"github.com/sirupsen/logrus"

	"foyer/engine/host/connwatch"
	"foyer/engine/host/limits"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
	"foyer/engine/host/stream"
	"foyer/engine/host/tracks"
)

// maxJoinRequest limits a join request when it is unpacked, as LiveKit does
// (utils.go, DecompressGzip).
const maxJoinRequest = 1 << 20

// connect is somebody at /rtc*.
type connect struct {
	verifiedToken
	from      netip.Prefix
	query     url.Values
	resumes   bool // keeps the participant that is there; LiveKit lets nobody new in by it
	member    register.Member
	granted   *auth.VideoGrant           // what the token says that LiveKit is given
	announces []*livekit.AddTrackRequest // with the connect
	said      *tracks.Said               // by its offer, which has these sections
	sections  []stream.Section
	open      func()      // gives the place in the room back; see seats.Seats
	gone      func()      // LiveKit had let them in; see tracks.Connection
	inTime    func() bool // from now on a server that stops does not turn them away
	// expel ends their removal, if the connection was cut for what they sent.
	expel atomic.Pointer[func(context.Context) error]
}

// connection is the connect once LiveKit has let it in.
func (c *connect) connection() tracks.Connection {
	in := tracks.Connection{
		Who: roomservice.Place{Room: c.room(), Identity: c.identity()}, Resumes: c.resumes,
		Muted: c.granted != nil && !c.granted.GetCanPublishData(), Announces: c.announces, Said: c.said,
	}
	if !c.ours {
		in.Foreign = tracks.SourcesOf(c.grants.Video.GetCanPublishSources())
	}
	return in
}

// entrant is who wants to be in the room.
func (c *connect) entrant() seats.Entrant {
	return seats.Entrant{
		Identity: c.identity(), Key: c.member.Key, Name: c.grants.Name, Member: c.member, Again: c.again,
		LetIn: !c.ours, // by the token's maker
	}
}

// readConnect verifies the token. LiveKit is given exactly what was verified
// here: the token in the header and no second one in the query.
func (d *Door) readConnect(r *http.Request) (*connect, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: query", call.ErrBadArgument)
	}
	raw, err := tokenOf(r, query)
	if err != nil {
		return nil, err
	}
	if query.Has("publish") {
		// LiveKit would append its value to the identity (utils.go,
		// ValidateConnectRequest), past everything that is keyed on it.
		return nil, fmt.Errorf("%w: publish-only connections", call.ErrBadArgument)
	}
	t, err := d.verifyRoomToken(raw)
	if err != nil {
		return nil, err
	}
	c := &connect{verifiedToken: t, query: query}
	return c, c.readJoin()
}

// unpackJoin returns the join request of a connect as LiveKit reads it
// (rtcservice.go, validateInternal). has is false for clients that send none, and
// ok if LiveKit reads it.
func unpackJoin(query url.Values) (request []byte, has, ok bool) {
	packed := query.Get("join_request")
	if packed == "" {
		return nil, false, false
	}
	raw, err := base64.URLEncoding.DecodeString(packed)
	var outer livekit.WrappedJoinRequest
	if err != nil || proto.Unmarshal(raw, &outer) != nil {
		return nil, true, false
	}
	inner := outer.GetJoinRequest()
	switch outer.GetCompression() {
	case livekit.WrappedJoinRequest_NONE:
		return inner, true, true
	case livekit.WrappedJoinRequest_GZIP:
		unpacked, err := gzip.NewReader(bytes.NewReader(inner))
		if err != nil {
			return nil, true, false
		}
		inner, err = io.ReadAll(io.LimitReader(unpacked, maxJoinRequest))
		return inner, true, err == nil
	default:
		return nil, true, false // LiveKit takes it for an empty request: somebody new
	}
}

// readJoin reads whether LiveKit will take a connect for a resumption, and the
// tracks that come with it. It refuses what would be refused in a message.
func (c *connect) readJoin() error {
	raw, has, ok := unpackJoin(c.query)
	if !has {
		if err := checkAttributes(c.query, nil); err != nil {
			return err
		}
		word := c.query.Get("reconnect")
		c.resumes = word == "1" || word == "true"
		return nil
	}
	var request livekit.JoinRequest
	if !ok || proto.Unmarshal(raw, &request) != nil {
		return nil //nolint:nilerr // nor does LiveKit read it
	}
	if err := checkAttributes(c.query, request.GetParticipantAttributes()); err != nil {
		return err
	}
	c.said = tracks.NewSaid()
	if err := stream.CheckJoin(raw, offer{c}); err != nil {
		return fmt.Errorf("%w: %w", call.ErrBadArgument, err)
	}
	sources := map[livekit.TrackSource]bool{}
	for _, t := range request.GetAddTrackRequests() {
		if err := tracks.CheckAnnounced(t); err != nil {
			return fmt.Errorf("%w: %w", call.ErrBadArgument, err)
		}
		if sources[t.GetSource()] {
			return fmt.Errorf("%w: more than one track of a %s", call.ErrBadArgument, tracks.SourceName(t.GetSource()))
		}
		sources[t.GetSource()] = true
		for _, name := range tracks.NamesOf(t) {
			if err := c.said.Name(t.GetType() != livekit.TrackType_VIDEO, name); err != nil {
				return fmt.Errorf("%w: %w", call.ErrBadArgument, err)
			}
		}
	}
	c.resumes, c.announces = request.GetReconnect(), request.GetAddTrackRequests()
	return nil
}

// offer is the one that comes with a connect.
type offer struct{ *connect }

// Name implements stream.Media.
func (o offer) Name(audio bool, name string) error { return o.said.Name(audio, name) }

// Sections implements stream.Media.
func (o offer) Sections(all []stream.Section) error {
	o.connect.sections = all
	return o.said.Sections(all)
}

// connectKey has the *connect of a request that is passed on.
type connectKey struct{}

func connectOf(ctx context.Context) *connect {
	c, _ := ctx.Value(connectKey{}).(*connect)
	return c
}

// serveRTC lets a connect through to LiveKit, which upgrades it to a WebSocket.
func (d *Door) serveRTC(w http.ResponseWriter, r *http.Request) {
	log := d.log.WithField("part", "door")
	arrived, gone, ok := d.entrance.enter(r.Context())
	if !ok {
		allowOrigins(w)
		d.fail(w, log, call.ErrServerStopping)
		return
	}
	defer gone()
	defer arrived()
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	inTime := context.AfterFunc(d.accepting, func() { cancel(call.ErrServerStopping) })
	defer inTime()
	c, err := d.identify(r)
	if err == nil {
		log = log.WithFields(logrus.Fields{"room": c.room(), "identity": c.identity()})
		if err = mayOffer(d, c); err == nil {
			err = d.admit(ctx, c)
		}
	}
	if err != nil {
		if refusedByStop(ctx) {
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
	linger := lingerWriter{w, func() { inTime(); arrived(); d.keep(c.room()); c.noteOutside(d.came) }}
	d.proxy.ServeHTTP(connwatch.Writer{HijackWriter: linger, Visit: v, Limits: d.limitsOf(ctx, c)}, out)
	d.endExpulsion(ctx, c)
}

// noteOutside tells of somebody who is in and came from outside.
func (c *connect) noteOutside(tell func(call.RoomID, call.Identity, string)) {
	if tell != nil && !c.resumes && c.grants.Attributes[doorapi.AttributeOutside] == "1" {
		tell(c.room(), c.identity(), c.grants.Name)
	}
}

// identify reads who connects, unless their address has done so too often.
func (d *Door) identify(r *http.Request) (*connect, error) {
	from := limits.Origin(r.RemoteAddr)
	c, err := d.readConnectFrom(r, from)
	switch {
	case err != nil:
		return nil, d.attempts.unusable(from, err)
	case !d.connects.Take(from, d.now()):
		return nil, call.ErrTooManyTries
	}
	c.from = from
	return c, nil
}

func (d *Door) readConnectFrom(r *http.Request, from netip.Prefix) (*connect, error) {
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

// refusedByStop reports whether a connect was given up because the server stops.
func refusedByStop(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), call.ErrServerStopping)
}
