package drive

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports of servers. The system gives those from 32768 on to whoever connects
// (Linux, ip_local_port_range): such a port may be somebody else's when a server
// that was stopped comes back to it.
const (
	firstPort = 20_000
	lastPort  = 32_000
)

// FreePort finds a port that nobody has at the moment, for TCP on loopback and for
// UDP.
func FreePort() (int, error) {
	const tries = 100
	var err error
	for range tries {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if err = isFree(port); err == nil {
			return port, nil
		}
	}
	return 0, err
}

func isFree(port int) error {
	tcp, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	udp, err := net.ListenUDP("udp", &net.UDPAddr{Port: port})
	if err != nil {
		return errors.Join(err, tcp.Close())
	}
	return errors.Join(tcp.Close(), udp.Close())
}
