package client

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"foyer/engine/call"
)

// pinned is a TLS configuration that trusts exactly one certificate: the one
// whose SHA-256 came with the invitation. The usual chain and name checks are
// off because the pin is stricter than both; VerifyConnection runs for resumed
// connections too.
func pinned(fingerprint [sha256.Size]byte) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection below takes its place
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return fmt.Errorf("%w: none was shown", call.ErrWrongServer)
			}
			got := sha256.Sum256(state.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare(got[:], fingerprint[:]) != 1 {
				return call.ErrWrongServer
			}
			return nil
		},
	}
}

// public is the TLS configuration for a plain LiveKit link.
func public() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12} }

// connectError sorts what can go wrong between two computers into the errors of
// package call. What it does not know is something that was answered and could
// not be read.
func connectError(err error) error {
	var (
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		timeout   interface{ Timeout() bool }
		op        *net.OpError
		dns       *net.DNSError
	)
	switch {
	case err == nil, isCallError(err):
		return err
	case errors.As(err, &authority), errors.As(err, &hostname), errors.As(err, &invalid):
		return fmt.Errorf("%w: %v", call.ErrUntrusted, err)
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return fmt.Errorf("%w: no TLS", call.ErrServerGarbage)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %v", call.ErrServerSilent, innermost(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", call.ErrUnreachable, errNobodyListens)
	case errors.As(err, &dns), errors.As(err, &op), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET),
		strings.Contains(err.Error(), "server closed idle connection"): // net/http's, which it does not export
		return fmt.Errorf("%w: %v", call.ErrUnreachable, innermost(err))
	default:
		return fmt.Errorf("%w: %v", call.ErrServerGarbage, innermost(err))
	}
}

// errNobodyListens marks refused connections, which bound the reconnecting.
var errNobodyListens = errors.New("nobody listens there")

// errNoSuchPath marks a 404, which means an old server or a missing room.
var errNoSuchPath = errors.New("path or room not found")

// innermost drops the wrappers that repeat addresses and URLs.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// isVerdict tells whether the door says that we were put out.
func isVerdict(err error) bool {
	var banned *call.BannedError
	var out *call.PutOutError
	return errors.As(err, &banned) || errors.As(err, &out)
}

// isCallError tells whether an error is already in the program's own words.
func isCallError(err error) bool {
	if isVerdict(err) {
		return true
	}
	for _, known := range []error{
		call.ErrWrongServer, call.ErrUntrusted, call.ErrServerGarbage, call.ErrServerSilent, call.ErrUnreachable, call.ErrRefused,
		call.ErrTokenRefused, call.ErrNoSuchRoom, call.ErrRoomFull, call.ErrRoomLocked, call.ErrInviteRefused,
		call.ErrInviteExpired, call.ErrIdentityTaken, call.ErrTooManyTries, call.ErrTooManyGuests, call.ErrBadArgument, call.ErrLinkInsecure,
		call.ErrAlreadyHere, call.ErrManyIdentities, call.ErrClock, call.ErrJoinUsed, call.ErrCutOff,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// statusError reads a refusal of the websocket upgrade: the door's own JSON, or
// LiveKit's status and text (livekit-server, pkg/service/rtcservice.go).
func statusError(status int, body []byte) error {
	if refusal, ok := readRefusal(body); ok {
		return refusal.ErrAt(time.Now())
	}
	switch status {
	case http.StatusUnauthorized:
		return call.ErrTokenRefused
	case http.StatusForbidden:
		return fmt.Errorf("%w: status 403", call.ErrRefused)
	case http.StatusNotFound:
		return fmt.Errorf("%w: %w", call.ErrNoSuchRoom, errNoSuchPath)
	case http.StatusTooManyRequests:
		return call.ErrTooManyTries
	case http.StatusInternalServerError:
		if strings.Contains(string(body), "connection closed by media") {
			return call.ErrRoomFull
		}
		return fmt.Errorf("%w: status 500", call.ErrRefused)
	case http.StatusServiceUnavailable:
		return fmt.Errorf("%w: it is at its limit", call.ErrRefused)
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return fmt.Errorf("%w: status %d", call.ErrUnreachable, status)
	case http.StatusBadRequest:
		return fmt.Errorf("%w: status 400", call.ErrRefused)
	default:
		return fmt.Errorf("%w: status %d", call.ErrServerGarbage, status)
	}
}
