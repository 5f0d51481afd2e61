package host

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/host/acmecert"
	"foyer/engine/host/certs"
)

const maxRoots = 1 << 20 // bytes of certificates of authorities

// ACME says how to obtain a certificate for a public name.
type ACME struct {
	// Domain is HOST or HOST:PORT, and comes first in links; empty: no certificate is
	// obtained. The authority looks at port 443 of HOST, which has to lead to the door.
	Domain    string
	HTTP      string // ADDR:PORT to which port 80 of HOST leads, where the authority looks instead
	Directory string // https:// URL; empty for acmecert.DefaultDirectory
	RootsFile string // PEM file with those who vouch for the directory; empty: the system's
}

// checkACME completes and checks how a certificate is obtained.
func (s *settings) checkACME() error {
	a := &s.ACME
	if a.Domain == "" {
		if *a != (ACME{}) {
			return fmt.Errorf("%w: how to obtain a certificate, and not for which domain", call.ErrServerConfig)
		}
		return nil
	}
	wrong := func(what string, err error) error {
		return fmt.Errorf("%w: %s: %w", call.ErrServerConfig, what, err)
	}
	if s.CertFile != "" {
		return wrong("domain", errors.New("its certificate is obtained, and there is one in a file"))
	}
	if err := checkDomain(a.Domain); err != nil {
		return wrong(fmt.Sprintf("domain %.80q", a.Domain), err)
	}
	if a.Directory == "" {
		a.Directory = acmecert.DefaultDirectory
	}
	if u, err := url.Parse(a.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
		return wrong("ACME directory", errors.New("it is not an https:// address"))
	}
	if a.HTTP != "" {
		if _, _, err := net.SplitHostPort(a.HTTP); err != nil {
			return wrong("address for ACME", err)
		}
	}
	var err error
	if s.roots, err = readRoots(a.RootsFile); err != nil {
		return wrong("authorities of the ACME directory", err)
	}
	s.Public = append([]string{a.Domain}, s.Public...)
	return nil
}

// checkDomain reports what keeps an authority from vouching for a name.
func checkDomain(text string) error {
	h, err := reach.ParsePublic(text)
	if err != nil {
		return err
	}
	if _, err := netip.ParseAddr(h.Name); err == nil || !strings.Contains(h.Name, ".") {
		return errors.New("is no name that a name server of the internet has")
	}
	return nil
}

func readRoots(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxRoots))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%s has no certificate", name)
	}
	return pool, nil
}

// newRenewer makes what keeps the certificate of the public name; nil if that is not
// ours to obtain. Domain is the first of the public names.
func (s *Server) newRenewer(data *folder, shown *certs.Set) *acmecert.Renewer {
	if s.ACME.Domain == "" {
		return nil
	}
	r := acmecert.New(acmecert.Config{
		Domain: s.public[0].Name, Directory: s.ACME.Directory, Roots: s.roots, HTTP: s.ACME.HTTP, Dir: data.dir,
		Log: s.Log.WithField("part", "door"), Use: shown.Use, Changed: s.Certified, Pause: s.acmePause,
	})
	shown.Challenge = r.Challenge
	return r
}
