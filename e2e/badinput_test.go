//go:build linux

package e2e

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// oneSentence checks what a person reads on stderr: one line that ends like a
// sentence or names what is wrong, and never a stack.
func oneSentence(t *testing.T, stderr string) {
	t.Helper()
	text := strings.TrimSpace(stderr)
	if text == "" {
		t.Error("it says nothing")
	}
	if strings.Contains(text, "goroutine ") || strings.Contains(text, "panic") {
		t.Errorf("it shows a stack:\n%s", text)
	}
	if strings.Count(text, "\n") > 0 {
		t.Errorf("it says more than one line:\n%s", text)
	}
	t.Log(text)
}

// says checks that text has a sentence of package words, all of it.
func says(t *testing.T, text, sentence string) {
	t.Helper()
	if !strings.Contains(text, sentence) {
		t.Errorf("it says\n%s\nand not\n%s", text, sentence)
	}
}

// runFails runs a command that must end by itself with that status and say why
// in one sentence.
func runFails(t *testing.T, f drive.Foyer, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	var env []string
	if f.UID != 0 {
		env = []string{ownRace}
	}
	stdout, stderr, status, err := f.Run(ctx, env, args...)
	if err != nil || status != want {
		t.Errorf("status %d (%v), want %d", status, err, want)
	}
	oneSentence(t, stderr)
	return stdout, stderr
}

// joinFails joins with a link that leads nowhere and checks the end and that
// its message is the one of that error.
func joinFails(t *testing.T, f drive.Foyer, link string, limit time.Duration, want error, env ...string) {
	t.Helper()
	start := time.Now()
	p := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Ada", Env: env, Args: []string{"--camera", "test"}})
	left := p.Await("left")
	if took := time.Since(start); took > limit {
		t.Errorf("it took %v, want at most %v", took, limit)
	}
	if left.Text("reason") != "join_failed" || left.Get("code") != nil {
		t.Errorf("left says %s, want reason join_failed and code null", left.Raw)
	}
	if open, said := left.Get("open").([]any); !said || len(open) > 0 {
		t.Errorf("left says %s, want nothing to be open", left.Raw)
	}
	if status := p.Ended(); status != 3 {
		t.Errorf("status %d, want 3", status)
	}
	if message := words.Left(call.Left{Reason: call.ReasonJoinFailed, Err: want}).String(); left.Text("message") != message {
		t.Errorf("it says %q, want %q", left.Text("message"), message)
	}
}

// Starting a race-checked process takes a second or two by itself.
const quick, bounded = 8 * time.Second, 20 * time.Second

func TestLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	good, err := call.ParseLink(server.Invite("nowhere"))
	must(t, err)
	for _, c := range []struct {
		name   string
		limit  time.Duration
		want   error
		change func(t *testing.T, l *call.Link)
	}{
		{"another certificate", quick, call.ErrWrongServer, func(_ *testing.T, l *call.Link) { l.Fingerprint[3]++ }},
		{"another secret", quick, call.ErrInviteRefused, func(_ *testing.T, l *call.Link) { l.Secret = "A" + l.Secret[1:len(l.Secret)-1] + "A" }},
		{"nobody there", quick, call.ErrUnreachable, func(t *testing.T, l *call.Link) { l.Hosts = []string{closedPort(t)} }},
		{"silence", bounded, call.ErrServerSilent, func(t *testing.T, l *call.Link) { l.Hosts = []string{silentServer(t)} }},
		{"garbage", quick, call.ErrServerGarbage, func(t *testing.T, l *call.Link) { garbageServer(t, l) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := good
			c.change(t, &l)
			joinFails(t, f, l.String(), c.limit, c.want)
		})
	}
	t.Run("a room that is gone", func(t *testing.T) {
		l := good
		l.Existing = true
		last := testenv.Join(t, f, drive.JoinOptions{Link: good.String(), Name: "Grace"})
		last.Await("joined")
		must(t, server.Dismiss(t.Context(), string(l.Room)))
		last.Await("left")
		joinFails(t, f, l.String(), quick, call.ErrNoSuchRoom)
	})
}

// A plain LiveKit address goes to the same room through the door, with the
// server's certificate among those that the system trusts; a token that
// somebody else has signed does not.
func TestPlainLiveKitLinks(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	trust := []string{"SSL_CERT_FILE=" + filepath.Join(server.Drive.Data, "door.pem")}
	address := strings.Replace(server.Drive.URL, "https", "wss", 1) + "/?token="
	token, err := server.Token("ada", "Ada", drive.Grants{"roomJoin": true, "room": "plain"})
	must(t, err)
	t.Run("a good token", func(t *testing.T) {
		p := testenv.Join(t, f, drive.JoinOptions{Link: address + token, Name: "Ada", Env: trust, Args: []string{"--camera", "test"}})
		if joined := p.Await("joined"); joined.Text("room") != "plain" || joined.Text("id") != "ada" {
			t.Errorf("joined says %s", joined.Raw)
		}
		p.AwaitWhere("track_published", func(e drive.Event) bool { return e.Get("local") == true })
		p.Say(map[string]any{"cmd": "leave"})
		if status := p.Ended(); status != 0 {
			t.Errorf("status %d", status)
		}
	})
	t.Run("a forged token", func(t *testing.T) {
		joinFails(t, f, address+token[:len(token)-8]+"AAAAAAAA", quick, call.ErrTokenRefused, trust...)
	})
	t.Run("an unknown certificate", func(t *testing.T) { joinFails(t, f, address+token, quick, call.ErrUntrusted) })
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}

// silentServer accepts and never says a word.
func silentServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String() // the kernel accepts by itself
}

// garbageServer has the right certificate and talks nonsense.
func garbageServer(t *testing.T, l *call.Link) {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>\x00\xff{{{{"))
	}))
	t.Cleanup(s.Close)
	l.Hosts = []string{s.Listener.Addr().String()}
	l.Fingerprint = sha256.Sum256(s.Certificate().Raw)
}

// Somebody who changes their mind while a dead server is asked is free at once.
func TestJ8_JoiningCanBeCancelled(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	l, err := call.ParseLink(server.Invite("cancel"))
	must(t, err)
	l.Hosts = []string{silentServer(t)}
	p := testenv.Join(t, f, drive.JoinOptions{Link: l.String(), Name: "Ada"})
	p.AwaitWhere("state", func(e drive.Event) bool { return e.Text("state") == "joining" })
	start := time.Now()
	p.Say(map[string]any{"cmd": "leave"})
	left := p.Await("left")
	if took := left.Seen.Sub(start); took > time.Second {
		t.Errorf("cancelling took %v, want at most 1 s (contract J8)", took)
	}
	if want := words.Left(call.Left{Reason: call.ReasonLeft}).String(); left.Text("reason") != "left" || left.Text("message") != want {
		t.Errorf("left says %s, want reason left and %q", left.Raw, want)
	}
}

// Misuse is refused and changes nothing (contract N7, L9).
func TestL9_MisuseChangesNothing(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	p := testenv.Join(t, f, drive.JoinOptions{Link: server.Invite("misuse"), Name: "Ada", Args: []string{"--camera", "test"}})
	p.Await("joined")
	for _, c := range []struct {
		say  map[string]any
		want error
	}{
		{map[string]any{"cmd": "leave", "room": "another"}, call.ErrOtherRoom},
		{map[string]any{"cmd": "mute", "source": "microphone"}, call.ErrNotPublished},
		{map[string]any{"cmd": "fault", "kind": "panic"}, call.ErrNotSupported},
		{map[string]any{"cmd": "dance"}, call.ErrBadArgument},
		{map[string]any{"cmd": "join", "link": "foyer://nonsense"}, call.ErrLinkCut},
		{map[string]any{"cmd": 7}, call.ErrBadArgument},
	} {
		mark := p.Mark()
		p.Say(c.say)
		failed := p.AwaitAfter(mark, "command_failed", nil)
		if word, ok := c.say["cmd"].(string); ok && failed.Text("command") != word {
			t.Errorf("%v: it names the command %q", c.say, failed.Text("command"))
		}
		says(t, failed.Text("error"), words.Error(c.want).String())
	}
	for _, e := range p.Events() {
		if e.Name == "left" || e.Text("state") == "leaving" {
			t.Errorf("misuse ended the stay: %s", e.Raw)
		}
	}
	p.Say(map[string]any{"cmd": "leave", "room": "misuse"})
	if left := p.Await("left"); left.Text("reason") != "left" {
		t.Errorf("left says %s", left.Raw)
	}
}
