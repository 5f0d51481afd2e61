package door

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
)

// maxAhead is how far the clock of a holder of the API key may be ahead. A
// token of theirs ends with a removal that is later than the token, so that one
// from the future would outlive it.
const maxAhead = 2 * time.Second

// errForged is a token whose signer does not know the secret.
var errForged = fmt.Errorf("%w: its signature is wrong", call.ErrTokenRefused)

// verifiedToken is who the holder of a token is, and which of their tokens it is.
type verifiedToken struct {
	raw        string
	grants     *auth.ClaimGrants
	issued     time.Time // whole seconds; zero: it does not say
	expires    time.Time
	ours       bool // made by the door, or refreshed by LiveKit from such a one
	generation int64
	again      bool // for a client that joins anew by itself
}

func (t verifiedToken) room() call.RoomID { return call.RoomID(t.grants.Video.Room) }

func (t verifiedToken) identity() call.Identity { return call.Identity(t.grants.Identity) }

// verifyRoomToken verifies a token that admits to a room.
func (d *Door) verifyRoomToken(raw string) (verifiedToken, error) {
	t, err := d.verifyToken(raw)
	if err != nil {
		return verifiedToken{}, err
	}
	v := t.grants.Video
	if v == nil || !v.RoomJoin || v.Room == "" || t.grants.Identity == "" {
		return verifiedToken{}, call.ErrTokenRefused
	}
	if err := errors.Join(call.CheckRoomID(v.Room), call.CheckIdentity(t.grants.Identity)); err != nil {
		return verifiedToken{}, err // nobody could moderate them
	}
	if keeper.IsReserved(t.identity()) {
		return verifiedToken{}, fmt.Errorf("%w: its identity is the server's", call.ErrTokenRefused)
	}
	t.again = t.grants.Attributes[againAttribute] != ""
	_, t.ours = t.grants.Attributes[doorapi.AttributeMember]
	if !t.ours && t.issued.After(d.now().Add(maxAhead)) {
		return verifiedToken{}, fmt.Errorf("%w: it was made in the future; the clocks of its maker and this server differ",
			call.ErrTokenRefused)
	}
	if t.ours {
		if t.generation, err = strconv.ParseInt(t.grants.Attributes[doorapi.AttributeGeneration], 10, 64); err != nil {
			return verifiedToken{}, call.ErrTokenRefused
		}
	}
	return t, nil
}

// verifyToken verifies a token of LiveKit's, whatever it is for.
func (d *Door) verifyToken(raw string) (verifiedToken, error) {
	parsed, err := auth.ParseAPIToken(raw)
	if err != nil || parsed.APIKey() != d.apiKey.Key {
		return verifiedToken{}, call.ErrTokenRefused
	}
	claims, grants, err := parsed.Verify(d.apiKey.Secret)
	if errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		return verifiedToken{}, errForged
	}
	if err != nil {
		return verifiedToken{}, call.ErrTokenRefused
	}
	t := verifiedToken{raw: raw, grants: grants}
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

// rewrite signs the token anew with other grants, for LiveKit to see: what
// somebody may do can have changed since the token was made.
func (d *Door) rewrite(t verifiedToken, grant *auth.VideoGrant) (string, error) {
	token, err := auth.NewAccessToken(d.apiKey.Key, d.apiKey.Secret).
		SetIdentity(t.grants.Identity).SetName(t.grants.Name).SetKind(t.grants.GetParticipantKind()).
		SetMetadata(t.grants.Metadata).SetAttributes(t.grants.Attributes).SetVideoGrant(grant).
		SetRoomConfig(t.grants.GetRoomConfiguration()).SetRoomPreset(t.grants.RoomPreset).
		SetValidFor(max(time.Until(t.expires), time.Second)).ToJWT()
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// verifyTokenFrom verifies a token that admits to a room, and counts a bad one
// against the address.
func (d *Door) verifyTokenFrom(ctx context.Context, from netip.Prefix, raw string) (verifiedToken, error) {
	done, err := d.attempts.look(ctx, from)
	if err != nil {
		return verifiedToken{}, err
	}
	t, err := d.verifyRoomToken(raw)
	done()
	return t, d.attempts.unusable(from, err)
}

// tokenTTL is how long a token from the door may be used to connect. LiveKit
// hands out fresh ones to those who are in.
const tokenTTL = 5 * time.Minute

// Attributes that mark tokens that the door made. LiveKit keeps them in the
// tokens that it refreshes, and participants cannot change them, because they
// may not update their own metadata.
const (
	againAttribute = "foyer.again" // not empty: for a client that joins anew by itself
)

// memberTag proves that the door made a token for a key and a generation.
// Others in the room see it, so it does not tell the same installation in two
// rooms, and nobody can make that of the next generation.
func (d *Door) memberTag(room call.RoomID, identity call.Identity, key []byte, generation int64) string {
	mac := hmac.New(sha256.New, []byte(d.apiKey.Secret))
	fmt.Fprintf(mac, "foyer-member-v1\n%s\n%s\n%x\n%d", room, identity, key, generation)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
