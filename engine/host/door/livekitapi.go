package door

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"
	"github.com/twitchtv/twirp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
)

// serveRoomService passes LiveKit's server API on. A removal and a dismissal
// that come this way have the same effects as the host's: the tokens go first,
// so that nobody comes back before LiveKit has removed them.
func (d *Door) serveRoomService(w http.ResponseWriter, r *http.Request) {
	if d.entrance.refuses() {
		d.fail(w, nil, call.ErrServerStopping)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeTwirp(w, twirp.NewError(twirp.Malformed, "query"))
		return
	}
	raw, err := tokenOf(r, query)
	var grants *auth.ClaimGrants
	if err == nil {
		grants, err = d.apiGrants(r.Context(), limits.Origin(r.RemoteAddr), raw)
	}
	if errors.Is(err, call.ErrTooManyTries) {
		writeTwirp(w, twirp.NewError(twirp.ResourceExhausted, err.Error()))
		return
	}
	if err != nil {
		writeTwirp(w, twirp.NewError(twirp.Unauthenticated, call.ErrTokenRefused.Error()))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAPIBody))
	if err != nil { // as twirp writes errors, which have no code with this status
		reply(w, http.StatusRequestEntityTooLarge, map[string]string{
			"code": string(twirp.Malformed), "msg": fmt.Sprintf("the body is not whole or over %d bytes", maxAPIBody),
		})
		return
	}
	method := strings.TrimPrefix(r.URL.Path, RoomServicePath)
	if r.Method != http.MethodPost {
		writeTwirp(w, twirp.NewError(twirp.BadRoute, "only POST is allowed"))
		return
	}
	act, err := d.beforeLiveKit(r.Context(), method, r.Header.Get("Content-Type"), body, grants)
	if err != nil {
		d.log.WithError(err).WithFields(logrus.Fields{"part": "door", "method": method}).
			Info("refused a call of LiveKit's API")
		writeTwirp(w, twirpError(err))
		return
	}
	// LiveKit is given exactly what was understood here.
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = RoomServicePath+method, "", query.Encode()
	r.Header.Set("Authorization", "Bearer "+raw)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	act(w, r)
}

// apiGrants verifies the token of an API call. Servers call as often as they
// want; callers that LiveKit will refuse do not.
func (d *Door) apiGrants(ctx context.Context, from netip.Prefix, raw string) (*auth.ClaimGrants, error) {
	done, err := d.attempts.look(ctx, from)
	if err != nil {
		return nil, err
	}
	t, err := d.verifyToken(raw)
	done()
	if err == nil && t.grants.Video == nil {
		err = call.ErrTokenRefused
	}
	switch {
	case err != nil:
		return nil, d.attempts.unusable(from, err)
	case isServers(t.grants.Video):
		return t.grants, nil
	}
	who := roomservice.Place{Room: call.RoomID(t.grants.Video.Room), Identity: call.Identity(t.grants.Identity)}
	return t.grants, d.attempts.mayCall(from, who)
}

// isServers reports whether a token is for LiveKit's room service.
func isServers(v *auth.VideoGrant) bool { return v.RoomAdmin || v.RoomCreate || v.RoomList }

// beforeLiveKit does what belongs to a removal or dismissal before LiveKit's part,
// and returns the rest. What the token does not allow is left to LiveKit, which
// refuses it.
func (d *Door) beforeLiveKit(
	ctx context.Context, method, contentType string, body []byte, grants *auth.ClaimGrants,
) (act http.HandlerFunc, err error) {
	switch {
	case method == "" || strings.ContainsAny(method, "/\\"):
		return nil, fmt.Errorf("%w: method", call.ErrBadArgument)
	case method == "RemoveParticipant":
		var q livekit.RoomParticipantIdentity
		if err := readTwirp(contentType, body, &q); err != nil {
			return nil, err
		}
		if !grants.Video.RoomAdmin || grants.Video.Room != q.GetRoom() {
			return d.proxy.ServeHTTP, nil
		}
		return d.removedByAPI(ctx, call.RoomID(q.GetRoom()), call.Identity(q.GetIdentity()))
	case method == "DeleteRoom":
		var q livekit.DeleteRoomRequest
		if err := readTwirp(contentType, body, &q); err != nil {
			return nil, err
		}
		if !grants.Video.RoomCreate {
			return d.proxy.ServeHTTP, nil
		}
		done, err := d.moderator.BeginDismissal(ctx, call.RoomID(q.GetRoom()))
		if errors.Is(err, call.ErrNoSuchRoom) {
			return d.proxy.ServeHTTP, nil // LiveKit says it in its own way
		}
		return func(w http.ResponseWriter, r *http.Request) {
			d.proxy.ServeHTTP(w, r)
			done(context.WithoutCancel(r.Context()))
		}, err
	}
	return d.proxy.ServeHTTP, nil
}

// removedByAPI is a removal that the door does as its own, and answers as LiveKit
// does: LiveKit itself fails while a session begins or ends, see roomservice.Client.Remove.
func (d *Door) removedByAPI(
	ctx context.Context, room call.RoomID, identity call.Identity,
) (act http.HandlerFunc, err error) {
	remove, err := d.moderator.BeginRemoval(ctx, room, identity)
	if err != nil {
		return nil, err
	}
	if remove == nil {
		return d.proxy.ServeHTTP, nil
	}
	return func(w http.ResponseWriter, r *http.Request) {
		answerRemoval(w, r, remove(context.WithoutCancel(r.Context())))
	}, nil
}

// answerRemoval answers as LiveKit does, whose answer has no fields.
func answerRemoval(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, call.ErrAlreadyGone):
		writeTwirp(w, twirp.NewError(twirp.NotFound, "participant does not exist"))
	case err != nil:
		writeTwirp(w, twirp.NewError(twirp.Unavailable, "LiveKit does not answer"))
	case mediaType(r.Header.Get("Content-Type")) == protobufType:
		w.Header().Set("Content-Type", protobufType)
	default:
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, "{}")
	}
}

const (
	protobufType = "application/protobuf"
	jsonType     = "application/json"
)

// mediaType is a content type without its parameters, as twirp's servers read it.
func mediaType(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(strings.ToLower(kind))
}

// readTwirp reads a request as twirp's servers do: protobuf or JSON, unknown
// fields ignored.
func readTwirp(contentType string, body []byte, m proto.Message) error {
	var err error
	switch mediaType(contentType) {
	case protobufType:
		err = proto.Unmarshal(body, m)
	case jsonType:
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, m)
	default:
		return nil // LiveKit refuses it
	}
	if err != nil {
		return fmt.Errorf("%w: body", call.ErrBadArgument)
	}
	return nil
}

func twirpError(err error) twirp.Error {
	switch {
	case errors.Is(err, call.ErrBadArgument):
		return twirp.NewError(twirp.Malformed, err.Error())
	default:
		return twirp.NewError(twirp.Unavailable, "the server has a problem of its own")
	}
}

func writeTwirp(w http.ResponseWriter, e twirp.Error) { _ = twirp.WriteError(w, e) }
