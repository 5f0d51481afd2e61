package words

import (
	"time"

	"foyer/engine/call/reach"
)

// Certificate says what came of asking for a certificate for a server's public name.
func Certificate(b *Book, c reach.Certificate) string {
	key := map[reach.CertificateState]string{
		reach.Obtained: "certificate.obtained", reach.Limited: "certificate.rate_limited",
		reach.Unreachable: "certificate.unreachable",
	}[c.State]
	if key == "" {
		key = "certificate.refused"
	}
	return b.T(key, "domain", c.Domain, "date", c.Until.Format(time.DateOnly))
}
