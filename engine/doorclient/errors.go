package doorclient

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

// ErrNobodyListens marks refused connections, which shorten the reconnecting.
var ErrNobodyListens = errors.New("nobody listens there")

// ConnectError sorts what can go wrong between two computers into the errors of
// package call. What it does not know is something that was answered and could
// not be read.
func ConnectError(err error) error {
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	switch {
	case err == nil, IsCallError(err):
		return err
	case is[x509.UnknownAuthorityError](err), is[x509.HostnameError](err), is[x509.CertificateInvalidError](err):
		return fmt.Errorf("%w: %v", call.ErrUntrusted, err)
	case is[tls.RecordHeaderError](err), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return fmt.Errorf("%w: no TLS", call.ErrServerGarbage)
	case ok && timeout.Timeout():
		return fmt.Errorf("%w: %v", call.ErrServerSilent, innermost(err))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: %w", call.ErrUnreachable, ErrNobodyListens)
	case is[*net.DNSError](err), is[*net.OpError](err), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET),
		strings.Contains(err.Error(), "server closed idle connection"): // net/http's, which it does not export
		return fmt.Errorf("%w: %v", call.ErrUnreachable, innermost(err))
	default:
		return fmt.Errorf("%w: %v", call.ErrServerGarbage, innermost(err))
	}
}

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

// isVerdict reports whether the door says that we were removed.
func isVerdict(err error) bool {
	return is[*call.BannedError](err) || is[*call.PutOutError](err)
}

// is reports whether err is, or wraps, an E.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// IsCallError reports whether an error is already in the program's own words.
func IsCallError(err error) bool {
	if isVerdict(err) {
		return true
	}
	for _, known := range []error{
		call.ErrForeignKey, call.ErrWrongServer, call.ErrUntrusted,
		call.ErrServerGarbage, call.ErrServerSilent, call.ErrUnreachable, call.ErrRefused,
		call.ErrTokenRefused, call.ErrNoSuchRoom, call.ErrRoomFull, call.ErrRoomLocked, call.ErrInviteRefused,
		call.ErrWaiting, call.ErrUnanswered, call.ErrWaitingFull,
		call.ErrInviteExpired, call.ErrIdentityTaken, call.ErrTooManyTries,
		call.ErrTooManyGuests, call.ErrBadArgument, call.ErrLinkInsecure,
		call.ErrAlreadyHere, call.ErrManyIdentities, call.ErrClock, call.ErrJoinUsed, call.ErrCutOff,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// MaxWebSocketRefusal is what a websocket client keeps of a refusal, in bytes
// (gorilla/websocket, client.go).
const MaxWebSocketRefusal = 1024

// ReadRefusal reads a door's refusal. A websocket client sees the first KiB of
// it alone: then its last part, the text, is cut.
func ReadRefusal(body []byte) (doorapi.Error, bool) {
	var refusal doorapi.Error
	if json.Unmarshal(body, &refusal) == nil {
		return refusal, refusal.Code != ""
	}
	if len(body) < MaxWebSocketRefusal {
		return doorapi.Error{}, false
	}
	// The cut may be within an escape; two \uXXXX of a pair are the longest.
	const longestEscape = 12
	whole := strings.ToValidUTF8(string(body), "")
	for cut := range min(longestEscape, len(whole)) {
		if json.Unmarshal([]byte(whole[:len(whole)-cut]+`…"}`), &refusal) == nil {
			return refusal, refusal.Code != ""
		}
	}
	return doorapi.Error{}, false
}
