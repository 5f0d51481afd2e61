//go:build linux

package attack_test

import (
	"fmt"
	"net"
	"time"

	"foyer/internal/attack"
)

// mediaTCPAttacks are on the connections that media may have, by those who were let
// in, too.
func mediaTCPAttacks() []attempt {
	return []attempt{
		{"sources of one guest", participant, "be a new address with every check, with one's own password", ownSources},
	}
}

// ownSources proves to be a participant at each address.
func ownSources(s *stage) (string, error) {
	g, _, err := s.sender()
	if err != nil {
		return "", err
	}
	name, err := g.Credentials()
	if err != nil {
		return "", err
	}
	times := many(3_000, 60_000)
	for n := range times {
		conn, err := s.checkFrom(n, name)
		if err != nil {
			return "", err
		}
		_ = conn.Close()
	}
	conn, err := s.checkFrom(times, name)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if conn.SetReadDeadline(time.Now().Add(5*time.Second)) == nil {
		if _, err := conn.Read(make([]byte, 100)); err == nil {
			return "", reached("the server knows %d addresses of one guest", times)
		}
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, %d addresses", said, times), err
}

// checkFrom proves to be somebody at the n-th address.
func (s *stage) checkFrom(n int, name attack.Credentials) (*net.UDPConn, error) {
	check, err := name.Check()
	if err != nil {
		return nil, err
	}
	from, to := &net.UDPAddr{IP: net.IPv4(127, 2, byte(n>>8), byte(n))}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.media}
	conn, err := net.DialUDP("udp4", from, to)
	if err != nil {
		return nil, err
	}
	_, err = conn.Write(check)
	return conn, err
}
