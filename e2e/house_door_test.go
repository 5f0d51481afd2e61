//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// TestJ6_J1_Refused asks closed doors for admission: each says in its own words what is
// the matter.
func TestJ6_J1_Refused(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("office")
	brief := h.invite("office", "--for", "1s")
	expired := time.After(1100 * time.Millisecond) // an expiry has no event
	host, ada := h.comes("host", h.invite("office", "--role", "host"), drive.JoinOptions{}), h.comes("ada", link, drive.JoinOptions{})
	gather(host, ada)
	wrong, err := call.ParseLink(link)
	must(t, err)
	wrong.Secret = "AAAA" + wrong.Secret[4:]
	existing := h.invite("nowhere", "--existing")

	bob := h.comes("bob", existing, drive.JoinOptions{})
	messages := make(map[string]string)
	refused := func(name string) {
		t.Helper()
		left := bob.ends("join_failed")
		if before, known := messages[left.Text("message")]; known {
			t.Errorf("%q and %q have one sentence: %s", before, name, left.Text("message"))
		}
		messages[left.Text("message")] = name
		if left.Get("code") != nil {
			t.Errorf("%s: %s", name, left.Raw)
		}
		t.Logf("%s: %s", name, left.Text("message"))
	}
	refuse := func(name, link string) {
		t.Helper()
		bob.enters(link, nil)
		refused(name)
	}
	refused("no such room")
	refuse("wrong secret", wrong.String())
	<-expired
	refuse("expired invitation", brief)
	h.admin(0, "rules", "office", "--max-members", "2")
	refuse("full", link)
	h.admin(0, "rules", "office", "--locked", "--max-members", "0")
	refuse("locked", link)
	ada.Say(map[string]any{"cmd": "leave"})
	ada.ends("left")
	ada.enters(link, nil)
	ada.ends("join_failed") // out is out
	host.Say(map[string]any{"cmd": "leave"})
	host.ends("left")
	host.enters(h.invite("office", "--role", "host"), nil)
	host.knows() // who has locked it has the key
	h.admin(0, "rules", "office", "--locked=false")
	bob.enters(link, nil)
	bob.knows(host)

	t.Log("refuse the newcomer")
	h.admin(0, "rules", "office", "--refuse-newcomer")
	second := h.comes("bob", link, drive.JoinOptions{Profile: bob.profile})
	left := second.ends("join_failed")
	t.Log(left.Text("message"))
	bob.quietly(bob.from, "left")

	t.Log("a listener")
	ear := h.comes("ear", h.invite("office", "--role", "listener"), drive.JoinOptions{Args: []string{"--camera", "test"}})
	ear.knows(bob)
	listens := words.Command(call.CommandFailed{Command: "publish", Source: call.SourceCamera, Err: call.ErrListener}).String()
	if failed := ear.awaits("command_failed", nil); failed.Text("command") != "publish" || failed.Text("source") != "camera" || failed.Text("error") != listens {
		t.Errorf("who brings a camera to listen is told %s, want %q", failed.Raw, listens)
	}
	again := ear.fails(map[string]any{"cmd": "publish", "source": "camera", "device": "test"})
	says(t, again.Text("error"), words.Error(call.ErrListener).String())
	ear.Say(map[string]any{"cmd": "chat", "text": "but I can write"})
	bob.reads("but I can write")
	h.admin(0, "role", "office", "ear", "--role", "participant")
	ear.awaits("rules", func(e drive.Event) bool { return e.Text("role") == "participant" })
	ear.Say(map[string]any{"cmd": "publish", "source": "camera", "device": "test"})
	bob.awaits("track_published", about("ear"))
}

// TestK1_K2_ServerSDK lets an administrator who knows LiveKit alone work through
// the door: what it does to people and rooms holds as if the host had done it.
func TestK1_K2_ServerSDK(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("lobby")
	root, err := drive.Root()
	must(t, err)
	p, err := h.server.Drive.SDK(t.Context(), root)
	must(t, err)
	sdk := testenv.Adopt(t, p)
	does := func(method string, args ...any) drive.Event {
		t.Helper()
		mark := sdk.Mark()
		sdk.Say(map[string]any{"method": method, "args": args})
		return sdk.AwaitAfter(mark, "answer", nil)
	}
	refuses := func(method string, args ...any) {
		t.Helper()
		mark := sdk.Mark()
		sdk.Say(map[string]any{"method": method, "args": args})
		t.Logf("%s", sdk.AwaitAfter(mark, "refused", nil).Raw)
	}
	ada, bob := h.comes("ada", link, drive.JoinOptions{}), h.comes("bob", link, drive.JoinOptions{})
	gather(ada, bob)
	var list struct {
		Value []struct {
			Identity   string
			Permission struct{ Hidden bool }
		}
	}
	must(t, does("listParticipants", "lobby").Decode(&list))
	var visible, hidden []string
	for _, v := range list.Value {
		if v.Permission.Hidden {
			hidden = append(hidden, v.Identity)
		} else {
			visible = append(visible, v.Identity)
		}
	}
	slices.Sort(visible)
	if !slices.Equal(visible, []string{"ada", "bob"}) || len(hidden) != 1 { // the keeper
		t.Errorf("the SDK lists %v, and hidden %v", visible, hidden)
	}

	t.Log("its own guest")
	grants := map[string]any{"roomJoin": true, "room": "lobby"}
	token := does("token", "guest", grants).Text("value")
	plain := strings.Replace(h.server.Drive.URL, "https", "wss", 1) + "/?token=" + token
	trust := []string{"SSL_CERT_FILE=" + h.server.Drive.CertificateFile()}
	guest := h.comes("guest", plain, drive.JoinOptions{Env: trust})
	guest.knows(bob)
	bob.knows(guest)
	mark := bob.Mark()
	does("removeParticipant", "lobby", "guest")
	guest.ends("removed")
	bob.sees(mark, "guest", "removed", "", "")
	after := guest.Mark()
	guest.enters(plain, nil) // the token is good for an hour, but for the removal
	guest.ends("removed")
	guest.quietly(after, "joined")

	t.Log("the door's guest")
	mark = bob.Mark()
	does("removeParticipant", "lobby", "ada")
	ada.ends("removed")
	bob.sees(mark, "ada", "removed", "", "")
	var answer json.RawMessage
	h.ask(&answer, 3, "remove", "lobby", "ada")
	if r := results(t, answer); r["ada"] != "already_gone" {
		t.Errorf("after the SDK's removal: %s", answer)
	}
	ada.enters(link, nil) // a fresh join is allowed
	ada.knows(bob)
	refuses("removeParticipant", "lobby", "nobody")

	t.Log("the room")
	ada.talks(bob)
	does("deleteRoom", "lobby")
	ada.ends("dismissed")
	bob.ends("dismissed")
	ada.enters(link, nil)
	ada.awaits("joined", nil)
	ada.rests(3)
	if read := ada.chats(); len(read) > 0 {
		t.Errorf("chat of before deleteRoom: %s", read[0].Raw)
	}
}

// TestK7_K8_AdminTool runs the host's tools as scripts do: what they print for
// people and for machines, and their exit statuses.
func TestK7_K8_AdminTool(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("tools", "--title", "Tools & Co")
	ada := h.comes("ada", link, drive.JoinOptions{})
	ada.knows()

	var rooms struct {
		Rooms []struct {
			Room, Title, Session string
			People               int
		}
	}
	// LiveKit counts people anew every few seconds.
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	_ = drive.Until(ctx, func() bool { h.ask(&rooms, 0, "rooms"); return len(rooms.Rooms) != 1 || rooms.Rooms[0].People > 0 })
	if len(rooms.Rooms) != 1 || rooms.Rooms[0].Room != "tools" || rooms.Rooms[0].Title != "Tools & Co" ||
		rooms.Rooms[0].People != 1 || rooms.Rooms[0].Session != ada.awaits("joined", nil).Text("session") {
		t.Errorf("rooms: %+v", rooms)
	}
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"rooms"}, 0, "Tools & Co"},
		{[]string{"members", "tools"}, 0, "Ada"},
		{[]string{"bans", "tools"}, 0, ""},
		{[]string{"allow", "tools", "ada"}, 0, "ada"},
		{[]string{"disallow", "tools", "ada"}, 0, "ada"},
		{[]string{"chat", "tools"}, 0, ""},
		{[]string{"remove", "tools", "nobody"}, 3, "nobody"},
		{[]string{"members", "no-such-room"}, 3, ""},
		{[]string{"dismiss", "no-such-room"}, 3, ""},
		{[]string{"remove", "tools"}, 2, ""},
		{[]string{"remove"}, 2, ""},
		{[]string{"explode", "tools"}, 2, ""},
		{[]string{}, 2, ""},
		{[]string{"remove", "tools", "ada", "--text", strings.Repeat("x", call.MaxText+1)}, 2, ""},
		{[]string{"members", "two words"}, 2, ""},
		{[]string{"role", "tools", "ada", "--role", "king"}, 2, ""},
		{[]string{"rules", "tools", "--real-time", "5s"}, 2, ""},
	} {
		stdout, stderr := h.admin(c.status, c.args...)
		if !strings.Contains(stdout, c.says) || (c.status == 0) != (stderr == "") && c.says == "" {
			t.Errorf("foyer admin %q says %q and %q, want %q", c.args, stdout, stderr, c.says)
		}
		if c.status == 2 || c.status == 3 && stdout == "" {
			oneSentence(t, stderr)
		}
	}
	wrongKeys(t, h)
	h.admin(0, "dismiss", "tools", "--text", "Closing time")
	if left := ada.ends("dismissed"); left.Text("text") != "Closing time" || left.Text("by") != "" {
		t.Errorf("told %s", left.Raw)
	}
}

// wrongKeys asks with keys that are not the server's.
func wrongKeys(t *testing.T, h *house) {
	t.Helper()
	good, err := os.ReadFile(h.server.Drive.AdminKeyFile)
	must(t, err)
	var k map[string]string
	must(t, json.Unmarshal(good, &k))
	k["key"] += "A"
	another, err := json.Marshal(k)
	must(t, err)
	for name, content := range map[string]string{"another key": string(another), "no key": "", "no file": "-"} {
		file := filepath.Join(t.TempDir(), "key")
		if content != "-" {
			must(t, os.WriteFile(file, []byte(content), 0o600))
		}
		ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
		stdout, stderr, status, err := h.foyer.Run(ctx, nil, "admin", "--server", h.server.Drive.URL, "--admin-key-file", file, "rooms")
		cancel()
		must(t, err)
		if status == 0 || strings.Contains(stdout+stderr, strings.TrimSpace(content)) && len(content) > 1 {
			t.Errorf("%s: status %d, %q", name, status, fmt.Sprint(stdout, stderr))
		}
		oneSentence(t, stderr)
	}
}
