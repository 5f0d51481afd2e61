//go:build unix

package drive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Redis is a Redis server of ours, on loopback, which keeps nothing.
type Redis struct{ *daemon }

// StartRedis starts a server.
func StartRedis(ctx context.Context) (*Redis, error) {
	if err := Need("redis-server"); err != nil {
		return nil, err
	}
	d, err := newDaemon("redis", "", syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	r := &Redis{d}
	if err := r.Start(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Start starts the server again, empty.
func (r *Redis) Start(ctx context.Context) error {
	return r.run(ctx, r.answers, "redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(r.port),
		"--save", "", "--appendonly", "no", "--dir", r.dir)
}

// Address is host:port.
func (r *Redis) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port)) }

// answers asks for a PONG (redis.io, RESP: inline commands).
func (r *Redis) answers(ctx context.Context) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", r.Address())
	if err != nil {
		return false
	}
	defer conn.Close()
	if conn.SetDeadline(time.Now().Add(time.Second)) != nil {
		return false
	}
	if _, err := fmt.Fprint(conn, "PING\r\n"); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && strings.TrimSpace(line) == "+PONG"
}
