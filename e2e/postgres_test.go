//go:build linux

package e2e

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// TestK8_PostgresKeepsTheHouse is a room server with its rooms in PostgreSQL:
// people talk, somebody is banned; the database crashes, of which the people in
// the room hear, and comes back; after a restart of the server the ban holds.
func TestK8_PostgresKeepsTheHouse(t *testing.T) {
	t.Parallel()
	database := testenv.Postgres(t)
	address, err := database.Database(t.Context(), "house")
	must(t, err)
	databaseMissing(t, address)
	keys := t.TempDir() // what is no database stays in the user's data folder
	options := drive.ServeOptions{Args: []string{"--data", address}, Env: []string{"XDG_DATA_HOME=" + keys}}
	h := openHouse(t, options)
	link := h.invite("calm")
	ada, bob, cleo := h.comes("ada", link, drive.JoinOptions{}), h.comes("bob", link, drive.JoinOptions{}), h.comes("cleo", link, drive.JoinOptions{})
	gather(ada, bob, cleo)
	ada.talks(bob)
	bob.talks(ada)
	began := time.Now()
	h.admin(0, "ban", "calm", "ada", "--for", "10m", "--text", "Enough")
	checkBanned(t, ada.ends("banned"), began)

	t.Log("without the database")
	mark := bob.Mark()
	stored := func(yes bool) func(drive.Event) bool {
		return func(e drive.Event) bool { return e.Get("chat_stored") == yes }
	}
	database.Kill()
	bob.Say(map[string]any{"cmd": "chat", "text": "Is anybody writing this down?"})
	bob.AwaitAfter(mark, "rules", stored(false))
	cleo.AwaitAfter(0, "rules", stored(false))
	cleo.reads("Is anybody writing this down?")
	var answer json.RawMessage
	h.ask(&answer, 3, "ban", "calm", "cleo")
	if r := results(t, answer); r["cleo"] != call.ResultNotStored {
		t.Errorf("a ban that is not stored: %s", answer)
	}
	bob.AwaitAfter(mark, "participant_left", about("cleo"))
	must(t, database.Start(t.Context()))
	bob.AwaitAfter(mark, "rules", stored(true))
	if out, _ := h.admin(0, "chat", "calm"); !strings.Contains(out, "Is anybody writing this down?") {
		t.Errorf("the history is\n%s", out)
	}

	t.Log("after a restart")
	options.Listen = strings.TrimPrefix(h.server.Drive.URL, "https://")
	if status, err := h.server.Drive.Stop(t.Context()); err != nil || status != 0 {
		t.Fatalf("the server ended with status %d, %v", status, err)
	}
	bob.ends("server_stopped")
	h.server = testenv.Serve(t, h.foyer, options)
	ada.enters(link, map[string]any{"name": "Somebody Else"})
	checkBanned(t, ada.ends("banned"), began)
	checkBans(t, h, began)
	cleo.enters(link, nil) // whose ban nobody has written down
	cleo.knows()
}

// databaseMissing checks that a database that cannot be used is said in one
// sentence, without its password.
func databaseMissing(t *testing.T, address string) {
	t.Helper()
	f := testenv.Foyer(t)
	good, err := url.Parse(address)
	must(t, err)
	change := func(f func(*url.URL)) string {
		u := *good
		f(&u)
		return u.String()
	}
	const secret = "wrong-but-still-a-secret"
	password, _ := good.User.Password()
	for name, address := range map[string]string{
		"another password": change(func(u *url.URL) { u.User = url.UserPassword("foyer", secret) }),
		"another user":     change(func(u *url.URL) { u.User = url.UserPassword("nobody", secret) }),
		"no such database": change(func(u *url.URL) { u.Path = "/none" }),
		"nobody there":     change(func(u *url.URL) { u.Host = closedPort(t); u.User = url.UserPassword("foyer", secret) }),
		"half an address":  "postgres://foyer:" + secret + "@[::1",
		"not an address":   "postgres://foyer:" + secret + "@127.0.0.1:99999/house",
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, status, err := f.Run(t.Context(), []string{"XDG_DATA_HOME=" + t.TempDir()}, "serve", "--listen", "127.0.0.1:0", "--data", address)
			if err != nil || status != 1 {
				t.Errorf("status %d (%v), want 1", status, err)
			}
			oneSentence(t, stderr)
			says(t, stderr, words.Error(call.ErrDatabase).String())
			if strings.Contains(stdout+stderr, secret) || strings.Contains(stdout+stderr, password) {
				t.Errorf("it shows the password:\n%s", stderr)
			}
		})
	}
}
