package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"foyer/engine/doorapi"
	"foyer/internal/testenv"
)

// authority issues certificates that others trust.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	return a
}

// issue writes a certificate for names and addresses and its key into a folder.
func (a *authority) issue(dir string, until time.Time, names ...string) Pair {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "server"}, NotAfter: until,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	p := Pair{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	for name, block := range map[string]*pem.Block{p.Cert: {Type: "CERTIFICATE", Bytes: raw}, p.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return p
}

func newSet(t *testing.T, p Pair) *Set {
	t.Helper()
	log, _ := testenv.NewLog()
	s, err := New(tls.Certificate{Certificate: [][]byte{[]byte("own")}}, p, log)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shown(t *testing.T, s *Set, name string, protocols ...string) *tls.Certificate {
	t.Helper()
	c, err := s.Certificate(&tls.ClientHelloInfo{ServerName: name, SupportedProtos: protocols})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWhoSeesWhichCertificate: clients that pin get what is pinned, whatever they ask for.
func TestWhoSeesWhichCertificate(t *testing.T) {
	s := newSet(t, newAuthority(t).issue(t.TempDir(), time.Now().Add(time.Hour), "meet.example"))
	for _, tt := range []struct {
		name      string
		protocols []string
		public    bool
	}{
		{"meet.example", nil, true}, {"MEET.example", []string{"h2", "http/1.1"}, true},
		{"meet.example", []string{doorapi.PinnedProtocol, "http/1.1"}, false},
		{"other.example", nil, false}, {"", nil, false}, {"192.0.2.1", nil, false},
	} {
		if c := shown(t, s, tt.name, tt.protocols...); (c != s.own) != tt.public {
			t.Errorf("%q %v: public is %v", tt.name, tt.protocols, c != s.own)
		}
	}
	if !s.Names("meet.example", time.Now()) || s.Names("other.example", time.Now()) || s.Names("meet.example", time.Now().Add(2*time.Hour)) {
		t.Error("names that it is good for")
	}
	none := newSet(t, Pair{})
	if shown(t, none, "meet.example") != none.own || none.Names("meet.example", time.Now()) {
		t.Error("a door without a public certificate shows one")
	}
}

// TestAddresses: a certificate for addresses alone is shown to nobody, and no link
// without a pin has an address, since clients say only to which name they connect.
func TestAddresses(t *testing.T) {
	a, dir := newAuthority(t), t.TempDir()
	s := newSet(t, a.issue(dir, time.Now().Add(time.Hour), "meet.example", "192.0.2.1", "2001:db8::1"))
	for host, want := range map[string]bool{"meet.example": true, "192.0.2.1": false, "2001:db8::1": false} {
		if s.Names(host, time.Now()) != want {
			t.Errorf("%s: want %v", host, want)
		}
	}
	log, _ := testenv.NewLog()
	_, err := New(tls.Certificate{}, a.issue(dir, time.Now().Add(time.Hour), "192.0.2.1"), log)
	if err == nil || !strings.Contains(err.Error(), "has no host names in it") {
		t.Errorf("a certificate for an address alone: %v", err)
	}
}

// TestRenewal: a new pair is taken, a broken one is not, and is told of once.
func TestRenewal(t *testing.T) {
	a, dir := newAuthority(t), t.TempDir()
	p := a.issue(dir, time.Now().Add(time.Hour), "meet.example")
	s := newSet(t, p)
	first := s.public.Load()
	look := func(changed, fails bool) {
		t.Helper()
		if got, err := s.look(time.Now()); got != changed || (err != nil) != fails {
			t.Errorf("changed %v, %v", got, err)
		}
	}
	look(false, false)
	a.issue(dir, time.Now().Add(2*time.Hour), "meet.example")
	look(true, false)
	second := s.public.Load()
	if second == first || shown(t, s, "meet.example") != second {
		t.Error("the renewed certificate is not shown")
	}
	good, err := os.ReadFile(p.Key)
	if err != nil {
		t.Fatal(err)
	}
	breaks := map[string]func() error{
		"cut": func() error { return os.WriteFile(p.Key, good[:len(good)/2], 0o600) },
		"key of another": func() error {
			a.issue(t.TempDir(), time.Now(), "x")
			return os.WriteFile(p.Key, []byte("no key"), 0o600)
		},
		"gone":     func() error { return os.Remove(p.Key) },
		"expired":  func() error { a.issue(dir, time.Now().Add(-time.Minute), "meet.example"); return nil },
		"nameless": func() error { a.issue(dir, time.Now().Add(time.Hour)); return nil },
		"huge":     func() error { return os.WriteFile(p.Key, make([]byte, maxFile+1), 0o600) },
	}
	for name, spoil := range breaks {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if changed, err := s.look(time.Now()); changed || err == nil {
			t.Errorf("%s: changed %v, %v", name, changed, err)
		}
		look(false, false) // told once
		if shown(t, s, "meet.example") != second {
			t.Errorf("%s: the one before is not kept", name)
		}
	}
	a.issue(dir, time.Now().Add(3*time.Hour), "meet.example")
	look(true, false)
}

// TestUnusablePair: a server does not start with one, and says which file it is.
func TestUnusablePair(t *testing.T) {
	a, log := newAuthority(t), t.TempDir()
	expired := a.issue(log, time.Now().Add(-time.Hour), "meet.example")
	entry, _ := testenv.NewLog()
	for _, p := range []Pair{expired, {Cert: filepath.Join(log, "none"), Key: expired.Key}} {
		if _, err := New(tls.Certificate{}, p, entry); err == nil || !strings.Contains(err.Error(), p.Cert) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

// TestEndIsWarnedOf: once for each certificate.
func TestEndIsWarnedOf(t *testing.T) {
	log, text := testenv.NewLog()
	s, err := New(tls.Certificate{}, newAuthority(t).issue(t.TempDir(), time.Now().Add(10*24*time.Hour), "meet.example"), log)
	if err != nil {
		t.Fatal(err)
	}
	s.warn(time.Now())
	if strings.Contains(text.String(), "ends soon") {
		t.Error("too early")
	}
	for range 3 {
		s.warn(time.Now().Add(4 * 24 * time.Hour))
	}
	if n := strings.Count(text.String(), "ends soon"); n != 1 {
		t.Errorf("%d warnings", n)
	}
}
