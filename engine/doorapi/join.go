package doorapi

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
)

// The door's join endpoint: POST a [JoinRequest] as JSON over TLS to
// JoinPath; the answer is 200 and a [JoinAnswer], or another status and
// a [call.Error]. Both sides refuse bodies over MaxBody.
const (
	JoinPath  = "/foyer/v1/join"
	MaxBody   = 64 << 10 // bytes
	NonceSize = 16       // bytes

	// Hold is for how long the door holds its answer to a [JoinRequest] of somebody
	// who waits to be let in.
	Hold = 20 * time.Second
)

// PinnedProtocol is what a client offers (ALPN) that knows the door by the certificate
// that its link pins: a door with another one for its public name shows it the pinned
// one. The protocol that is spoken is HTTP/1.1.
const (
	PinnedProtocol = "foyer-pinned"
	HTTPProtocol   = "http/1.1"
)

// NameBinding takes the place of a fingerprint in the signature of a guest whose link has
// none: a request that was made for one HOST:PORT is no good at another.
func NameBinding(host string) [sha256.Size]byte {
	return sha256.Sum256([]byte("foyer-host-v1\n" + strings.ToLower(host)))
}

// joinDomain separates these signatures from any other use of the key.
const joinDomain = "foyer-join-v1"

// JoinRequest asks the door for a token. Byte slices are standard base64
// in JSON.
type JoinRequest struct {
	Room      call.RoomID   `json:"room"`
	Secret    string        `json:"secret"`
	Identity  call.Identity `json:"identity"`
	Name      string        `json:"name"`
	Key       []byte        `json:"key"`       // Ed25519 public key
	Nonce     []byte        `json:"nonce"`     // NonceSize random bytes, never used twice
	Time      int64         `json:"time"`      // unix ms of the client's clock
	Signature []byte        `json:"signature"` // Ed25519 over SigningBytes
	Existing  bool          `json:"existing,omitempty"`
	// Generation is set by a client that joins anew by itself, to what its last
	// answer said: after a removal it does not come back that way.
	Generation int64 `json:"generation,omitempty"`
	// Batches says that the client reads a [ChatBatch], and sends chat to those
	// alone who do not.
	Batches bool `json:"batches,omitempty"`
	// Wait says that the client asks again when it is told to wait. Held says that it
	// was told so, and that the door may hold its answer.
	Wait bool `json:"wait,omitempty"`
	Held bool `json:"held,omitempty"`
}

// SigningBytes is what the client signs. The door's fingerprint in it keeps a
// request that one door has seen from being used at another. No part may hold a
// line break, which [call.CheckRoomID], [call.CheckIdentity] and [call.CheckExactName] see to.
func (r *JoinRequest) SigningBytes(fingerprint [sha256.Size]byte) []byte {
	return []byte(joinDomain + "\n" +
		string(r.Room) + "\n" + string(r.Identity) + "\n" + r.Name + "\n" +
		base64.StdEncoding.EncodeToString(r.Nonce) + "\n" +
		strconv.FormatInt(r.Time, 10) + "\n" +
		hex.EncodeToString(fingerprint[:]))
}

// Sign fills Key, Nonce, Time and Signature.
func (r *JoinRequest) Sign(key ed25519.PrivateKey, fingerprint [sha256.Size]byte, now time.Time) error {
	if len(key) != ed25519.PrivateKeySize {
		return fmt.Errorf("%w: signing key of %d bytes", call.ErrBadArgument, len(key))
	}
	// The second half of a private key is the public key (RFC 8032, crypto/ed25519).
	r.Key = append([]byte(nil), key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]...)
	r.Time, r.Nonce = now.UnixMilli(), make([]byte, NonceSize)
	if _, err := rand.Read(r.Nonce); err != nil {
		return fmt.Errorf("make a nonce: %w", err)
	}
	r.Signature = ed25519.Sign(key, r.SigningBytes(fingerprint))
	return nil
}

// Verify checks the names, the sizes and the signature, not the secret, the age
// or whether the nonce is new. Errors are a *[call.NameError] or wrap
// [call.ErrBadArgument].
func (r *JoinRequest) Verify(fingerprint [sha256.Size]byte) error {
	if err := errors.Join(call.CheckRoomID(string(r.Room)), call.CheckIdentity(string(r.Identity))); err != nil {
		return err
	}
	if err := call.CheckExactName(r.Name); err != nil {
		return err // a signature must not hold line breaks, which CheckName trims at the ends
	}
	if len(r.Key) != ed25519.PublicKeySize || len(r.Nonce) != NonceSize {
		return fmt.Errorf("%w: key or nonce of a wrong size", call.ErrBadArgument)
	}
	if !ed25519.Verify(r.Key, r.SigningBytes(fingerprint), r.Signature) {
		return fmt.Errorf("%w: signature", call.ErrBadArgument)
	}
	return nil
}

// JoinAnswer admits somebody.
type JoinAnswer struct {
	Token       string `json:"token"` // LiveKit access token for the same host
	Title       string `json:"title"`
	SessionHint string `json:"session_hint,omitempty"` // RM_ of the room, if it is running
	// Generation of the token, from 1: it grows when the person is removed.
	Generation int64          `json:"generation,omitempty"`
	Role       call.Role      `json:"role,omitempty"`
	Rules      call.RoomRules `json:"rules"`
	Time       int64          `json:"time,omitempty"` // the door's, unix ms
	// Keeper is the identity of the hidden participant that gathers the room's
	// chat, if the client asked for batches; it may not be there at the moment.
	Keeper call.Identity `json:"keeper,omitempty"`
	// Media says where media is received at the address by which the door was reached:
	// behind port forwarding, what the SFU offers is an inside address.
	Media reach.Ports `json:"media,omitzero"`
	// MediaAddresses are those of the name by which a browser has reached the door.
	MediaAddresses []string `json:"media_addresses,omitempty"`
}

// Admission is what the answer of the door at host, a HOST:PORT, lets its reader
// do, whose clock says now.
func (a JoinAnswer) Admission(host string, now time.Time) call.Admission {
	return call.Admission{
		Host: host, Token: a.Token, Title: a.Title, Generation: a.Generation, Role: a.Role, Rules: a.Rules, Keeper: a.Keeper,
		Clock: call.ClockOffset(a.Time, now), Media: a.Media.Usable(),
	}
}
