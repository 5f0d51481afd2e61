//go:build linux

package attack_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/stun/v3"
)

// mediaPortAttacks come over UDP, from who was never let in.
func mediaPortAttacks() []attempt {
	return []attempt{
		{"noise on the media port", outsider, "keep it from its work", datagrams(20_000, 500_000, noiseDatagram)},
		{"flood of STUN", outsider, "guess who is connected", datagrams(10_000, 200_000, stunDatagram)},
		{"flood of DTLS", outsider, "begin handshakes that never end", datagrams(10_000, 200_000, dtlsDatagram)},
		{"foreign sound", outsider, "be heard without being in the room", datagrams(10_000, 200_000, rtpDatagram)},
		{"empty and huge datagrams", outsider, "find a length that stops a parser", datagrams(5_000, 50_000, oddDatagram)},
		{"many sources", outsider, "be a new address with every packet", manySources},
	}
}

// datagrams sends them from one socket as fast as they go, with a short rest
// now and then: a socket's buffer that overflows harms nobody.
func datagrams(few, often int, make func(n int) []byte) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: s.door.From}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.media})
		if err != nil {
			return "", err
		}
		defer conn.Close()
		times, refused := many(few, often), 0
		const burst = 250
		if err := every(s.ctx, 10*time.Millisecond, times/burst, func(n int) error {
			for k := range burst {
				if _, err := conn.Write(make(n*burst + k)); err != nil {
					refused++ // ECONNREFUSED, if the port is closed
				}
			}
			return nil
		}); err != nil {
			return "", err
		}
		if refused > 0 {
			return "", fmt.Errorf("the media port is closed: %d of %d", refused, times)
		}
		return fmt.Sprintf("%d datagrams", times), s.stats(2)
	}
}

func noiseDatagram(n int) []byte {
	raw := make([]byte, 20+n%1200)
	_, _ = rand.Read(raw) // never fails
	return raw
}

func stunDatagram(n int) []byte {
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest,
		stun.NewUsername(fmt.Sprintf("ufrag%d:other%d", n, n)), stun.NewShortTermIntegrity("guessed"), stun.Fingerprint)
	if err != nil {
		return nil
	}
	return m.Raw
}

// dtlsDatagram begins a ClientHello of DTLS 1.2 (RFC 6347, section 4.1).
func dtlsDatagram(n int) []byte {
	body := make([]byte, 200)
	_, _ = rand.Read(body) // never fails
	raw := []byte{22, 0xfe, 0xfd, 0, 0}
	raw = append(raw, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	raw = binary.BigEndian.AppendUint16(raw, uint16(12+len(body)))
	raw = append(raw, 1, 0, 0, byte(len(body)), 0, 0, 0, 0, 0, 0, 0, byte(len(body)))
	return append(raw, body...)
}

func rtpDatagram(n int) []byte {
	p := rtp.Packet{Payload: opus(n), Header: rtp.Header{
		Version: 2, PayloadType: 111, SSRC: uint32(n % 50), SequenceNumber: uint16(n), Timestamp: uint32(960 * n),
	}}
	raw, err := p.Marshal()
	if err != nil {
		return nil
	}
	return raw
}

func oddDatagram(n int) []byte {
	switch n % 4 {
	case 0:
		return nil
	case 1:
		return make([]byte, 65_000)
	case 2:
		return []byte{0}
	default: // a STUN message that says it is longer than it is
		return []byte{0, 1, 0xff, 0xfc, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	}
}

func manySources(s *stage) (string, error) {
	times := many(2_000, 20_000)
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.media}
	for n := range times {
		conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 1, byte(n>>8), byte(n))}, to)
		if err != nil {
			return "", err
		}
		_, err = conn.Write(stunDatagram(n))
		_ = conn.Close()
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d addresses", times), s.stats(2)
}
