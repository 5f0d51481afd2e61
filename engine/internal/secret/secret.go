// Package secret makes the secrets of keys and invitations.
package secret

import (
	"crypto/rand"
	"encoding/base64"
)

// Text returns n random bytes as base64url without padding.
func Text(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
