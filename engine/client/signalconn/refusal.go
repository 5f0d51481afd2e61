package signalconn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorclient"
)

// public is the TLS configuration for a plain LiveKit link.
func public() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12} }

// ErrNoSuchPath marks a 404, which means an old server or a missing room.
var ErrNoSuchPath = errors.New("path or room not found")

// statusError reads a refusal of the websocket upgrade: the door's own JSON, or
// LiveKit's status and text (livekit-server, pkg/service/rtcservice.go).
func statusError(status int, body []byte) error {
	if refusal, ok := doorclient.ReadRefusal(body); ok {
		return refusal.ErrAt(time.Now())
	}
	switch status {
	case http.StatusUnauthorized:
		return call.ErrTokenRefused
	case http.StatusForbidden:
		return fmt.Errorf("%w: status 403", call.ErrRefused)
	case http.StatusNotFound:
		return fmt.Errorf("%w: %w", call.ErrNoSuchRoom, ErrNoSuchPath)
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
