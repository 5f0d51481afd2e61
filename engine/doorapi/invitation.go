package doorapi

import "foyer/engine/call"

// InvitationsPath is where invitations are made.
const InvitationsPath = "/foyer/v1/invitations"

// InvitationRequest asks for an invitation: POST InvitationsPath with the
// admin key as bearer token.
type InvitationRequest struct {
	Room     RoomParameter `json:"room"`
	Title    string        `json:"title,omitempty"`    // empty: as it was
	Existing bool          `json:"existing,omitempty"` // only while the room is open
	TTL      int64         `json:"ttl,omitempty"`      // seconds; 0: for ever
	Role     call.Role     `json:"role,omitempty"`     // of guests who join by it; empty: participant
}

// InvitationAnswer is an invitation. The secret is told this once.
type InvitationAnswer struct {
	Room        call.RoomID `json:"room"`
	Title       string      `json:"title"`
	Existing    bool        `json:"existing"`
	Role        call.Role   `json:"role"`
	Secret      string      `json:"secret"`
	Fingerprint string      `json:"fingerprint"` // of the certificate, hexadecimal
	Hosts       []string    `json:"hosts"`
	Expires     int64       `json:"expires"` // unix ms; 0: never
	// Trusted are those of the hosts that need no fingerprint: the door has a
	// certificate for their names.
	Trusted []string `json:"trusted,omitempty"`
}

// AdminKey is the file that `foyer invite` and `foyer admin` read: the key, and
// the certificate of its server.
type AdminKey struct {
	Key         string `json:"key"`
	Fingerprint string `json:"fingerprint"` // SHA-256 of the certificate, hexadecimal
}

// MaxKeyFile is the size of a key file in bytes.
const MaxKeyFile = 64 << 10
