package reach

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// RelayScheme is that of relay links.
const RelayScheme = "foyer-relay"

const (
	relayVersion = "1"
	maxRelayLink = 1024 // bytes
	// RelayKeyBytes is the size of a relay's key.
	RelayKeyBytes = 16
)

// RelayLink is where a relay is, and what lets a server use it. It is a secret between the
// relay's owner and those servers; guests do not have it.
type RelayLink struct {
	Host        string // HOST:PORT
	Key         string // base64url, RelayKeyBytes
	Fingerprint [sha256.Size]byte
}

// ErrRelayLink says that a text is no relay link.
var ErrRelayLink = errors.New("not a relay link, as foyer relay prints it")

// String writes the link. What is cut off is noticed: its last parameter has a fixed length.
func (l RelayLink) String() string {
	return fmt.Sprintf("%s://%s?v=%s&k=%s&f=%s", RelayScheme, l.Host, relayVersion, l.Key,
		base64.RawURLEncoding.EncodeToString(l.Fingerprint[:]))
}

// ParseRelayLink reads a link. Errors wrap ErrRelayLink, and quote nothing.
func ParseRelayLink(text string) (RelayLink, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxRelayLink {
		return RelayLink{}, fmt.Errorf("%w: it is too long", ErrRelayLink)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != RelayScheme || u.User != nil || u.Path != "" || u.Fragment != "" {
		return RelayLink{}, ErrRelayLink
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return RelayLink{}, ErrRelayLink
	}
	if v := q.Get("v"); v != relayVersion {
		return RelayLink{}, fmt.Errorf("%w: its version is another", ErrRelayLink)
	}
	l := RelayLink{Host: u.Host, Key: q.Get("k")}
	host, port, err := net.SplitHostPort(l.Host)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return RelayLink{}, fmt.Errorf("%w: its address", ErrRelayLink)
	}
	key, err := base64.RawURLEncoding.DecodeString(l.Key)
	if err != nil || len(key) != RelayKeyBytes {
		return RelayLink{}, fmt.Errorf("%w: its key", ErrRelayLink)
	}
	fingerprint, err := base64.RawURLEncoding.DecodeString(q.Get("f"))
	if err != nil || len(fingerprint) != len(l.Fingerprint) {
		return RelayLink{}, fmt.Errorf("%w: it is cut", ErrRelayLink)
	}
	copy(l.Fingerprint[:], fingerprint)
	return l, nil
}
