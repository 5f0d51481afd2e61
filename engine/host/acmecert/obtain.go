package acmecert

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
)

const (
	answerTimeout = 30 * time.Second // of the authority, to one request
	maxRetries    = 4                // of one request that the authority was not able to answer
)

// Kinds of challenges (RFC 8737, RFC 8555 section 8.3).
const (
	tlsChallenge  = "tls-alpn-01"
	httpChallenge = "http-01"
)

// obtain asks for a certificate, and keeps it.
func (r *Renewer) obtain(ctx context.Context) (*tls.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	account, err := r.store.account()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: r.conf.Roots}, ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	client := &acme.Client{
		Key: account, DirectoryURL: r.conf.Directory, UserAgent: "foyer", RetryBackoff: retry,
		HTTPClient: &http.Client{Transport: transport, Timeout: answerTimeout},
	}
	_, err = client.Register(ctx, &acme.Account{}, acme.AcceptTOS)
	if err != nil && !errors.Is(err, acme.ErrAccountAlreadyExists) {
		return nil, fmt.Errorf("register: %w", err)
	}
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(r.conf.Domain))
	if err != nil {
		return nil, fmt.Errorf("order: %w", err)
	}
	for _, at := range order.AuthzURLs {
		if err := r.prove(ctx, client, at); err != nil {
			return nil, err
		}
	}
	if order, err = client.WaitOrder(ctx, order.URI); err != nil {
		return nil, fmt.Errorf("order: %w", err)
	}
	return r.finish(ctx, client, order)
}

// retry is how long to wait before a request is made again. It does not repeat one that
// was answered with "too many requests".
func retry(n int, _ *http.Request, answer *http.Response) time.Duration {
	if n > maxRetries || answer != nil && answer.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return time.Duration(n) * 500 * time.Millisecond
}

// prove lets the authority look whether the name is ours.
func (r *Renewer) prove(ctx context.Context, client *acme.Client, at string) error {
	authorization, err := client.GetAuthorization(ctx, at)
	if err != nil {
		return fmt.Errorf("authorization: %w", err)
	}
	if authorization.Status == acme.StatusValid {
		return nil // it has looked a short time ago
	}
	kind := tlsChallenge
	if r.conf.HTTP != "" {
		kind = httpChallenge
	}
	i := slices.IndexFunc(authorization.Challenges, func(c *acme.Challenge) bool { return c.Type == kind })
	if i < 0 {
		return fmt.Errorf("the authority offers no %s", kind)
	}
	challenge := authorization.Challenges[i]
	stop, err := r.present(client, challenge)
	if err != nil {
		return err
	}
	defer stop()
	if _, err := client.Accept(ctx, challenge); err != nil {
		return fmt.Errorf("challenge: %w", err)
	}
	if _, err := client.WaitAuthorization(ctx, authorization.URI); err != nil {
		return fmt.Errorf("the authority looked whether %s is this server: %w", r.conf.Domain, plain(err))
	}
	return nil
}

// plain is the first thing that an authority found wrong.
func plain(err error) error {
	if e, ok := errors.AsType[*acme.AuthorizationError](err); ok && len(e.Errors) > 0 {
		return e.Errors[0]
	}
	return err
}

// present shows what the authority looks for, until stop.
func (r *Renewer) present(client *acme.Client, c *acme.Challenge) (stop func(), err error) {
	if c.Type == tlsChallenge {
		shown, err := client.TLSALPN01ChallengeCert(c.Token, r.conf.Domain)
		if err != nil {
			return nil, err
		}
		r.answer(&shown)
		return func() { r.answer(nil) }, nil
	}
	text, err := client.HTTP01ChallengeResponse(c.Token)
	if err != nil {
		return nil, err
	}
	return serveHTTP(r.conf.HTTP, client.HTTP01ChallengePath(c.Token), text)
}

// serveHTTP answers one path, and nothing else.
func serveHTTP(at, path, text string) (stop func(), err error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("listen for the authority: %w", err)
	}
	server := &http.Server{
		ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxHeaderBytes: 8 << 10,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path != path {
				http.NotFound(w, q)
				return
			}
			_, _ = w.Write([]byte(text)) // who went away does not read it
		}),
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // ends with Close
	return func() {
		_ = server.Close()
		serving.Wait()
	}, nil
}

// finish has the certificate made, checks it and keeps it.
func (r *Renewer) finish(ctx context.Context, client *acme.Client, order *acme.Order) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{DNSNames: []string{r.conf.Domain}}, key)
	if err != nil {
		return nil, err
	}
	chain, _, err := client.CreateOrderCert(ctx, order.FinalizeURL, request, true)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	k, err := r.store.load()
	if err != nil {
		return nil, err
	}
	k.Directory, k.Domain, k.Chain = r.conf.Directory, r.conf.Domain, writeChain(chain)
	if k.Key, err = writeKey(key); err != nil {
		return nil, err
	}
	cert, ok := k.certificate(r.conf.Domain, r.conf.Directory, time.Now())
	if !ok {
		return nil, errors.New("the authority's certificate cannot be used: it is for another name or key, or over")
	}
	if err := r.store.save(k); err != nil {
		r.log().WithError(err).Warn("the certificate cannot be kept; the next start obtains another")
	}
	return cert, nil
}
