//go:build linux

package e2e

import (
	"context"
	"crypto/sha256"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
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

// What is wrong with the command line is said before anything is opened or
// sent, with status 2.
func TestBadUsage(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("usage")
	invite := func(room string) []string {
		return []string{"invite", "--server", server.Drive.URL, "--admin-key-file", server.Drive.AdminKeyFile, "--room", room}
	}
	join := func(link string, more ...string) []string {
		return append([]string{"join", link, "--profile", t.TempDir()}, more...)
	}
	for name, args := range map[string][]string{
		"unreadable link":        join("hello", "--name", "Ada"),
		"cut link":               join(link[:len(link)-9], "--name", "Ada"),
		"link without its end":   join(strings.Split(link, "&")[0], "--name", "Ada"),
		"plain text elsewhere":   join("ws://192.0.2.1:7880/?token=a.b.c", "--name", "Ada"),
		"LiveKit without token":  join("wss://127.0.0.1:1/", "--name", "Ada"),
		"no name":                join(link),
		"blank name":             join(link, "--name", "  "),
		"name of 256 bytes":      join(link, "--name", strings.Repeat("n", 256)),
		"name with a newline":    join(link, "--name", "A\nda"),
		"user ID of 64 bytes":    join(link, "--name", "Ada", "--id", strings.Repeat("i", 64)),
		"user ID with a bell":    join(link, "--name", "Ada", "--id", "a\ab"),
		"room ID of 129 bytes":   invite(strings.Repeat("r", 129)),
		"room ID with a blank":   invite("two words"),
		"room ID with a quote":   invite(`"quoted"`),
		"room ID in Chinese":     invite("会议"),
		"empty room ID":          invite(""),
		"serve on no address":    {"serve", "--listen", "nowhere", "--data", t.TempDir()},
		"serve with an argument": {"serve", "please"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
			defer cancel()
			_, stderr, status, err := f.Run(ctx, nil, args...)
			if err != nil || status != 2 {
				t.Errorf("status %d (%v), want 2", status, err)
			}
			oneSentence(t, stderr)
		})
	}
	for name, room := range map[string]string{
		"128 bytes": strings.Repeat("r", 128), "42 apostrophes": strings.Repeat("’", 42), "per cent": "50%",
	} {
		t.Run("room ID of "+name+" is fine", func(t *testing.T) {
			l, err := call.ParseLink(server.Invite(room))
			if err != nil || string(l.Room) != room {
				t.Errorf("the link names room %q (%v), want %q", l.Room, err, room)
			}
		})
	}
}

// joinFails joins with a link that leads nowhere and checks the end.
func joinFails(t *testing.T, f drive.Foyer, link string, limit time.Duration, env ...string) drive.Event {
	t.Helper()
	start := time.Now()
	p := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Ada", Env: env, Args: []string{"--camera", "test"}})
	left := p.Await("left")
	if took := time.Since(start); took > limit {
		t.Errorf("it took %v, want at most %v", took, limit)
	}
	if left.Text("reason") != "join_failed" || left.Text("message") == "" || left.Get("code") != nil {
		t.Errorf("left says %s, want reason join_failed, code null and a message", left.Raw)
	}
	if status := p.Ended(); status != 3 {
		t.Errorf("status %d, want 3", status)
	}
	t.Log(left.Text("message"))
	return left
}

// Starting a race-checked process takes a second or two by itself.
const quick, bounded = 8 * time.Second, 20 * time.Second

func TestLinksThatLeadNowhere(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	good, err := call.ParseLink(server.Invite("nowhere"))
	must(t, err)
	messages := make(map[string]string)
	for _, c := range []struct {
		name   string
		limit  time.Duration
		change func(t *testing.T, l *call.Link)
	}{
		{"another certificate", quick, func(_ *testing.T, l *call.Link) { l.Fingerprint[3]++ }},
		{"another secret", quick, func(_ *testing.T, l *call.Link) { l.Secret = "A" + l.Secret[1:len(l.Secret)-1] + "A" }},
		{"nobody there", quick, func(t *testing.T, l *call.Link) { l.Hosts = []string{closedPort(t)} }},
		{"silence", bounded, func(t *testing.T, l *call.Link) { l.Hosts = []string{silentServer(t)} }},
		{"garbage", quick, func(t *testing.T, l *call.Link) { garbageServer(t, l) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := good
			c.change(t, &l)
			left := joinFails(t, f, l.String(), c.limit)
			messages[left.Text("message")] = c.name
		})
	}
	if len(messages) != 5 {
		t.Errorf("only %d different sentences for 5 different causes: %q", len(messages), messages)
	}
	t.Run("a room that is gone", func(t *testing.T) {
		l := good
		l.Existing = true
		last := testenv.Join(t, f, drive.JoinOptions{Link: good.String(), Name: "Grace"})
		last.Await("joined")
		must(t, server.Dismiss(t.Context(), string(l.Room)))
		last.Await("left")
		joinFails(t, f, l.String(), quick)
	})
}

// A plain LiveKit address goes to the same room through the door, with the
// server's certificate among those that the system trusts; a token that
// somebody else has signed does not.
func TestPlainLiveKitLinks(t *testing.T) {
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
		joinFails(t, f, address+token[:len(token)-8]+"AAAAAAAA", quick, trust...)
	})
	t.Run("an unknown certificate", func(t *testing.T) { joinFails(t, f, address+token, quick) })
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
	t.Logf("%s", left.Raw)
}

// A device that cannot be had is said, and the stay goes on.
func TestDevicesThatCannotBeHad(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link := server.Invite("devices")
	garbage := filepath.Join(t.TempDir(), "garbage.ivf")
	must(t, os.WriteFile(garbage, []byte("DKIF but not really"), 0o600))
	silent := []string{"PULSE_SERVER=unix:/nonexistent", "XDG_RUNTIME_DIR=" + t.TempDir()}
	for _, c := range []struct{ name, source, device string }{
		{"no such camera", "camera", "Nikon D1"},
		{"no such file", "camera", "/nonexistent/film.ivf"},
		{"a damaged file", "camera", garbage},
		{"no such sound file", "microphone", "/nonexistent/voice.wav"},
		{"no sound server", "microphone", "default"},
		{"no display", "screen", "default"},
		{"no such source", "smell", "default"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: "Ada", Env: append(silent, "DISPLAY=")})
			p.Await("joined")
			p.Say(map[string]any{"cmd": "publish", "source": c.source, "device": c.device})
			failed := p.Await("command_failed")
			if failed.Text("command") != "publish" || failed.Text("error") == "" {
				t.Errorf("it says %s", failed.Raw)
			}
			t.Log(failed.Text("error"))
			p.Say(map[string]any{"cmd": "leave"})
			if left := p.Await("left"); left.Text("reason") != "left" {
				t.Errorf("the stay did not go on: %s", left.Raw)
			}
			if status := p.Ended(); status != 0 {
				t.Errorf("status %d, want 0", status)
			}
		})
	}
}

// Misuse is refused and changes nothing (contract N7, L9).
func TestL9_MisuseChangesNothing(t *testing.T) {
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	p := testenv.Join(t, f, drive.JoinOptions{Link: server.Invite("misuse"), Name: "Ada", Args: []string{"--camera", "test"}})
	p.Await("joined")
	for _, c := range []map[string]any{
		{"cmd": "leave", "room": "another"},
		{"cmd": "mute", "source": "microphone"},
		{"cmd": "fault", "kind": "panic"},
		{"cmd": "dance"},
		{"cmd": "join", "link": "foyer://nonsense"},
		{"cmd": 7},
	} {
		mark := p.Mark()
		p.Say(c)
		failed := p.AwaitAfter(mark, "command_failed", nil)
		t.Logf("%v: %s", c, failed.Text("error"))
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

// A server that cannot begin says why in a sentence.
func TestServeThatCannotBegin(t *testing.T) {
	f := testenv.Foyer(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { taken.Close() })
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	damaged := t.TempDir()
	for _, name := range []string{"foyer.db", "register.db", "admin.key", "cert.pem", "key.pem", "door.pem", "livekit.json"} {
		must(t, os.WriteFile(filepath.Join(damaged, name), []byte("not what it should be"), 0o600))
	}
	for name, args := range map[string][]string{
		"a port in use":                      {"--listen", taken.Addr().String(), "--data", t.TempDir()},
		"a data folder that is a file":       {"--listen", "127.0.0.1:0", "--data", file},
		"a data folder that cannot be made":  {"--listen", "127.0.0.1:0", "--data", "/proc/foyer"},
		"a data folder with damaged content": {"--listen", "127.0.0.1:0", "--data", damaged},
		"a full disk":                        {"--listen", "127.0.0.1:0", "--data", fullDisk(t)},
		"an address of another computer":     {"--listen", "192.0.2.1:7443", "--data", t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
			defer cancel()
			stdout, stderr, status, err := f.Run(ctx, nil, append([]string{"serve"}, args...)...)
			if err != nil || status == 0 || strings.Contains(stdout, "ready") {
				t.Errorf("status %d (%v), stdout %q", status, err, stdout)
			}
			oneSentence(t, stderr)
		})
	}
}

// fullDisk is a folder on a file system without room for anything.
func fullDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("a full disk needs root, to mount one: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(dir, 0)) })
	must(t, os.WriteFile(filepath.Join(dir, "full"), make([]byte, 4096), 0o600))
	return dir
}
