//go:build linux

package host

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"foyer/engine/call/reach"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
	"foyer/internal/drive/pebble"
	"foyer/internal/testenv"
)

const acmeName = "meet.foyer.test"

// certified is a server that wants a certificate, and the authority that it asks.
type certified struct {
	t         *testing.T
	authority *pebble.Pebble
	port      int
	data      string
	states    chan reach.Certificate
	server    *testServer
}

func newCertified(t *testing.T, looksAt func(door int) int) *certified {
	t.Helper()
	c := &certified{t: t, port: testenv.FreePort(t), data: t.TempDir(), states: make(chan reach.Certificate, 16)}
	c.authority = testenv.Pebble(t, looksAt(c.port), testenv.FreePort(t))
	return c
}

func (c *certified) start(change func(*ACME)) {
	c.t.Helper()
	c.server = startServer(c.t, func(conf *Config) {
		conf.Listen, conf.Data, conf.acmePause = "127.0.0.1:"+strconv.Itoa(c.port), c.data, 100*time.Millisecond
		conf.ACME = ACME{Domain: acmeName, Directory: c.authority.Directory(), RootsFile: c.authority.RootsFile()}
		conf.Certified = func(s reach.Certificate) { c.states <- s }
		if change != nil {
			change(&conf.ACME)
		}
	})
}

// said waits for the next word about the certificate.
func (c *certified) said(want reach.CertificateState) reach.Certificate {
	c.t.Helper()
	select {
	case s := <-c.states:
		if s.State != want || s.Domain != acmeName {
			c.t.Fatalf("the server says %+v, not %s", s, want)
		}
		return s
	case <-time.After(startTimeout):
		c.t.Fatal("the server says nothing about its certificate")
		return reach.Certificate{}
	}
}

// shown is the certificate for somebody who asks for the name, pinning or not.
func (c *certified) shown(protocols ...string) *x509.Certificate {
	c.t.Helper()
	conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), &tls.Config{
		ServerName: acmeName, NextProtos: append(protocols, "http/1.1"), InsecureSkipVerify: true, //nolint:gosec // looked at here
	})
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

func (c *certified) wantTrusted() {
	c.t.Helper()
	roots, err := c.authority.Roots(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	// The root has issued it through another, which the door shows, too.
	conn, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)), &tls.Config{ServerName: acmeName, RootCAs: roots})
	if err != nil {
		c.t.Fatal(err)
	}
	_ = conn.Close()
	if pinned := c.shown(doorapi.PinnedProtocol); pinned.Subject.CommonName != "Foyer room server" {
		c.t.Errorf("whoever pins is shown %v", pinned.Subject)
	}
}

// joins lets somebody in by a link, pinned or not.
func (c *certified) joins(id string, unpinned bool) {
	c.t.Helper()
	link := c.server.invite(func(r *doorclient.InviteRequest) { r.Unpinned = unpinned })
	if link.Pinned() == unpinned || link.Hosts[0] != net.JoinHostPort(acmeName, strconv.Itoa(c.port)) {
		c.t.Errorf("the link is %v, pinned: %v", link.Hosts, link.Pinned())
	}
	if _, refusal, status := c.server.join(newGuest(c.t, id).request(c.t, link)); status != http.StatusOK {
		c.t.Errorf("status %d, %+v", status, refusal)
	}
}

// TestCertificateByACME: while the authority cannot be reached the room works, and the
// server says so once; then it has a certificate, and keeps it over a restart without the
// authority.
func TestCertificateByACME(t *testing.T) {
	t.Parallel()
	c := newCertified(t, func(door int) int { return door })
	c.start(nil)
	if s := c.said(reach.Unreachable); !s.Until.IsZero() || s.Failure == "" {
		t.Errorf("%+v", s)
	}
	c.joins("ann", false)
	if err := c.authority.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := c.said(reach.Obtained) // and nothing in between
	c.wantTrusted()
	c.joins("ben", true)
	info, err := os.Stat(filepath.Join(c.data, "acme.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the keys: %v, %v", info.Mode(), err)
	}
	if n := strings.Count(c.server.log.String(), "no certificate for the public name"); n != 1 {
		t.Errorf("the log has it %d times", n)
	}
	if err := c.server.stop(); err != nil {
		t.Error(err)
	}
	c.authority.Kill()
	c.start(nil)
	if kept := c.shown(); !kept.NotAfter.Equal(first.Until) {
		t.Errorf("after a restart: %v until %v", kept.Subject, kept.NotAfter)
	}
	c.joins("carl", true)
}

// TestCertificateRefused: an authority that finds another server under the name, or has
// nobody to look at, leaves the room as it is.
func TestCertificateRefused(t *testing.T) {
	t.Parallel()
	c := newCertified(t, func(int) int { return 1 }) // nobody listens there
	if err := c.authority.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.start(nil)
	if s := c.said(reach.Denied); !strings.Contains(s.Failure, acmeName) {
		t.Errorf("%+v", s)
	}
	c.joins("ann", false)
	if c.shown().Subject.CommonName != "Foyer room server" {
		t.Error("another certificate is shown")
	}
}

// TestCertificateByHTTP: the authority looks at a port of HTTP instead.
func TestCertificateByHTTP(t *testing.T) {
	t.Parallel()
	c := newCertified(t, func(int) int { return 1 })
	at := net.JoinHostPort("127.0.0.1", strconv.Itoa(c.authority.HTTPPort))
	if err := c.authority.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.start(func(a *ACME) { a.HTTP = at })
	c.said(reach.Obtained)
	c.wantTrusted()
	if _, err := net.Dial("tcp", at); err == nil {
		t.Error("it listens there on and on")
	}
}
