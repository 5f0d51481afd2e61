package relaywire

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

// Scheme of relay links.
const Scheme = "foyer-relay"

const (
	linkVersion = "1"
	maxLink     = 1024 // bytes
	// KeyBytes is the size of a relay's key.
	KeyBytes = 16
)

// Link is where a relay is, and what lets a server use it. It is a secret between the
// relay's owner and those servers; guests do not have it.
type Link struct {
	Host        string // HOST:PORT
	Key         string // base64url, KeyBytes
	Fingerprint [sha256.Size]byte
}

// ErrLink says that a text is no relay link.
var ErrLink = errors.New("not a relay link, as foyer relay prints it")

// String writes the link. What is cut off is noticed: its last parameter has a fixed length.
func (l Link) String() string {
	return fmt.Sprintf("%s://%s?v=%s&k=%s&f=%s", Scheme, l.Host, linkVersion, l.Key,
		base64.RawURLEncoding.EncodeToString(l.Fingerprint[:]))
}

// ParseLink reads a link. Errors wrap ErrLink, and quote nothing.
func ParseLink(text string) (Link, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxLink {
		return Link{}, fmt.Errorf("%w: it is too long", ErrLink)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != Scheme || u.User != nil || u.Path != "" || u.Fragment != "" {
		return Link{}, ErrLink
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Link{}, ErrLink
	}
	if v := q.Get("v"); v != linkVersion {
		return Link{}, fmt.Errorf("%w: its version is another", ErrLink)
	}
	l := Link{Host: u.Host, Key: q.Get("k")}
	host, port, err := net.SplitHostPort(l.Host)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 || host == "" {
		return Link{}, fmt.Errorf("%w: its address", ErrLink)
	}
	key, err := base64.RawURLEncoding.DecodeString(l.Key)
	if err != nil || len(key) != KeyBytes {
		return Link{}, fmt.Errorf("%w: its key", ErrLink)
	}
	fingerprint, err := base64.RawURLEncoding.DecodeString(q.Get("f"))
	if err != nil || len(fingerprint) != len(l.Fingerprint) {
		return Link{}, fmt.Errorf("%w: it is cut", ErrLink)
	}
	copy(l.Fingerprint[:], fingerprint)
	return l, nil
}
