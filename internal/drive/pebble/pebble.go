//go:build unix

// Package pebble runs Pebble, an authority that speaks ACME, for tests.
package pebble

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"foyer/internal/drive"
)

// Pebble is an authority of ours, on loopback. Every name leads to this
// computer for it.
type Pebble struct {
	server, names *drive.Daemon
	management    int
	// HTTPPort is where it looks for HTTP-01.
	HTTPPort int
	client   *http.Client
}

// New makes one that looks at these ports of a name, and does not start it.
func New(tlsPort, httpPort int) (*Pebble, error) {
	if err := drive.Need("pebble", "pebble-challtestsrv"); err != nil {
		return nil, err
	}
	d, err := drive.NewDaemon("pebble")
	if err != nil {
		return nil, err
	}
	p := &Pebble{server: d, HTTPPort: httpPort}
	if p.names, err = drive.NewDaemon("names"); err == nil {
		err = p.configure(tlsPort)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Pebble) configure(tlsPort int) error {
	var err error
	if p.management, err = drive.FreePort(); err != nil {
		return err
	}
	if err := p.certify(); err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": p.at(p.server.Port()), "managementListenAddress": p.at(p.management),
		"certificate": p.file("cert.pem"), "privateKey": p.file("key.pem"), "httpPort": p.HTTPPort, "tlsPort": tlsPort,
	}})
	if err != nil {
		return err
	}
	return os.WriteFile(p.file("config.json"), raw, 0o600)
}

// certify makes the certificate of its own address, by which it is known.
func (p *Pebble) certify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pebble"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(chain)
	p.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
	}}
	return errors.Join(os.WriteFile(p.file("cert.pem"), chain, 0o600), os.WriteFile(p.file("key.pem"),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

func (p *Pebble) file(name string) string { return filepath.Join(p.server.Folder(), name) }

func (p *Pebble) at(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Directory is where ACME begins, and RootsFile has who vouches for that address.
func (p *Pebble) Directory() string { return "https://" + p.at(p.server.Port()) + "/dir" }

// RootsFile is a file of certificates.
func (p *Pebble) RootsFile() string { return p.file("cert.pem") }

// Start starts it. It has new keys each time.
func (p *Pebble) Start(ctx context.Context) error {
	names := p.at(p.names.Port())
	listens := func(ctx context.Context) bool { // where it is asked for long answers
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", names)
		return err == nil && conn.Close() == nil
	}
	err := p.names.Run(ctx, listens, "pebble-challtestsrv", "-dns01", names, "-defaultIPv4", "127.0.0.1",
		"-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", "")
	if err != nil {
		return err
	}
	answers := func(ctx context.Context) bool { _, err := p.get(ctx, p.Directory()); return err == nil }
	return p.server.Run(ctx, answers, "env", "PEBBLE_VA_NOSLEEP=1",
		"pebble", "-config", p.file("config.json"), "-dnsserver", names)
}

// Kill ends it as a crash would.
func (p *Pebble) Kill() {
	p.server.Kill()
	p.names.Kill()
}

// Roots are those who vouch for the certificates that it issues.
func (p *Pebble) Roots(ctx context.Context) (*x509.CertPool, error) {
	raw, err := p.get(ctx, "https://"+p.at(p.management)+"/roots/0")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, errors.New("pebble has no root")
	}
	return pool, nil
}

func (p *Pebble) get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("pebble: %s", resp.Status)
	}
	return io.ReadAll(resp.Body)
}

// Close ends it and deletes its files.
func (p *Pebble) Close() error {
	err := p.server.Close()
	if p.names != nil {
		err = errors.Join(err, p.names.Close())
	}
	return err
}
