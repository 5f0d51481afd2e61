package host

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"foyer/engine/call/reach"
	"foyer/engine/host/limits"
	"foyer/internal/testenv"
)

// check is one of ICE by somebody who guesses a participant's name and password.
func check(t *testing.T, ufrag string) []byte {
	t.Helper()
	m, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(ufrag+":us"),
		stun.NewShortTermIntegrity("a password that is a guess"), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(m.Raw))), m.Raw...)
}

// TestStrangersOnTheDoorsPort: the door tells its guests that it takes media on its
// own port. A stranger gets nothing there that the media server's own port would not
// give: no byte, whatever they begin with, and a place for some seconds.
func TestStrangersOnTheDoorsPort(t *testing.T) {
	t.Parallel()
	media := testenv.FreePort(t)
	s := startServer(t, func(c *Config) { c.Listen, c.MediaPort = ":0", media })
	answer, refusal, status := s.join(newGuest(t, "ann").request(t, s.invite(nil)))
	if want := (reach.Ports{UDP: media, TCP: media, Door: true}); status != http.StatusOK || answer.Media != want {
		t.Fatalf("status %d, %+v, media %+v", status, refusal, answer.Media)
	}
	door := strings.TrimPrefix(s.URL, "https://")
	own := net.JoinHostPort("127.0.0.1", strconv.Itoa(media))
	junk := make([]byte, 600)
	for name, says := range map[string][]byte{
		"a guess": check(t, "guess"), "many guesses": bytesTimes(check(t, "guess"), 200), "an empty name": check(t, ""),
		"a long name": check(t, strings.Repeat("u", 380)), "zeros": junk, "a cut head": check(t, "guess")[:15], "nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if read := hears(t, own, says, time.Second); len(read) > 0 {
				t.Fatalf("the media server's own port says %q", read)
			}
			began := time.Now()
			if read := hears(t, door, says, waitTimeout); len(read) > 0 {
				t.Errorf("the door's port says %q", read)
			}
			if took := time.Since(began); took > waitTimeout-time.Second {
				t.Errorf("it is open for %v", took)
			}
		})
	}
}

func bytesTimes(b []byte, n int) (all []byte) {
	for range n {
		all = append(all, b...)
	}
	return all
}

// hears is what somebody is told who says that, until they are hung up on.
func hears(t *testing.T, address string, says []byte, within time.Duration) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(within))
	_, _ = conn.Write(says) // it may be hung up on before the end
	read, err := io.ReadAll(conn)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() && within > time.Second {
		t.Errorf("%s does not hang up", address)
	}
	return read
}

// TestMediaGuessesKeepNobodyOut: one address that begins more media connections than
// it may have open keeps neither others nor itself out.
func TestMediaGuessesKeepNobodyOut(t *testing.T) {
	t.Parallel()
	l := limits.Default()
	l.Waiting, l.Connections = 20, 40
	s := startServer(t, func(c *Config) { c.Listen, c.limits = ":0", &l })
	link := s.invite(nil)
	for range 200 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "https://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = conn.Write(check(t, "guess")) // may be hung up on
	}
	answer, refusal, status := s.join(newGuest(t, "ben").request(t, link))
	if status != http.StatusOK {
		t.Fatalf("%d %+v", status, refusal)
	}
	w, _ := s.mustDial(answer.Token)
	if !w.answers() {
		t.Error("nobody answers")
	}
}
