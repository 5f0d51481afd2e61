// Package acmecert obtains a certificate for the door's public name from an authority
// that speaks ACME (RFC 8555), and renews it. The authority looks whether the name is
// ours, at the door's own port (TLS-ALPN-01, RFC 8737) or at a port of HTTP.
//
// A door works without: links pin the certificate that it has made itself. So nothing
// here is fatal, and everything is tried again.
package acmecert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/acme"

	"foyer/engine/call/reach"
	"foyer/engine/internal/pause"
	"foyer/engine/private"
)

// DefaultDirectory is Let's Encrypt's.
const DefaultDirectory = "https://acme-v02.api.letsencrypt.org/directory"

// ALPN is the protocol by which an authority that looks at the door's port says so.
const ALPN = acme.ALPNProto

const (
	attemptTimeout = 5 * time.Minute
	// renewBefore is what is left of a certificate when it is renewed: a third, and 30
	// days at most, as authorities recommend.
	renewBefore = 30 * 24 * time.Hour
	renewPart   = 3
	maxFailure  = 500 // bytes; the authority chooses the words
)

// Pauses between tries. Authorities count those that fail: Let's Encrypt allows five an
// hour. An attempt that reached nobody does not count.
const (
	refusedPause     = 15 * time.Minute
	unreachablePause = 30 * time.Second
	maxPause         = 6 * time.Hour
)

// Config is what a [Renewer] works with.
type Config struct {
	Domain    string
	Directory string         // URL
	Roots     *x509.CertPool // whom to trust about the directory; nil: the system's
	HTTP      string         // ADDR:PORT at which HTTP-01 is answered; empty: TLS-ALPN-01
	Dir       *private.Dir   // for the keys
	Log       logrus.FieldLogger
	// Use is given each certificate; the first may come before Run does anything.
	Use func(tls.Certificate)
	// Changed is told when a try fails that follows none that failed, and when one
	// succeeds; may be nil.
	Changed func(reach.Certificate)
	// Pause is between two tries of which the first has failed; 0: as long as authorities
	// want. Tests are faster.
	Pause time.Duration
}

// Renewer keeps one certificate. Challenge may be called from any goroutine.
type Renewer struct {
	conf  Config
	store store

	mu        sync.Mutex
	challenge *tls.Certificate // while the authority looks
}

// New reads what an earlier one has kept, and hands it to Config.Use if it is good.
func New(c Config) *Renewer {
	r := &Renewer{conf: c, store: store{dir: c.Dir}}
	kept, err := r.store.load()
	if err != nil {
		c.Log.WithError(err).Warn("the kept certificate cannot be read; another is obtained")
	}
	if cert, ok := kept.certificate(c.Domain, c.Directory, time.Now()); ok {
		c.Use(*cert)
	}
	return r
}

// Run obtains and renews until ctx ends.
func (r *Renewer) Run(ctx context.Context) {
	failed := 0
	wait := r.untilRenewal(time.Now())
	for pause.Unless(ctx.Done(), wait) {
		cert, err := r.obtain(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failed++; failed == 1 {
				r.report(err)
			} else {
				r.log().WithError(err).WithField("tries", failed).Debug("no certificate")
			}
			if wait = r.conf.Pause; wait == 0 {
				wait = pauseAfter(failed, err)
			}
		default:
			failed = 0
			r.conf.Use(*cert)
			r.log().WithField("until", cert.Leaf.NotAfter).Info("the certificate was obtained")
			r.changed(reach.Certificate{State: reach.Obtained, Until: cert.Leaf.NotAfter})
			wait = dueIn(cert.Leaf, time.Now())
		}
	}
}

// Challenge is the certificate for an authority that looks at the door's port, nil if
// the client is none.
func (r *Renewer) Challenge(hello *tls.ClientHelloInfo) *tls.Certificate {
	if !slices.Equal(hello.SupportedProtos, []string{ALPN}) || hello.ServerName != r.conf.Domain {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.challenge
}

func (r *Renewer) answer(c *tls.Certificate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.challenge = c
}

func (r *Renewer) log() logrus.FieldLogger { return r.conf.Log.WithField("domain", r.conf.Domain) }

// report says, once for tries that fail one after another, that there is no new one.
func (r *Renewer) report(err error) {
	text := err.Error()
	s := reach.Certificate{State: stateOf(err), Failure: strings.ToValidUTF8(text[:min(len(text), maxFailure)], "")}
	kept, _ := r.store.load()
	if cert, ok := kept.certificate(r.conf.Domain, r.conf.Directory, time.Now()); ok {
		s.Until = cert.Leaf.NotAfter
	}
	r.log().WithError(err).WithField("state", s.State).
		Warn("no certificate for the public name; invite links work on, and it is tried again")
	r.changed(s)
}

func (r *Renewer) changed(s reach.Certificate) {
	if s.Domain = r.conf.Domain; r.conf.Changed != nil {
		r.conf.Changed(s)
	}
}

// untilRenewal is how long what is kept is good enough; 0 if there is nothing.
func (r *Renewer) untilRenewal(now time.Time) time.Duration {
	kept, _ := r.store.load() // New has complained
	if cert, ok := kept.certificate(r.conf.Domain, r.conf.Directory, now); ok {
		return dueIn(cert.Leaf, now)
	}
	return 0
}

// dueIn is when a certificate is renewed.
func dueIn(leaf *x509.Certificate, now time.Time) time.Duration {
	before := min(leaf.NotAfter.Sub(leaf.NotBefore)/renewPart, renewBefore)
	early := rand.N(max(before/10, 1)) // not everybody on the stroke of the hour
	return max(0, leaf.NotAfter.Add(-before-early).Sub(now))
}

// pauseAfter is how long to wait after so many tries that failed.
func pauseAfter(failed int, err error) time.Duration {
	wait := refusedPause
	if stateOf(err) == reach.Unreachable {
		wait = unreachablePause
	}
	for range min(failed-1, 16) {
		wait = min(2*wait, maxPause)
	}
	if asked, ok := limited(err); ok {
		wait = min(max(wait, asked), 4*maxPause)
	}
	return wait + rand.N(wait/10)
}

func stateOf(err error) reach.CertificateState {
	if _, ok := limited(err); ok {
		return reach.Limited
	}
	// A server on the way may answer instead of the authority.
	_, unanswered := errors.AsType[*url.Error](err)
	problem, ok := errors.AsType[*acme.Error](err)
	if unanswered || ok && problem.StatusCode >= 500 || errors.Is(err, context.DeadlineExceeded) {
		return reach.Unreachable
	}
	return reach.Denied
}

// limited reports whether the authority has counted too many tries, and for how long it
// wants none.
func limited(err error) (time.Duration, bool) {
	problem, ok := errors.AsType[*acme.Error](err)
	if !ok {
		return 0, false
	}
	return acme.RateLimit(problem)
}
