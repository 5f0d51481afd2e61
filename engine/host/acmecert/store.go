package acmecert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"foyer/engine/private"
)

const (
	storeFile = "acme.json"
	maxStore  = 1 << 20 // bytes
)

// store is the file with the keys, in the data folder.
type store struct{ dir *private.Dir }

// kept is what it has.
type kept struct {
	Account string `json:"account"` // PEM: the key by which the authority knows us
	// Directory, Domain, Chain and Key are of the certificate.
	Directory string `json:"directory,omitempty"`
	Domain    string `json:"domain,omitempty"`
	Chain     string `json:"chain,omitempty"`
	Key       string `json:"key,omitempty"`
}

func (s store) load() (kept, error) {
	var k kept
	raw, err := s.dir.Read(storeFile, maxStore)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &k)
	}
	if err != nil {
		return kept{}, fmt.Errorf("%s: %w", storeFile, err)
	}
	return k, nil
}

func (s store) save(k kept) error {
	raw, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return s.dir.Write(storeFile, raw)
}

// account is the account's key, made if there is none that can be read.
func (s store) account() (*ecdsa.PrivateKey, error) {
	k, _ := s.load() // New has complained
	if key, ok := readKey(k.Account); ok {
		return key, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if k.Account, err = writeKey(key); err != nil {
		return nil, err
	}
	return key, s.save(k)
}

// certificate is what is kept for a domain and a directory, if it is good now.
func (k kept) certificate(domain, directory string, now time.Time) (*tls.Certificate, bool) {
	if k.Domain != domain || k.Directory != directory {
		return nil, false
	}
	c, err := tls.X509KeyPair([]byte(k.Chain), []byte(k.Key))
	if err != nil || !now.Before(c.Leaf.NotAfter) || c.Leaf.VerifyHostname(domain) != nil {
		return nil, false
	}
	return &c, true
}

func readKey(text string) (*ecdsa.PrivateKey, bool) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, false
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	return key, err == nil
}

func writeKey(key *ecdsa.PrivateKey) (string, error) {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})), nil
}

func writeChain(chain [][]byte) string {
	var text []byte
	for _, raw := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})...)
	}
	return string(text)
}
