//go:build linux

package attack_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/internal/attack"
)

// outsideAttacks come from who has no invitation.
func outsideAttacks() []attempt {
	return []attempt{
		{"slow headers", outsider, "hold 200 connections with a byte a second", slowHeaders},
		{"slow bodies", outsider, "hold 100 joins whose body does not come", slowBodies},
		{"700 idle connections", outsider, "take all that one address may have", idle},
		{"half handshakes", outsider, "begin TLS and wait", halfHandshakes},
		{"no TLS at all", outsider, "send noise instead of a handshake", noTLS},
		{"old TLS", outsider, "speak TLS 1.2", oldTLS},
		{"large headers", outsider, "send 10 MB of them", largeHeaders},
		{"pipelined requests", outsider, "ask 20,000 times and read nothing", pipelined},
		{"two lengths", outsider, "smuggle a request past the door", smuggled},
		{"HTTP/2", outsider, "speak a protocol with other limits", http2Preface},
		{"odd paths", outsider, "reach LiveKit past the door's checks", oddPaths},
		{"paths of the page", outsider, "read files of the server by the page for browsers", pagePaths},
		{"flood of the page", outsider, "let the door send its files again and again", pageFlood},
		{"API without a key", outsider, "rule rooms without a key", withoutKey},
		{"wrong admin keys", outsider, "lock the host out by wrong tries from the same address", wrongKeys},
		{"wrong secrets", outsider, "lock guests out by wrong tries from the same address", wrongSecrets},
		{"guessed invitations", outsider, "find a secret by trying", guessed},
		{"gzip bomb as a body", outsider, "let the door unpack it", gzipBody},
		{"nested JSON as a body", outsider, "overflow a parser's stack", nestedBody},
		{"body of 100 MB", outsider, "fill the memory before the secret is looked at", largeBody},
	}
}

// hold opens connections at once, and returns those that were taken.
func (s *stage) hold(n int, open func() (net.Conn, error)) []net.Conn {
	var mu sync.Mutex
	var all []net.Conn
	var group sync.WaitGroup
	slots := make(chan struct{}, 32)
	for range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			conn, err := open()
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, conn)
		})
	}
	group.Wait()
	s.later(func() {
		for _, c := range all {
			_ = c.Close()
		}
	})
	return all
}

// ended counts the connections that the server has ended within a time.
func ended(all []net.Conn, limit time.Duration) int {
	var n atomic.Int64
	var group sync.WaitGroup
	deadline := time.Now().Add(limit)
	for _, c := range all {
		group.Go(func() {
			_ = c.SetReadDeadline(deadline)
			_, err := io.Copy(io.Discard, c)
			var late net.Error
			if !errors.As(err, &late) || !late.Timeout() {
				n.Add(1)
			}
		})
	}
	group.Wait()
	return int(n.Load())
}

func (s *stage) tls() (net.Conn, error) { return s.door.DialTLS(s.ctx) }
func (s *stage) tcp() (net.Conn, error) { return s.door.Dial(s.ctx) }

// allEnd checks that the server ends all of them by itself.
func allEnd(all []net.Conn, limit time.Duration) (string, error) {
	if n := ended(all, limit); n < len(all) {
		return "", reached("%d of %d connections are open after %v", len(all)-n, len(all), limit)
	}
	return fmt.Sprintf("all %d ended", len(all)), nil
}

func slowHeaders(s *stage) (string, error) {
	all := s.hold(many(100, 400), func() (net.Conn, error) {
		conn, err := s.tls()
		if err == nil {
			_, err = io.WriteString(conn, "GET /foyer/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		}
		return conn, err
	})
	drip, stop := context.WithCancel(s.ctx)
	defer stop()
	go func() {
		_ = every(drip, time.Second, 60, func(int) error {
			for _, c := range all {
				_, _ = io.WriteString(c, "x")
			}
			return nil
		})
	}()
	return allEnd(all, 10*time.Second)
}

func slowBodies(s *stage) (string, error) {
	all := s.hold(many(50, 200), func() (net.Conn, error) {
		conn, err := s.tls()
		if err == nil {
			_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", doorapi.JoinPath)
		}
		return conn, err
	})
	return allEnd(all, 25*time.Second)
}

func idle(s *stage) (string, error) {
	all := s.hold(700, s.tcp)
	open := len(all) - ended(all, 500*time.Millisecond)
	if open > 512 {
		return "", reached("%d connections of one address", open)
	}
	// Others come in meanwhile.
	if a, err := s.host().Request(s.ctx, http.MethodGet, "/foyer/v1/health", "", nil); err != nil || !a.In() {
		return "", reached("others are not answered: %v %v", a, err)
	}
	return fmt.Sprintf("%d open at a time, others are answered", open), nil
}

// hello is a ClientHello, as crypto/tls writes it.
func hello() []byte {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go func() {
		_ = tls.Client(theirs, &tls.Config{ServerName: "foyer", MinVersion: tls.VersionTLS13}).Handshake()
	}() // fails with the pipe
	raw := make([]byte, 4096)
	n, _ := ours.Read(raw) // one write
	return raw[:n]
}

func halfHandshakes(s *stage) (string, error) {
	first := hello()
	all := s.hold(many(400, 5000), func() (net.Conn, error) {
		conn, err := s.tcp()
		if err == nil {
			_, err = conn.Write(first)
		}
		return conn, err
	})
	return allEnd(all, 12*time.Second)
}

func noTLS(s *stage) (string, error) {
	all := s.hold(many(200, 2000), func() (net.Conn, error) {
		conn, err := s.tcp()
		if err == nil {
			raw := make([]byte, 4096)
			_, _ = rand.Read(raw) // never fails
			_, _ = conn.Write(append([]byte("GET / HTTP/1.1\r\n\r\n"), raw...))
		}
		return conn, err
	})
	return allEnd(all, 10*time.Second)
}

func oldTLS(s *stage) (string, error) {
	conn, err := s.tcp()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	old := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}) //nolint:gosec // an attacker's
	if err := old.HandshakeContext(s.ctx); err == nil {
		return "", reached("TLS 1.2")
	}
	return "refused", nil
}

func largeHeaders(s *stage) (string, error) {
	conn, err := s.tls()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(cutLimit))
	_, _ = io.WriteString(conn, "GET /foyer/v1/health HTTP/1.1\r\nHost: x\r\n")
	line := []byte("X-Large: " + strings.Repeat("x", 10_000) + "\r\n")
	for range 1000 {
		if _, err := conn.Write(line); err != nil {
			break
		}
	}
	reply, _ := io.ReadAll(io.LimitReader(conn, 1<<16)) // reset by the server, perhaps
	status, _, _ := strings.Cut(string(reply), "\r\n")
	if strings.Contains(status, " 200 ") {
		return "", reached(status)
	}
	return "answered with " + orNothing(status), nil
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func pipelined(s *stage) (string, error) {
	conn, err := s.tls()
	if err != nil {
		return "", err
	}
	s.later(func() { _ = conn.Close() })
	_ = conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
	block := bytes.Repeat([]byte("GET /foyer/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"), 1000)
	sent := 0
	for range many(20, 200) {
		n, err := conn.Write(block)
		sent += n
		if err != nil {
			break
		}
	}
	return fmt.Sprintf("%d kB taken", sent>>10), nil
}

// raw sends bytes over TLS and returns what comes within a moment.
func (s *stage) raw(request string) (string, error) {
	conn, err := s.tls()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(1500 * time.Millisecond))
	if _, err := io.WriteString(conn, request); err != nil {
		return "", nil
	}
	reply, _ := io.ReadAll(io.LimitReader(conn, 1<<16)) // until the deadline
	return string(reply), nil
}

func smuggled(s *stage) (string, error) {
	const inner = "GET /rtc/validate HTTP/1.1\r\nHost: x\r\nX-Smuggled: 1\r\n\r\n"
	path := doorapi.JoinPath
	requests := []string{
		fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s", path, 5+len(inner), inner),
		fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n%s", path, inner),
		fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n%s", path, inner),
		fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: %d\r\n\r\n%s", path, len(inner), inner),
		fmt.Sprintf("GET /rtc HTTP/1.1\r\nHost: x\r\nConnection: Authorization, Upgrade\r\nUpgrade: websocket\r\nContent-Length: %d\r\n\r\n%s", len(inner), inner),
	}
	for _, r := range requests {
		reply, err := s.raw(r)
		if err != nil {
			return "", err
		}
		if strings.Contains(reply, " 101 ") || strings.Contains(reply, " 200 ") {
			return "", reached("%.200q", reply)
		}
	}
	return fmt.Sprintf("%d forms, nothing gets through", len(requests)), nil
}

func http2Preface(s *stage) (string, error) {
	reply, err := s.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	if err != nil {
		return "", err
	}
	conn, err := s.tcp()
	if err != nil {
		return "", err
	}
	defer conn.Close()
	c := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // an attacker's
	if err := c.HandshakeContext(s.ctx); err == nil && c.ConnectionState().NegotiatedProtocol == "h2" {
		return "", reached("HTTP/2 is agreed")
	}
	status, _, _ := strings.Cut(reply, "\r\n")
	return "answered with " + orNothing(status), nil
}

// oddPaths lead to LiveKit's handlers, if anything takes them for what they are
// not. Without a token everything must be refused.
func oddPaths(s *stage) (string, error) {
	paths := []string{
		"/%72tc", "//rtc", "/rtc/", "/rtc/../rtc", "/./rtc", "/RTC", "/rtc;x", "/rtc%2fv1", "/rtc/v1/../../debug", "https://x/rtc",
		"/", "/debug", "/debug/pprof/", "/debug/rooms", "/metrics", "/agent", "/agent/", "/whip", "/whip/v1", "/validate",
		"/twirp/livekit.RoomService/ListRooms", "/twirp/livekit.Egress/ListEgress", "/twirp/livekit.Ingress/ListIngress",
		"/twirp/livekit.AgentDispatchService/ListDispatch", "/twirp/livekit.SIP/ListSIPTrunk", "/twirp/livekit.RoomService%2fListRooms",
		"/foyer/v1/../../rtc", "/foyer/v1//join", "/foyer/v1/rooms", "/foyer/v1/invitations", "/.well-known/", "/favicon.ico",
	}
	for _, path := range paths {
		for _, method := range []string{"GET", "POST", "CONNECT", "TRACE"} {
			conn, err := s.tls()
			if err != nil {
				return "", err
			}
			_ = conn.SetDeadline(time.Now().Add(cutLimit))
			_, _ = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", method, path)
			reply, _ := io.ReadAll(io.LimitReader(conn, 1<<16)) // what comes
			_ = conn.Close()
			line, _, _ := strings.Cut(string(reply), "\r\n")
			if strings.Contains(line, " 200 ") || strings.Contains(line, " 101 ") {
				return "", reached("%s %s: %s", method, path, line)
			}
		}
	}
	return fmt.Sprintf("%d paths, 4 methods: refused", len(paths)), nil
}

func withoutKey(s *stage) (string, error) {
	ops := []call.Operation{
		call.OpRooms, call.OpMembers, call.OpRemove, call.OpBan, call.OpUnban, call.OpBans, call.OpWithdraw, call.OpAllow,
		call.OpMute, call.OpUnmute, call.OpRole, call.OpRules, call.OpDismiss, call.OpChat, call.OpSay,
	}
	for _, op := range ops {
		if said, err := refused(s.door.Do(s.ctx, "", op, doorapi.RoomRequest{Room: hall}, nil)); err != nil {
			return said, fmt.Errorf("%s: %w", op, err)
		}
	}
	return fmt.Sprintf("%d operations refused", len(ops)), nil
}

func wrongKeys(s *stage) (string, error) {
	for n := range 40 {
		if said, err := refused(s.door.Do(s.ctx, fmt.Sprint("wrong", n), call.OpRooms, struct{}{}, nil)); err != nil {
			return said, err
		}
	}
	if err := s.door.Do(s.ctx, s.admin, call.OpRooms, struct{}{}, nil); err != nil {
		return "", reached("the right key is %v after 40 wrong ones from the same address", err)
	}
	return "40 refused, the right one is good", nil
}

func wrongSecrets(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	wrong := s.links[call.RoleParticipant]
	wrong.Secret = "wrong"
	for range 40 {
		_, err := s.door.Admit(s.ctx, p, wrong)
		if said, err := refused(err); err != nil {
			return said, err
		}
	}
	if _, err := s.door.Admit(s.ctx, p, s.links[call.RoleParticipant]); err != nil {
		return "", reached("a good guest is %v after 40 wrong secrets from the same address", err)
	}
	return "40 refused, the right one is good", nil
}

func guessed(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	limited, times := 0, many(300, 5000)
	for n := range times {
		wrong := s.links[call.RoleParticipant]
		wrong.Secret = fmt.Sprintf("%022d", n)
		_, err := s.door.Admit(s.ctx, p, wrong)
		said, err := refused(err)
		if err != nil {
			return said, err
		}
		if strings.Contains(said, string(doorapi.CodeTooManyTries)) {
			limited++
		}
	}
	if limited < times/2 {
		return "", reached("%d of %d tries were looked at", times-limited, times)
	}
	return fmt.Sprintf("%d of %d refused unseen", limited, times), nil
}

func gzipBody(s *stage) (string, error) {
	var small bytes.Buffer
	w := gzip.NewWriter(&small)
	for range 40 {
		_, _ = w.Write(make([]byte, 1<<20)) // into memory
	}
	_ = w.Close()
	client := s.door.Client()
	defer client.CloseIdleConnections()
	var last attack.Answer
	for _, path := range []string{doorapi.JoinPath, doorapi.APIPath + string(call.OpChat), "/twirp/livekit.RoomService/ListRooms"} {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.door.URL+path, bytes.NewReader(small.Bytes()))
		if err != nil {
			return "", err
		}
		req.Header.Set("Content-Encoding", "gzip")
		req.Header.Set("Content-Type", "application/json")
		if last, err = attack.Send(client, req); err != nil {
			return "", err
		}
		if last.In() {
			return "", reached("%s: %v", path, last)
		}
	}
	return fmt.Sprintf("%d kB refused, %v", small.Len()>>10, last), nil
}

func nestedBody(s *stage) (string, error) {
	body := []byte(strings.Repeat(`{"room":`, 7_000) + "1" + strings.Repeat("}", 7_000))
	var said string
	for _, path := range []string{doorapi.JoinPath, doorapi.APIPath + string(call.OpChat)} {
		for range many(20, 200) {
			a, err := s.door.Request(s.ctx, http.MethodPost, path, "", body)
			if err != nil {
				return "", err
			}
			if a.In() {
				return "", reached("%s: %v", path, a)
			}
			said = a.String()
		}
	}
	return "refused, " + said, nil
}

func largeBody(s *stage) (string, error) {
	sent := 0
	for _, path := range []string{doorapi.JoinPath, doorapi.APIPath + string(call.OpChat), "/foyer/v1/invitations", "/twirp/livekit.RoomService/ListRooms"} {
		conn, err := s.tls()
		if err != nil {
			return "", err
		}
		_ = conn.SetDeadline(time.Now().Add(cutLimit))
		_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", path, 100<<20)
		block := make([]byte, 64<<10)
		for range 1600 {
			n, err := conn.Write(block)
			sent += n
			if err != nil {
				break
			}
		}
		reply, _ := io.ReadAll(io.LimitReader(conn, 4096)) // reset by the server, perhaps
		_ = conn.Close()
		if strings.HasPrefix(string(reply), "HTTP/1.1 200") {
			return "", reached("%s took it", path)
		}
	}
	return fmt.Sprintf("cut after %d kB, of 4", sent>>10), nil
}
