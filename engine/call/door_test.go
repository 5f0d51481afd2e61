package call

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestDoorRequestSignature(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fingerprint := sha256.Sum256([]byte("certificate"))
	signed := func() DoorJoinRequest {
		r := DoorJoinRequest{Room: "room", Identity: "ada", Name: "Ada"}
		if err := r.Sign(key, fingerprint, time.UnixMilli(1234)); err != nil {
			t.Fatal(err)
		}
		return r
	}
	whole := signed()
	if err := whole.Verify(fingerprint); err != nil {
		t.Errorf("whole: %v", err)
	}
	for name, change := range map[string]func(r *DoorJoinRequest){
		"room":      func(r *DoorJoinRequest) { r.Room = "other" },
		"identity":  func(r *DoorJoinRequest) { r.Identity = "bob" },
		"name":      func(r *DoorJoinRequest) { r.Name = "Bob" },
		"nonce":     func(r *DoorJoinRequest) { r.Nonce[0]++ },
		"cut nonce": func(r *DoorJoinRequest) { r.Nonce = r.Nonce[1:] },
		"time":      func(r *DoorJoinRequest) { r.Time++ },
		"key":       func(r *DoorJoinRequest) { r.Key[0]++ },
		"no key":    func(r *DoorJoinRequest) { r.Key = nil },
		"signature": func(r *DoorJoinRequest) { r.Signature[0]++ },
		"shifted":   func(r *DoorJoinRequest) { r.Identity, r.Name = "ada\nA", "da" },
		"line end":  func(r *DoorJoinRequest) { r.Name = "Ada\n" },
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
	var r DoorJoinRequest
	if err := r.Sign(nil, fingerprint, time.Now()); !errors.Is(err, ErrBadArgument) {
		t.Errorf("without a key: %v", err)
	}
}

func TestDoorErrorsBothWays(t *testing.T) {
	for _, row := range doorRows() {
		wire, ok := DoorErrorFrom(row.err)
		if !ok || wire.Code != row.code || wire.Status() != row.status || !errors.Is(wire.Err(), row.err) {
			t.Errorf("%s: %+v, status %d, %v", row.code, wire, wire.Status(), wire.Err())
		}
	}
	until := time.UnixMilli(1_700_000_000_123)
	for _, want := range []BannedError{{}, {Until: until, Text: "enough"}} {
		wire, ok := DoorErrorFrom(&want)
		raw, err := json.Marshal(wire)
		var back DoorError
		if !ok || err != nil || json.Unmarshal(raw, &back) != nil {
			t.Fatalf("%+v: %v", want, err)
		}
		var got *BannedError
		if !errors.As(back.Err(), &got) || !got.Until.Equal(want.Until) || got.Text != want.Text || back.Status() != 403 {
			t.Errorf("ban %+v came back as %+v", want, got)
		}
	}
	if wire, ok := DoorErrorFrom(CheckRoomID("")); !ok || wire.Code != DoorBadRequest {
		t.Errorf("a bad name: %+v", wire)
	}
	if wire, ok := DoorErrorFrom(errors.New("disk full")); ok {
		t.Errorf("a failure of the door's own: %+v", wire)
	}
	if err := (DoorError{Code: "new"}).Err(); !errors.Is(err, ErrRefused) {
		t.Errorf("unknown code: %v", err)
	}
}
