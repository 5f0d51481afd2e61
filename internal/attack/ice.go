package attack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v3"
	"github.com/pion/webrtc/v4"
)

// Credentials are those of one media connection: whoever has them is a participant.
type Credentials struct{ Server, Own, Password string }

var (
	iceName     = regexp.MustCompile(`(?m)^a=ice-ufrag:(\S+)`)
	icePassword = regexp.MustCompile(`(?m)^a=ice-pwd:(\S+)`)
)

// Credentials are the guest's, after Media.
func (g *Guest) Credentials() (Credentials, error) {
	pc := g.Peer()
	if pc == nil {
		return Credentials{}, errors.New("no connection for media")
	}
	find := func(what *regexp.Regexp, d *webrtc.SessionDescription) string {
		if d == nil {
			return ""
		}
		if found := what.FindStringSubmatch(d.SDP); found != nil {
			return found[1]
		}
		return ""
	}
	theirs := pc.RemoteDescription()
	c := Credentials{find(iceName, theirs), find(iceName, pc.LocalDescription()), find(icePassword, theirs)}
	if c.Server == "" || c.Own == "" || c.Password == "" {
		return c, fmt.Errorf("no ICE credentials in the descriptions: %q, %q", c.Server, c.Own)
	}
	return c, nil
}

// Guessed are credentials that nobody has.
func Guessed(n int) Credentials {
	return Credentials{fmt.Sprint("ufrag", n), fmt.Sprint("other", n), "guessed"}
}

// Check is one of ICE (RFC 8445) as a datagram.
func (c Credentials) Check() ([]byte, error) {
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Server+":"+c.Own),
		ice.PriorityAttr(1<<24), ice.AttrControlling(1), stun.NewShortTermIntegrity(c.Password), stun.Fingerprint)
	if err != nil {
		return nil, err
	}
	return m.Raw, nil
}

// SayCheck sends a check over TCP (RFC 4571).
func (c Credentials) SayCheck(conn net.Conn) error {
	raw, err := c.Check()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(raw))), raw...))
	return err
}

// Proves reports whether the server answers a check over TCP.
func (c Credentials) Proves(conn net.Conn, limit time.Duration) bool {
	if c.SayCheck(conn) != nil || conn.SetReadDeadline(time.Now().Add(limit)) != nil {
		return false
	}
	_, err := io.ReadFull(conn, make([]byte, 2))
	return err == nil
}
