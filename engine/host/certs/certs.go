// Package certs keeps the door's two certificates: the one that it has made itself,
// which invite links pin and which never changes, and one for its public name that
// others trust, which is renewed now and then.
package certs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/doorapi"
)

const (
	// lookEvery is how often the files are read: a renewal is in use a moment later.
	lookEvery = 5 * time.Second
	maxFile   = 1 << 20 // bytes of a chain or a key
	// warnBefore is how long before its end a certificate is warned of: programs that
	// renew certificates do so a month before.
	warnBefore = 7 * 24 * time.Hour
)

// Pair are the files with a certificate's chain and its key.
type Pair struct{ Cert, Key string }

// Set is the certificates of one door. Certificate may be called from any goroutine.
type Set struct {
	own    *tls.Certificate
	pair   Pair // empty: there is none
	log    logrus.FieldLogger
	public atomic.Pointer[tls.Certificate]
	// Challenge, if set before the first client comes, has what an authority looks for
	// when it asks whether the name is ours; nil for everybody else.
	Challenge func(*tls.ClientHelloInfo) *tls.Certificate

	mu     sync.Mutex
	seen   [sha256.Size]byte // what the files had at the last look
	warned *tls.Certificate  // that its end is near
}

// New reads the pair, if there is one; own is what links pin.
func New(own tls.Certificate, pair Pair, log logrus.FieldLogger) (*Set, error) {
	s := &Set{own: &own, pair: pair, log: log}
	if pair == (Pair{}) {
		return s, nil
	}
	if _, err := s.look(time.Now()); err != nil {
		return nil, err
	}
	return s, nil
}

// Use takes a certificate for the public name that comes from elsewhere than from files.
func (s *Set) Use(c tls.Certificate) { s.public.Store(&c) }

// Watch looks now and then whether the files have changed, until ctx ends.
func (s *Set) Watch(ctx context.Context) {
	if s.pair == (Pair{}) {
		return
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			changed, err := s.look(now)
			switch log := s.log.WithField("file", s.pair.Cert); {
			case err != nil:
				log.WithError(err).Error("the new certificate cannot be used; the one before stays in use")
			case changed:
				log.WithField("until", s.public.Load().Leaf.NotAfter).Info("the certificate was renewed")
			}
			s.warn(now)
		}
	}
}

// look reads the files, and takes what they have if it is new and can be used. The
// same broken pair is an error once.
func (s *Set) look(now time.Time) (changed bool, err error) {
	chain, err := readFile(s.pair.Cert)
	if err != nil {
		return false, s.once([sha256.Size]byte{}, err)
	}
	key, err := readFile(s.pair.Key)
	if err != nil {
		return false, s.once([sha256.Size]byte{}, err)
	}
	sum := sha256.Sum256(slices.Concat(chain, []byte{0}, key))
	s.mu.Lock()
	known := sum == s.seen
	s.mu.Unlock()
	if known {
		return false, nil
	}
	c, err := tls.X509KeyPair(chain, key)
	switch {
	case err != nil:
		err = fmt.Errorf("%s and %s: %w", s.pair.Cert, s.pair.Key, err)
	case now.After(c.Leaf.NotAfter):
		err = fmt.Errorf("%s expired on %s", s.pair.Cert, c.Leaf.NotAfter.Format(time.DateOnly))
	case len(c.Leaf.DNSNames) == 0:
		err = fmt.Errorf("%s has no host names in it", s.pair.Cert)
	}
	if err != nil {
		return false, s.once(sum, err)
	}
	s.mu.Lock()
	s.seen = sum
	s.mu.Unlock()
	s.public.Store(&c)
	return true, nil
}

// once returns err, unless it is about what was seen at the last look.
func (s *Set) once(sum [sha256.Size]byte, err error) error {
	if sum == ([sha256.Size]byte{}) { // a file that cannot be read has no content
		sum = sha256.Sum256([]byte(err.Error()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == sum {
		return nil
	}
	s.seen = sum
	return err
}

// warn says once that a certificate ends soon and nobody has renewed it.
func (s *Set) warn(now time.Time) {
	c := s.public.Load()
	if c == s.warned || now.Before(c.Leaf.NotAfter.Add(-warnBefore)) {
		return
	}
	s.warned = c
	s.log.WithField("until", c.Leaf.NotAfter).Warn("the certificate ends soon and is not renewed; invite links work on")
}

// Certificate is for tls.Config.GetCertificate. Foyer's clients know the door by the
// certificate that links pin; everybody else, and whoever has a link without a pin,
// asks by name and gets the one for that name.
func (s *Set) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.Challenge != nil {
		if c := s.Challenge(hello); c != nil {
			return c, nil
		}
	}
	c := s.public.Load()
	if c == nil || hello.ServerName == "" || slices.Contains(hello.SupportedProtos, doorapi.PinnedProtocol) ||
		c.Leaf.VerifyHostname(hello.ServerName) != nil {
		return s.own, nil //nolint:nilerr // of another name
	}
	return c, nil
}

// Names reports whether the public certificate is good for a host name now. It is for no
// address, even if that is in it: clients say to which name they connect (RFC 6066, 3),
// but not to which address, and are shown what links pin.
func (s *Set) Names(host string, now time.Time) bool {
	c := s.public.Load()
	if _, err := netip.ParseAddr(host); err == nil || c == nil {
		return false
	}
	return now.Before(c.Leaf.NotAfter) && c.Leaf.VerifyHostname(host) == nil && !selfSigned(c.Leaf)
}

// selfSigned reports whether nobody but its owner vouches for a certificate.
func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s is over %d bytes", name, maxFile)
	}
	return raw, nil
}
