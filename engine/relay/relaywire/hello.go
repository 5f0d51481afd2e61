package relaywire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/netip"
	"time"

	"github.com/hashicorp/yamux"
)

// ALPN is the protocol that both ask for in TLS.
const ALPN = "foyer-relay/1"

const (
	maxLine  = 512 // bytes of a Hello or a Welcome
	maxGuest = 64  // bytes of an address
	// MaxID is the length of a server's name for itself.
	MaxID = 64
)

// Hello is what a server says first, as a line of JSON.
type Hello struct {
	Key string `json:"key"`
	// ID is a secret of the server's own, by which it gets the same port again.
	ID string `json:"id"`
	// Port is what it had the last time; 0: it had none.
	Port int `json:"port,omitempty"`
}

// Welcome answers, as a line of JSON.
type Welcome struct {
	// Port is where guests reach the server, by TCP and UDP.
	Port int `json:"port,omitempty"`
	// Session names this connection in datagrams.
	Session uint64 `json:"session,omitempty"`
	Refusal string `json:"refusal,omitempty"` // one of those below; empty: none
}

// Refusals of a relay.
const (
	RefusedKey  = "key"  // the relay does not know it
	RefusedFull = "full" // it has as many servers as it may
)

// WriteLine writes a Hello or a Welcome.
func WriteLine(w io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// ReadLine reads one, and no byte of what follows.
func ReadLine(r io.Reader, v any) error {
	line, one := make([]byte, 0, maxLine), make([]byte, 1)
	for len(line) < maxLine {
		if _, err := io.ReadFull(r, one); err != nil {
			return err
		}
		if one[0] == '\n' {
			return json.Unmarshal(line, v)
		}
		line = append(line, one[0])
	}
	return errors.New("a line that does not end")
}

// WriteGuest begins a stream: the address from which a guest has come.
func WriteGuest(w io.Writer, guest netip.AddrPort) error {
	text := guest.String()
	if len(text) > maxGuest {
		return fmt.Errorf("an address of %d bytes", len(text))
	}
	_, err := w.Write(append([]byte{byte(len(text))}, text...))
	return err
}

// ReadGuest reads that.
func ReadGuest(r io.Reader) (netip.AddrPort, error) {
	var size [1]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return netip.AddrPort{}, err
	}
	if size[0] > maxGuest {
		return netip.AddrPort{}, fmt.Errorf("an address of %d bytes", size[0])
	}
	text := make([]byte, size[0])
	if _, err := io.ReadFull(r, text); err != nil {
		return netip.AddrPort{}, err
	}
	return netip.ParseAddrPort(string(text))
}

// Limits of the streams of one server.
const (
	aliveEvery    = 10 * time.Second
	writeTimeout  = 10 * time.Second
	acceptBacklog = 64
	closeTimeout  = 30 * time.Second // for the other end's answer to an end
)

// Streams are the settings of both ends. Each end keeps a window of 256 KiB of a stream
// at most, which is yamux's smallest.
func Streams() *yamux.Config {
	c := yamux.DefaultConfig()
	c.AcceptBacklog = acceptBacklog
	c.KeepAliveInterval = aliveEvery
	c.ConnectionWriteTimeout = writeTimeout
	c.StreamCloseTimeout = closeTimeout
	c.LogOutput = nil
	c.Logger = log.New(io.Discard, "", 0)
	return c
}
