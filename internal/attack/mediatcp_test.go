//go:build linux

package attack_test

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"foyer/engine/call"
	"foyer/internal/attack"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// mediaTCPAttacks are on the connections that media may have, by those who were let
// in, too.
func mediaTCPAttacks() []attempt {
	return []attempt{
		{"256 descriptors, media port", outsider, "keep everybody out with 400 silent connections for media", fewMediaDescriptors},
		{"guesses over TCP", outsider, "cost memory and goroutines with 1000 names that nobody has", guessesOverTCP},
		{"media connections without an end", participant, "hold 300 with one's own password", ownConnections},
		{"sources of one guest", participant, "be a new address with every check, with one's own password", ownSources},
	}
}

// mostMedia is how many connections for media one guest may hold.
const mostMedia = 8

// mediaAddress is the server's TCP port for media.
func (s *stage) mediaAddress() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.media)) }

// dialMedia connects to a port for media from the attacker's address.
func (s *stage) dialMedia(address string) (net.Conn, error) {
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: s.door.From}, Timeout: testenv.Limit}
	return from.DialContext(s.ctx, "tcp", address)
}

// fewMediaDescriptors takes all that a server of its own has, and looks whether guests
// have media over TCP meanwhile, by both ports.
func fewMediaDescriptors(s *stage) (string, error) {
	media, err := drive.FreePort()
	if err != nil {
		return "", err
	}
	few, err := s.limited(256, "--media-port", strconv.Itoa(media))
	if err != nil {
		return "", err
	}
	text, err := few.InviteWith(s.ctx, hall, "--role", string(call.RoleParticipant))
	if err != nil {
		return "", err
	}
	link, err := call.ParseLink(text)
	if err != nil {
		return "", err
	}
	own := net.JoinHostPort("127.0.0.1", strconv.Itoa(media))
	all := s.hold(400, func() (net.Conn, error) { return s.dialMedia(own) })
	other, began := attack.Door{URL: few.URL}, time.Now()
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	g, err := other.Come(s.ctx, p, link)
	if err != nil {
		return "", reached("nobody comes in while %d connections are open: %v", len(all), err)
	}
	s.later(g.Leave)
	if err := g.Media(s.ctx); err != nil {
		return "", reached("nobody has media while %d connections are open: %v", len(all), err)
	}
	took := time.Since(began)
	name, err := g.Credentials()
	if err != nil {
		return "", err
	}
	for _, at := range []string{own, other.Host()} {
		conn, err := net.DialTimeout("tcp", at, testenv.Limit)
		if err != nil {
			return "", reached("%s: %v", at, err)
		}
		ok := name.Proves(conn, 10*time.Second)
		_ = conn.Close()
		if !ok {
			return "", reached("no media over TCP at %s while %d connections are open", at, len(all))
		}
	}
	return fmt.Sprintf("%d silent connections, another is in after %.1f s", len(all), took.Seconds()), nil
}

// guessesOverTCP says the name of nobody on each connection.
func guessesOverTCP(s *stage) (string, error) {
	var n atomic.Int64
	times := many(1_000, 5_000)
	before, err := s.serving.look(s.ctx)
	if err != nil {
		return "", err
	}
	all := s.hold(times, func() (net.Conn, error) {
		conn, err := s.dialMedia(s.mediaAddress())
		if err == nil {
			err = attack.Guessed(int(n.Add(1))).SayCheck(conn)
		}
		return conn, err
	})
	now, err := s.serving.look(s.ctx)
	if err != nil {
		return "", err
	}
	if open := now.files - before.files; open > 160 { // of 128 that may wait, and what others open
		return "", reached("%d of %d connections of one address are open", open, times)
	}
	if open := len(all) - ended(all, 8*time.Second); open > 0 {
		return "", reached("%d of %d connections are open after 8 s", open, times)
	}
	return fmt.Sprintf("%d connections, all ended", times), nil
}

// ownConnections proves to be a participant on each, at one port after the other.
func ownConnections(s *stage) (string, error) {
	said := ""
	for _, at := range []string{s.mediaAddress(), s.door.Host()} {
		g, _, err := s.sender()
		if err != nil {
			return "", err
		}
		name, err := g.Credentials()
		if err != nil {
			return "", err
		}
		proved := atomic.Int64{}
		all := s.hold(300, func() (net.Conn, error) {
			conn, err := s.dialMedia(at)
			if err == nil && name.Proves(conn, 5*time.Second) {
				proved.Add(1)
			}
			return conn, err
		})
		if proved.Load() == 0 {
			return "", errors.New("no media over TCP at " + at)
		}
		if open := len(all) - ended(all, time.Second); open > mostMedia {
			return "", reached("%d connections are open at %s", open, at)
		}
		one, err := s.goesOn(g)
		if err != nil {
			return "", err
		}
		said += fmt.Sprintf("%d answered, %s; ", proved.Load(), one)
	}
	return said + "at both ports", nil
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
		if err := s.checkFrom(n, name); err != nil {
			return "", err
		}
	}
	if err := g.AwaitCut(s.ctx, 10*time.Second); err != nil {
		return "", reached("the server keeps %d addresses of one guest: %v", times, err)
	}
	return fmt.Sprintf("%s, %d addresses", cutText(g, 0), times), nil
}

// checkFrom proves to be somebody at the n-th address.
func (s *stage) checkFrom(n int, name attack.Credentials) error {
	check, err := name.Check()
	if err != nil {
		return err
	}
	from, to := &net.UDPAddr{IP: net.IPv4(127, 2, byte(n>>8), byte(n))}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.media}
	conn, err := net.DialUDP("udp4", from, to)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write(check)
	return err
}
