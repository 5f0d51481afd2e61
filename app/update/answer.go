package update

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Errors of an answer.
var (
	ErrUnsigned = errors.New("the answer is not signed with the key of this program")
	ErrGarbage  = errors.New("the answer is not understood")
)

// Limits of what is read.
const (
	maxAnswer = 16 << 10 // bytes
	maxPage   = 200      // bytes of an address
)

// answer is what the publisher says of the newest release.
type answer struct {
	Program string `json:"program"` // the key may sign for others, too
	Version string `json:"version"` // x.y.z
	Page    string `json:"page"`    // https://..., where people get it
	// Issued orders the answers: one that is issued before another is no news. It is not
	// the version that orders them, so that a release can be withdrawn.
	Issued time.Time `json:"issued"`
}

// open checks the signature of an answer and reads it. Its first line is the signature
// in base64, over all that follows.
func open(raw []byte, key ed25519.PublicKey) (answer, error) {
	line, signed, found := bytes.Cut(raw, []byte("\n"))
	signature, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(line)))
	if !found || err != nil || !ed25519.Verify(key, signed, signature) {
		return answer{}, ErrUnsigned
	}
	var a answer
	if err := json.Unmarshal(signed, &a); err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrGarbage, err)
	}
	if a.Program != program || a.Issued.IsZero() || !isHTTPS(a.Page) || len(a.Page) > maxPage {
		return answer{}, fmt.Errorf("%w: program, time or page", ErrGarbage)
	}
	if v, rest, ok := parseVersion(a.Version); !ok || rest != "" || v.String() != a.Version {
		return answer{}, fmt.Errorf("%w: version", ErrGarbage)
	}
	return a, nil
}

// isHTTPS reports whether an address is one of https, and of nothing that hides where
// it leads.
func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil
}
