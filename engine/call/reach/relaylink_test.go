package reach

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
)

func exampleRelay() RelayLink {
	return RelayLink{Host: "relay.example.org:7844", Key: "AAAAAAAAAAAAAAAAAAAAAA", Fingerprint: sha256.Sum256([]byte("x"))}
}

func TestRelayLink(t *testing.T) {
	good := exampleRelay().String()
	if l, err := ParseRelayLink(" " + good + "\n"); err != nil || l != exampleRelay() {
		t.Errorf("%+v, %v", l, err)
	}
	for _, text := range []string{
		"", good[:len(good)-1], good + "A", strings.Replace(good, "v=1", "v=2", 1), strings.Replace(good, ":7844", "", 1),
		strings.Replace(good, ":7844", ":0", 1), strings.Replace(good, "relay.example.org", "", 1),
		strings.Replace(good, "k=A", "k=", 1), strings.Replace(good, "foyer-relay:", "foyer:", 1),
		strings.Replace(good, "//", "//user@", 1), good + "&x=" + strings.Repeat("y", 2000),
	} {
		if _, err := ParseRelayLink(text); !errors.Is(err, ErrRelayLink) || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
