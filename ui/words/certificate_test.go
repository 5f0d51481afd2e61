package words

import (
	"strings"
	"testing"
	"time"

	"foyer/engine/call/reach"
)

// TestCertificate: each state is another sentence that names the domain, in each language.
func TestCertificate(t *testing.T) {
	for _, l := range Languages() {
		b, seen := Choose(l.Code, nil), map[string]bool{}
		for _, state := range []reach.CertificateState{reach.Obtained, reach.Denied, reach.Limited, reach.Unreachable} {
			text := Certificate(b, reach.Certificate{Domain: "meet.example.org", State: state, Until: time.Unix(0, 0).UTC()})
			if !strings.Contains(text, "meet.example.org") || strings.Contains(text, "{") || seen[text] ||
				strings.Contains(text, "1970-01-01") != (state == reach.Obtained) {
				t.Errorf("%s, %s: %q", l.Code, state, text)
			}
			seen[text] = true
		}
	}
}
