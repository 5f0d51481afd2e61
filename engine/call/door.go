package call

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The door's join endpoint: POST a [DoorJoinRequest] as JSON over TLS to
// DoorJoinPath; the answer is 200 and a [DoorJoinAnswer], or another status and
// a [DoorError]. Both sides refuse bodies over DoorMaxBody.
const (
	DoorJoinPath  = "/foyer/v1/join"
	DoorMaxBody   = 64 << 10 // bytes
	DoorNonceSize = 16       // bytes
)

// doorJoinDomain separates these signatures from any other use of the key.
const doorJoinDomain = "foyer-join-v1"

// DoorJoinRequest asks the door for a token. Byte slices are standard base64
// in JSON.
type DoorJoinRequest struct {
	Room      RoomID   `json:"room"`
	Secret    string   `json:"secret"`
	Identity  Identity `json:"identity"`
	Name      string   `json:"name"`
	Key       []byte   `json:"key"`       // Ed25519 public key
	Nonce     []byte   `json:"nonce"`     // DoorNonceSize random bytes, never used twice
	Time      int64    `json:"time"`      // unix ms of the client's clock
	Signature []byte   `json:"signature"` // Ed25519 over SigningBytes
	Existing  bool     `json:"existing,omitempty"`
	// Generation is set by a client that joins anew by itself, to what its last
	// answer said: who was put out meanwhile does not come back that way.
	Generation int64 `json:"generation,omitempty"`
	// Batches says that the client reads a [ChatBatch], and sends chat to those
	// alone who do not.
	Batches bool `json:"batches,omitempty"`
}

// SigningBytes is what the client signs. The door's fingerprint in it keeps a
// request that one door has seen from being used at another. No part may hold a
// line break, which [CheckRoomID], [CheckIdentity] and [CheckName] see to.
func (r *DoorJoinRequest) SigningBytes(fingerprint [sha256.Size]byte) []byte {
	return []byte(doorJoinDomain + "\n" +
		string(r.Room) + "\n" + string(r.Identity) + "\n" + r.Name + "\n" +
		base64.StdEncoding.EncodeToString(r.Nonce) + "\n" +
		strconv.FormatInt(r.Time, 10) + "\n" +
		hex.EncodeToString(fingerprint[:]))
}

// Sign fills Key, Nonce, Time and Signature.
func (r *DoorJoinRequest) Sign(key ed25519.PrivateKey, fingerprint [sha256.Size]byte, now time.Time) error {
	if len(key) != ed25519.PrivateKeySize {
		return fmt.Errorf("%w: signing key of %d bytes", ErrBadArgument, len(key))
	}
	// The second half of a private key is the public key (RFC 8032, crypto/ed25519).
	r.Key = append([]byte(nil), key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]...)
	r.Time, r.Nonce = now.UnixMilli(), make([]byte, DoorNonceSize)
	if _, err := rand.Read(r.Nonce); err != nil {
		return fmt.Errorf("make a nonce: %w", err)
	}
	r.Signature = ed25519.Sign(key, r.SigningBytes(fingerprint))
	return nil
}

// Verify checks the names, the sizes and the signature, not the secret, the age
// or whether the nonce is new. Errors are a *[NameError] or wrap
// [ErrBadArgument].
func (r *DoorJoinRequest) Verify(fingerprint [sha256.Size]byte) error {
	if err := errors.Join(CheckRoomID(string(r.Room)), CheckIdentity(string(r.Identity)), CheckName(r.Name)); err != nil {
		return err
	}
	if err := checkText(FieldName, r.Name, MaxName); err != nil {
		return err // CheckName trims line breaks at the ends, a signature must not hold any
	}
	if len(r.Key) != ed25519.PublicKeySize || len(r.Nonce) != DoorNonceSize {
		return fmt.Errorf("%w: key or nonce of a wrong size", ErrBadArgument)
	}
	if !ed25519.Verify(r.Key, r.SigningBytes(fingerprint), r.Signature) {
		return fmt.Errorf("%w: signature", ErrBadArgument)
	}
	return nil
}

// DoorJoinAnswer admits somebody.
type DoorJoinAnswer struct {
	Token       string `json:"token"` // LiveKit access token for the same host
	Title       string `json:"title"`
	SessionHint string `json:"session_hint,omitempty"` // RM_ of the room, if it is running
	// Generation of the token, from 1: it grows when the person is put out.
	Generation int64     `json:"generation,omitempty"`
	Role       Role      `json:"role,omitempty"`
	Rules      RoomRules `json:"rules"`
	Time       int64     `json:"time,omitempty"` // the door's, unix ms
	// Keeper is the identity of the hidden participant that gathers the room's
	// chat, for who asked for batches; it may not be there at the moment.
	Keeper Identity `json:"keeper,omitempty"`
}

// DoorCode says why the door refuses.
type DoorCode string

// Codes of refusals.
const (
	DoorBadRequest     DoorCode = "bad_request"
	DoorInviteRefused  DoorCode = "invite_refused"
	DoorInviteExpired  DoorCode = "invite_expired"
	DoorNoSuchRoom     DoorCode = "no_such_room"
	DoorRoomFull       DoorCode = "room_full"
	DoorRoomLocked     DoorCode = "room_locked"
	DoorBanned         DoorCode = "banned"
	DoorIdentityTaken  DoorCode = "identity_taken"
	DoorTooManyTries   DoorCode = "too_many_tries"
	DoorTooManyGuests  DoorCode = "too_many_guests" // of one address
	DoorServerStopping DoorCode = "server_stopping"
	DoorPutOut         DoorCode = "put_out"
	DoorAlreadyHere    DoorCode = "already_here"
	DoorManyIdentities DoorCode = "many_identities"
	DoorForbidden      DoorCode = "forbidden"
	DoorMuted          DoorCode = "muted"
	DoorTooFast        DoorCode = "too_fast"
	DoorNotStored      DoorCode = "not_stored"
	DoorTokenRefused   DoorCode = "token_refused"
	DoorClock          DoorCode = "clock"
	DoorJoinUsed       DoorCode = "join_used"
	DoorServerSilent   DoorCode = "server_silent" // the LiveKit behind the door does not answer it
)

// ErrServerStopping is the door's answer while the room server ends.
var ErrServerStopping = fmt.Errorf("%w: it is stopping", ErrRefused)

// doorRow ties a code to its HTTP status and its error.
type doorRow struct {
	code   DoorCode
	status int
	err    error
}

func doorRows() []doorRow {
	return []doorRow{
		{DoorBadRequest, http.StatusBadRequest, ErrBadArgument},
		{DoorInviteRefused, http.StatusForbidden, ErrInviteRefused},
		{DoorInviteExpired, http.StatusGone, ErrInviteExpired},
		{DoorNoSuchRoom, http.StatusNotFound, ErrNoSuchRoom},
		{DoorRoomFull, http.StatusConflict, ErrRoomFull},
		{DoorRoomLocked, http.StatusLocked, ErrRoomLocked},
		{DoorIdentityTaken, http.StatusConflict, ErrIdentityTaken},
		{DoorTooManyTries, http.StatusTooManyRequests, ErrTooManyTries},
		{DoorTooManyGuests, http.StatusTooManyRequests, ErrTooManyGuests},
		{DoorServerStopping, http.StatusServiceUnavailable, ErrServerStopping},
		{DoorAlreadyHere, http.StatusConflict, ErrAlreadyHere},
		{DoorManyIdentities, http.StatusConflict, ErrManyIdentities},
		{DoorForbidden, http.StatusForbidden, ErrForbidden},
		{DoorMuted, http.StatusForbidden, ErrMuted},
		{DoorTooFast, http.StatusTooManyRequests, ErrChatTooFast},
		{DoorNotStored, http.StatusInsufficientStorage, ErrNotStored},
		{DoorTokenRefused, http.StatusUnauthorized, ErrTokenRefused},
		{DoorClock, http.StatusBadRequest, ErrClock},
		{DoorJoinUsed, http.StatusConflict, ErrJoinUsed},
		{DoorServerSilent, http.StatusBadGateway, ErrServerSilent},
	}
}

// DoorError is a refusal as it travels.
type DoorError struct {
	Code    DoorCode `json:"error"`
	Message string   `json:"message,omitempty"` // for logs and for people who use curl
	Until   int64    `json:"until,omitempty"`   // end of a ban, unix ms; 0: until lifted
	Reason  string   `json:"reason,omitempty"`  // of put_out: a LeaveReason's word
	By      string   `json:"by,omitempty"`      // who put the person out
	Time    int64    `json:"time,omitempty"`    // of clock and banned: the door's, unix ms
	// Text is what the host said about a removal or ban. It is the last: a
	// websocket client may see the first KiB of a refusal only.
	Text string `json:"text,omitempty"`
}

// DoorErrorFrom is the refusal that means err. Errors without a code of their
// own become bad_request if the caller sent something unusable, and are not ok
// otherwise: then the door itself has failed (status 500).
func DoorErrorFrom(err error) (e DoorError, ok bool) {
	var banned *BannedError
	if errors.As(err, &banned) {
		e = DoorError{Code: DoorBanned, Message: "banned", Text: banned.Text, By: banned.By}
		if !banned.Until.IsZero() {
			e.Until = banned.Until.UnixMilli()
		}
		return e, true
	}
	var out *PutOutError
	if errors.As(err, &out) {
		return DoorError{
			Code: DoorPutOut, Message: err.Error(), Text: out.Text, By: out.By, Reason: out.Reason.String(),
		}, true
	}
	var clock *ClockError
	if errors.As(err, &clock) {
		return DoorError{Code: DoorClock, Message: err.Error(), Time: clock.Server.UnixMilli()}, true
	}
	for _, row := range doorRows() {
		if errors.Is(err, row.err) {
			return DoorError{Code: row.code, Message: err.Error()}, true
		}
	}
	var name *NameError
	if errors.As(err, &name) {
		return DoorError{Code: DoorBadRequest, Message: err.Error()}, true
	}
	return DoorError{}, false
}

// Status is the HTTP status that goes with the code.
func (e DoorError) Status() int {
	if e.Code == DoorBanned || e.Code == DoorPutOut {
		return http.StatusForbidden
	}
	for _, row := range doorRows() {
		if row.code == e.Code {
			return row.status
		}
	}
	return http.StatusInternalServerError
}

// Err is the refusal as an error of this package: a *[BannedError] for a ban, a
// *[PutOutError] for who was put out; codes that this program does not know wrap [ErrRefused].
func (e DoorError) Err() error {
	if e.Code == DoorBanned {
		banned := &BannedError{Text: e.Text, By: e.By}
		if e.Until > 0 {
			banned.Until = time.UnixMilli(e.Until)
		}
		return banned
	}
	if e.Code == DoorPutOut {
		return &PutOutError{Reason: RemovalReason(e.Reason), By: e.By, Text: e.Text}
	}
	if e.Code == DoorClock && e.Time > 0 {
		return &ClockError{Server: time.UnixMilli(e.Time)}
	}
	for _, row := range doorRows() {
		if row.code == e.Code {
			return row.err
		}
	}
	return fmt.Errorf("%w: %.64q", ErrRefused, string(e.Code))
}
