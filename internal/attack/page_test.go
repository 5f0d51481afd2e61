//go:build linux

package attack_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"foyer/internal/attack"
)

// pagePaths asks below the page for what is none of its files.
func pagePaths(s *stage) (string, error) {
	paths := []string{
		"/j/../admin-key.json", "/j/%2e%2e/admin-key.json", "/j/..%2fadmin-key.json", `/j/..\admin-key.json`, "/j//etc/passwd",
		"/j/%00", "/j/files/", "/j/words/", "/j/page.go", "/j/../rtc", "/j/%2e%2e%2frtc%2fv1",
	}
	for _, path := range paths {
		conn, err := s.tls()
		if err != nil {
			return "", err
		}
		_ = conn.SetDeadline(time.Now().Add(cutLimit))
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
		reply, _ := io.ReadAll(io.LimitReader(conn, 1<<16)) // what comes
		_ = conn.Close()
		line, _, _ := strings.Cut(string(reply), "\r\n")
		if strings.Contains(line, " 200 ") || strings.Contains(line, " 101 ") {
			return "", reached("%s: %s", path, line)
		}
	}
	huge, err := s.door.Request(s.ctx, http.MethodGet, "/j/?"+strings.Repeat("x=1&", 30_000), "", nil)
	if err != nil || huge.Status != http.StatusOK {
		return "", reached("a query of 120 kB: %v, %v", huge, err)
	}
	return fmt.Sprintf("%d paths: nothing of the server", len(paths)), nil
}

// pageFlood asks for a file again and again, packed.
func pageFlood(s *stage) (string, error) {
	var served, refused atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			client := s.door.Client()
			defer client.CloseIdleConnections()
			for range many(300, 3000) {
				r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.door.URL+"/j/main.js", nil)
				if err != nil {
					return
				}
				r.Header.Set("Accept-Encoding", "gzip")
				switch a, err := attack.Send(client, r); {
				case err != nil:
				case a.Status == http.StatusOK:
					served.Add(1)
				case a.Status == http.StatusTooManyRequests:
					refused.Add(1)
				}
			}
		})
	}
	group.Wait()
	if refused.Load() == 0 {
		return "", reached("%d answers, and no refusal", served.Load())
	}
	a, err := s.host().Request(s.ctx, http.MethodGet, "/j/", "", nil)
	if err != nil || a.Status != http.StatusOK {
		return "", reached("others do not get the page: %v, %v", a, err)
	}
	return fmt.Sprintf("%d answered, %d refused, others are answered", served.Load(), refused.Load()), nil
}
