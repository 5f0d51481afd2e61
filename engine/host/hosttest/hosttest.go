// Package hosttest has what the tests of the room server share with those of its
// door.
package hosttest

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
	"foyer/engine/internal/pause"
)

// Unlimited are limits that no test reaches.
func Unlimited() limits.Limits {
	return limits.Limits{
		Joins: 1e9, JoinBurst: 1e9, Calls: 1e9, CallBurst: 1e9, Connects: 1e9, ConnectBurst: 1e9,
		PersonConnects: 1e9, PersonConnectBurst: 1e9, FailedAttempts: 1e9, FailedAttemptBurst: 1e9,
		Addresses: 10, Guests: 1e6, Connections: 1e6, Waiting: 1e6, Total: 1e6,
		Work: 1e9, WorkBurst: 1e9, Bytes: 1e9, ByteBurst: 1e9, AddressBytes: 1e9, AddressByteBurst: 1e9,
		AllBytes: 1e9, AllByteBurst: 1e9, CutLines: 1e9, PageFiles: 1e9, PageFileBurst: 1e9,
		Candidates: 1e9, CandidateBurst: 1e9,
	}
}

// NewKey is an installation's key.
func NewKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Join is a signed request to join by a link.
func Join(t testing.TB, id call.Identity, key ed25519.PrivateKey, link call.Link) doorapi.JoinRequest {
	t.Helper()
	req := doorapi.JoinRequest{
		Room: link.Room, Secret: link.Secret, Identity: id, Name: "Guest " + string(id), Existing: link.Existing,
	}
	binding := link.Fingerprint
	if !link.Pinned() {
		binding = doorapi.NameBinding(link.Hosts[0])
	}
	if err := req.Sign(key, binding, time.Now()); err != nil {
		t.Fatal(err)
	}
	return req
}

// Token is a token that a holder of LiveKit's key makes; change may be nil.
func Token(
	t testing.TB, key roomservice.Key, identity string, grant *auth.VideoGrant, change func(*auth.AccessToken),
) string {
	t.Helper()
	at := auth.NewAccessToken(key.Key, key.Secret).
		SetIdentity(identity).SetVideoGrant(grant).SetValidFor(time.Hour)
	if change != nil {
		change(at)
	}
	token, err := at.ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TokenUntil is a token for the room "hall" that says when it expires, and not when
// it was made.
func TokenUntil(t testing.TB, key roomservice.Key, expires time.Time) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{
		"iss": key.Key, "sub": "anna", "exp": expires.Unix(), "video": map[string]any{"roomJoin": true, "room": "hall"},
	})
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(key.Secret))
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

// Eventually waits until a condition of the server's state holds, of which nobody
// is told, and returns how long that took.
func Eventually(t testing.TB, what string, timeout time.Duration, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for !holds() {
		if pause.For(ctx, 10*time.Millisecond) != nil {
			t.Fatalf("%s: not within %v", what, timeout)
		}
	}
	return time.Since(began)
}
