package host

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
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/stream"
	"foyer/engine/host/tracks"
)

// maxJoinRequest bounds a join request when it is unpacked, as LiveKit does
// (utils.go, DecompressGzip).
const maxJoinRequest = 1 << 20

// maxAhead is by how much the clock of a holder of the API key may be ahead. A
// token of theirs ends with a removal that is later than the token, so that one
// from the future would outlive it.
const maxAhead = 2 * time.Second

// errForged is a token that somebody has signed who does not know the secret.
var errForged = fmt.Errorf("%w: its signature is wrong", call.ErrTokenRefused)

// ticket is a token that has been verified: who its holder is, and which of
// their tokens it is.
type ticket struct {
	raw        string
	grants     *auth.ClaimGrants
	issued     time.Time // whole seconds; zero: it does not say
	expires    time.Time
	ours       bool // made by the door, or refreshed by LiveKit from such a one
	generation int64
	again      bool // for a client that joins anew by itself
}

func (t ticket) room() call.RoomID       { return call.RoomID(t.grants.Video.Room) }
func (t ticket) identity() call.Identity { return call.Identity(t.grants.Identity) }

// connect is somebody at /rtc*.
type connect struct {
	ticket
	from      netip.Prefix
	query     url.Values
	resumes   bool // keeps the participant that is there; LiveKit lets nobody new in by it
	member    register.Member
	granted   *auth.VideoGrant           // what the token says that LiveKit is given
	announces []*livekit.AddTrackRequest // with the connect
	names     map[string]bool            // of its tracks: whether it is sound
	open      func()                     // gives the place in the room back; see seats.Seats
	gone      func()                     // LiveKit had let them in; see tracks.Connection
	inTime    func() bool                // from now on a server that stops does not turn them away
	expelled  atomic.Bool                // the connection was cut for what they sent
}

// connection is the connect once LiveKit has let it in.
func (c *connect) connection() tracks.Connection {
	in := tracks.Connection{
		Who: roomservice.Place{Room: c.room(), Identity: c.identity()}, Resumes: c.resumes,
		Muted: c.granted != nil && !c.granted.GetCanPublishData(), Announces: c.announces, Names: c.names,
	}
	if !c.ours {
		in.Foreign = tracks.SourcesOf(c.grants.Video.GetCanPublishSources())
	}
	return in
}

// readTicket verifies a token that admits to a room.
func (d *door) readTicket(raw string) (ticket, error) {
	t, err := d.readToken(raw)
	if err != nil {
		return ticket{}, err
	}
	v := t.grants.Video
	if v == nil || !v.RoomJoin || v.Room == "" || t.grants.Identity == "" {
		return ticket{}, call.ErrTokenRefused
	}
	if err := errors.Join(call.CheckRoomID(v.Room), call.CheckIdentity(t.grants.Identity)); err != nil {
		return ticket{}, err // nobody could moderate them
	}
	if keeper.IsReserved(t.identity()) {
		return ticket{}, fmt.Errorf("%w: its identity is the server's", call.ErrTokenRefused)
	}
	t.again = t.grants.Attributes[againAttribute] != ""
	_, t.ours = t.grants.Attributes[doorapi.AttributeMember]
	if !t.ours && t.issued.After(d.now().Add(maxAhead)) {
		return ticket{}, fmt.Errorf("%w: it was made in the future; the clocks of its maker and this server differ", call.ErrTokenRefused)
	}
	if t.ours {
		if t.generation, err = strconv.ParseInt(t.grants.Attributes[doorapi.AttributeGeneration], 10, 64); err != nil {
			return ticket{}, call.ErrTokenRefused
		}
	}
	return t, nil
}

// readToken verifies a token of LiveKit's, whatever it is for.
func (d *door) readToken(raw string) (ticket, error) {
	parsed, err := auth.ParseAPIToken(raw)
	if err != nil || parsed.APIKey() != d.data.api.Key {
		return ticket{}, call.ErrTokenRefused
	}
	claims, grants, err := parsed.Verify(d.data.api.Secret)
	if errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		return ticket{}, errForged
	}
	if err != nil {
		return ticket{}, call.ErrTokenRefused
	}
	t := ticket{raw: raw, grants: grants}
	switch { // what it says itself; not every maker says both
	case claims.IssuedAt != nil:
		t.issued = claims.IssuedAt.Time
	case claims.NotBefore != nil:
		t.issued = claims.NotBefore.Time
	}
	if claims.ExpiresAt != nil {
		t.expires = claims.ExpiresAt.Time
	}
	return t, nil
}

// tokenOf finds the token of a request as LiveKit does (auth.go, ServeHTTP): in
// the header, or else in the query, from which it takes it.
func tokenOf(r *http.Request, query url.Values) (string, error) {
	token := query.Get("access_token")
	query.Del("access_token")
	if h := r.Header.Get("Authorization"); h != "" {
		bearer, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return "", call.ErrTokenRefused
		}
		token = bearer
	}
	return token, nil
}

// readConnect verifies the token. LiveKit is given exactly what was verified
// here: the token in the header and no second one in the query.
func (d *door) readConnect(r *http.Request) (*connect, error) {
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
	t, err := d.readTicket(raw)
	if err != nil {
		return nil, err
	}
	c := &connect{ticket: t, query: query}
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
		word := c.query.Get("reconnect")
		c.resumes = word == "1" || word == "true"
		return nil
	}
	var request livekit.JoinRequest
	if !ok || proto.Unmarshal(raw, &request) != nil {
		return nil //nolint:nilerr // nor does LiveKit read it
	}
	c.names = map[string]bool{}
	note := func(sound bool, name string) error { return tracks.NoteName(c.names, name, sound) }
	if err := stream.CheckJoin(raw, note); err != nil {
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
			if err := note(t.GetType() != livekit.TrackType_VIDEO, name); err != nil {
				return fmt.Errorf("%w: %w", call.ErrBadArgument, err)
			}
		}
	}
	c.resumes, c.announces = request.GetReconnect(), request.GetAddTrackRequests()
	return nil
}

// rewrite signs the token anew with other grants, for LiveKit to see: what
// somebody may do can have changed since the token was made.
func (d *door) rewrite(t ticket, grant *auth.VideoGrant) (string, error) {
	token, err := auth.NewAccessToken(d.data.api.Key, d.data.api.Secret).
		SetIdentity(t.grants.Identity).SetName(t.grants.Name).SetKind(t.grants.GetParticipantKind()).
		SetMetadata(t.grants.Metadata).SetAttributes(t.grants.Attributes).SetVideoGrant(grant).
		SetRoomConfig(t.grants.GetRoomConfiguration()).SetRoomPreset(t.grants.RoomPreset).
		SetValidFor(max(time.Until(t.expires), time.Second)).ToJWT()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// connectKey has the *connect of a request that is passed on.
type connectKey struct{}

func connectOf(ctx context.Context) *connect {
	c, _ := ctx.Value(connectKey{}).(*connect)
	return c
}
