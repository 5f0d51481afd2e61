package relay

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"strings"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/internal/owncert"
	"foyer/engine/internal/secret"
	"foyer/engine/private"
)

// Files of a relay.
const (
	certificateFile = "relay.pem" // and its private key
	keyFile         = "relay-key"
	maxFile         = 64 << 10 // bytes
)

// Load reads the certificate and the key in a folder, or makes them, for c and for the
// link of the relay.
func (c *Config) Load(folder string, link *reach.RelayLink) error {
	dir, err := private.Open(folder)
	if err != nil {
		return fmt.Errorf("%w: %w", call.ErrDataFolder, err)
	}
	defer dir.Close()
	pem, err := dir.ReadOrMake(certificateFile, maxFile, func() ([]byte, error) { return owncert.Make("Foyer relay") })
	if err != nil {
		return fmt.Errorf("%w: %w", call.ErrDataFolder, err)
	}
	if c.Certificate, err = tls.X509KeyPair(pem, pem); err != nil {
		return fmt.Errorf("%w: %s: %w", call.ErrCertificate, dir.Path(certificateFile), err)
	}
	key, err := dir.ReadOrMake(keyFile, maxFile, func() ([]byte, error) {
		return []byte(secret.Text(reach.RelayKeyBytes) + "\n"), nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", call.ErrDataFolder, err)
	}
	c.Key = strings.TrimSpace(string(key))
	link.Key, link.Fingerprint = c.Key, sha256.Sum256(c.Certificate.Certificate[0])
	if _, err := reach.ParseRelayLink(link.String()); err != nil {
		return fmt.Errorf("%w: %s", call.ErrServerKey, dir.Path(keyFile))
	}
	return nil
}
