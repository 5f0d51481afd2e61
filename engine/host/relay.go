package host

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/host/relayed"
)

const relayPortFile = "relay-port"

// checkRelay reads the link of the relay.
func (s *settings) checkRelay() error {
	if s.Relay == "" {
		return nil
	}
	if s.LiveKitURL != "" {
		return fmt.Errorf("%w: a relay, and another server has the media", call.ErrServerConfig)
	}
	link, err := reach.ParseRelayLink(s.Relay)
	if err != nil {
		return fmt.Errorf("%w: %w", call.ErrServerConfig, err) // which does not quote it
	}
	s.relay = &link
	return nil
}

// newLine makes the line to the relay, which is not dialled yet.
func (s *Server) newLine(data *folder, media *mediaServer, changed func(reach.Relay)) *relayed.Line {
	mac := hmac.New(sha256.New, []byte(data.admin.Key))
	mac.Write([]byte("relay " + s.relay.Host)) // never fails (hash.Hash)
	return relayed.New(relayed.Config{
		Link: *s.relay, ID: base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), Port: int(data.readPort(relayPortFile)),
		Keep: func(port int) {
			s.logError("keep the port at the relay", data.write(relayPortFile, []byte(strconv.Itoa(port)+"\n")))
		},
		Media:   func() netip.AddrPort { return netip.AddrPortFrom(s.local(), uint16(media.ports().UDP)) },
		Changed: changed, Log: s.Log.WithField("part", "relay"),
	})
}
