package doorapi

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"foyer/engine/call"
)

func TestJoinSignature(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := sha256.Sum256([]byte("certificate"))
	signed := func() JoinRequest {
		r := JoinRequest{Room: "room", Identity: "ada", Name: "Ada"}
		if err := r.Sign(key, fingerprint, time.UnixMilli(1234)); err != nil {
			t.Fatal(err)
		}
		return r
	}
	whole := signed()
	if err := whole.Verify(fingerprint); err != nil {
		t.Errorf("whole: %v", err)
	}
	for name, change := range map[string]func(r *JoinRequest){
		"room":      func(r *JoinRequest) { r.Room = "other" },
		"identity":  func(r *JoinRequest) { r.Identity = "bob" },
		"name":      func(r *JoinRequest) { r.Name = "Bob" },
		"nonce":     func(r *JoinRequest) { r.Nonce[0]++ },
		"cut nonce": func(r *JoinRequest) { r.Nonce = r.Nonce[1:] },
		"time":      func(r *JoinRequest) { r.Time++ },
		"key":       func(r *JoinRequest) { r.Key[0]++ },
		"no key":    func(r *JoinRequest) { r.Key = nil },
		"signature": func(r *JoinRequest) { r.Signature[0]++ },
		"shifted":   func(r *JoinRequest) { r.Identity, r.Name = "ada\nA", "da" },
		"line end":  func(r *JoinRequest) { r.Name = "Ada\n" },
	} {
		r := signed()
		change(&r)
		if r.Verify(fingerprint) == nil {
			t.Errorf("%s: a changed request is accepted", name)
		}
	}
	if whole.Verify(sha256.Sum256([]byte("other"))) == nil {
		t.Error("a request for one door is accepted at another")
	}
	var r JoinRequest
	if err := r.Sign(nil, fingerprint, time.Now()); !errors.Is(err, call.ErrBadArgument) {
		t.Errorf("without a key: %v", err)
	}
}

func TestErrorsBothWays(t *testing.T) {
	for _, row := range rows() {
		wire, ok := ErrorFrom(row.err)
		if !ok || wire.Code != row.code || wire.Status() != row.status || !errors.Is(wire.Err(), row.err) {
			t.Errorf("%s: %+v, status %d, %v", row.code, wire, wire.Status(), wire.Err())
		}
	}
	until := time.UnixMilli(1_700_000_000_123)
	for _, want := range []call.BannedError{{}, {Until: until, Text: "enough"}} {
		wire, ok := ErrorFrom(&want)
		raw, err := json.Marshal(wire)
		var back Error
		if !ok || err != nil || json.Unmarshal(raw, &back) != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		var got *call.BannedError
		if !errors.As(back.Err(), &got) || !got.Until.Equal(want.Until) || got.Text != want.Text || back.Status() != 403 {
			t.Errorf("ban %+v came back as %+v", want, got)
		}
	}
	if wire, ok := ErrorFrom(call.CheckRoomID("")); !ok || wire.Code != CodeBadRequest {
		t.Errorf("a bad name: %+v", wire)
	}
	if wire, ok := ErrorFrom(errors.New("disk full")); ok {
		t.Errorf("a failure of the door's own: %+v", wire)
	}
	if err := (Error{Code: "new"}).Err(); !errors.Is(err, call.ErrRefused) {
		t.Errorf("unknown code: %v", err)
	}
}

// TestNameBinding: a request that is signed for a name is no good at another port,
// name or certificate.
func TestNameBinding(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := JoinRequest{Room: "room", Identity: "ada", Name: "Ada"}
	if err := r.Sign(key, NameBinding("Meet.example:443"), time.UnixMilli(1)); err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(NameBinding("meet.EXAMPLE:443")); err != nil {
		t.Error(err)
	}
	for _, other := range [][sha256.Size]byte{NameBinding("meet.example:444"), NameBinding("evil.example:443"), {}} {
		if r.Verify(other) == nil {
			t.Error("it is good at another door")
		}
	}
}
