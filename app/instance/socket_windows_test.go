package instance

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"foyer/engine/call"
)

// What a crash leaves behind: an address where nobody listens.
func TestStaleAddressIsTakenOver(t *testing.T) {
	dir := folder(t)
	if err := os.WriteFile(filepath.Join(dir, lockName), []byte("127.0.0.1:1 secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	window(t, dir, func(_ context.Context, link string) bool {
		got <- link
		return true
	})
	if _, err := Claim(t.Context(), opened(t, dir), "foyer://a"); !errors.Is(err, ErrHandedOver) || <-got != "foyer://a" {
		t.Error(err)
	}
}

// A note that is none of ours leads nowhere, least of all to another computer.
func TestNoteOfAnotherProgram(t *testing.T) {
	for _, note := range []string{"", "foyer", "192.0.2.1:80 secret", "localhost:80", `\\192.0.2.1\pipe`} {
		if _, err := dial(t.Context(), note); !errors.Is(err, errNobody) {
			t.Errorf("%q: %v", note, err)
		}
	}
}

// Other users of the computer can connect. Without the secret, the window hears nothing.
func TestStrangersAreNotHeard(t *testing.T) {
	dir := folder(t)
	window(t, dir, func(_ context.Context, link string) bool {
		t.Errorf("a stranger was heard: %q", link)
		return true
	})
	note, err := opened(t, dir).Note(lockName)
	if err != nil {
		t.Fatal(err)
	}
	address, secret, _ := strings.Cut(note, " ")
	for _, say := range []string{"", "foyer://a", secret[:20], strings.Repeat("x", len(secret)) + "foyer://a", strings.Repeat("x", call.MaxPasted)} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, say) // the window may have hung up
		_ = conn.(*net.TCPConn).CloseWrite()
		if answer, _ := io.ReadAll(conn); len(answer) > 0 {
			t.Errorf("%.20q is answered with %q", say, answer)
		}
		_ = conn.Close()
	}
}
