//go:build linux

package host

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// serveWithFiles runs a server that may have so many files open.
func serveWithFiles(t *testing.T, files string) *testServer {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `ulimit -n "$1" && exec "$0" serve --listen 127.0.0.1:0 --data "$2"`, executable, files, t.TempDir())
	cmd.Env = append(os.Environ(), roleVariable+"="+roleServe)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // its lifeline
		_ = cmd.Wait()
	})
	var ready map[string]string
	if err := json.NewDecoder(out).Decode(&ready); err != nil || ready["event"] != "ready" {
		t.Fatalf("not ready: %+v %v", ready, err)
	}
	return &testServer{t: t, Ready: Ready{URL: ready["url"], AdminKeyFile: ready["admin_key_file"]}}
}

// TestHalfOpenHandshakesKeepNobodyOut: a server with 256 files, and one address
// that opens 400 connections and says nothing.
func TestHalfOpenHandshakesKeepNobodyOut(t *testing.T) {
	s := serveWithFiles(t, "256")
	link := s.invite(nil)
	s.Fingerprint = hexOf(link.Fingerprint[:])
	address := strings.TrimPrefix(s.URL, "https://")
	attacker := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: waitTimeout}
	for range 400 {
		conn, err := attacker.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	for _, id := range []string{"anna", "ben", "carl"} {
		began := time.Now()
		answer, refusal, status := s.join(newGuest(t, id).request(t, link))
		if status != http.StatusOK {
			t.Fatalf("%s: %d %+v", id, status, refusal)
		}
		w, _ := s.mustDial(answer.Token)
		if !w.answers() {
			t.Errorf("no answer to %s", id)
		}
		t.Logf("%s is in after %v", id, time.Since(began))
	}
}
