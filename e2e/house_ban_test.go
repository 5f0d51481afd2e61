//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// TestK8_J7_Banned keeps somebody out: under another name, under another ID from
// the same installation, under the same ID from another one, and after a restart
// of the server, each time with the end of the ban. Lifted, they come in.
func TestK8_J7_Banned(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link, profile := h.invite("calm"), t.TempDir()
	ada := h.comes("ada", link, drive.JoinOptions{Profile: profile})
	bob := h.comes("bob", link, drive.JoinOptions{})
	gather(ada, bob)

	t.Log("times that no ban has")
	for _, d := range []string{"30s", "43201m", "-5m", "soon"} {
		_, stderr := h.admin(2, "ban", "calm", "ada", "--for", d)
		t.Log(strings.SplitN(stderr, "\n", 2)[0])
	}

	t.Log("banned")
	mark, began := bob.Mark(), time.Now()
	h.admin(0, "ban", "calm", "ada", "--for", "10m", "--text", "Enough", "--tell")
	checkBanned(t, ada.ends("banned"), began)
	bob.sees(mark, "ada", "banned", "", "Enough")
	tries := func() {
		t.Helper()
		for name, more := range map[string]map[string]any{
			"as before": {}, "under another name": {"name": "Somebody Else"}, "under another ID": {"id": "eve"},
		} {
			ada.enters(link, more)
			checkBanned(t, ada.ends("banned"), began)
			t.Log("kept out", name)
		}
	}
	tries()
	stranger := h.comes("ada", link, drive.JoinOptions{})
	checkBanned(t, stranger.ends("banned"), began)

	t.Log("listed, also for machines")
	checkBans(t, h, began)

	t.Log("after a restart")
	listen := strings.TrimPrefix(h.server.Drive.URL, "https://")
	if status, err := h.server.Drive.Stop(t.Context()); err != nil || status != 0 {
		t.Fatalf("the server ended with status %d, %v", status, err)
	}
	bob.ends("server_stopped")
	h.server = testenv.Serve(t, h.foyer, drive.ServeOptions{Listen: listen, Data: h.server.Drive.Data})
	tries()
	checkBans(t, h, began)

	t.Log("lifted")
	h.admin(0, "unban", "calm", "ada")
	var answer json.RawMessage
	h.ask(&answer, 3, "unban", "calm", "ada")
	if r := results(t, answer); r["ada"] != "not_banned" {
		t.Errorf("lifting what is lifted: %s", answer)
	}
	ada.enters(link, nil)
	ada.knows()
}

// banLength is that of the bans here; the clocks of all are one.
const banLength = 10 * time.Minute

func checkBanned(t *testing.T, left drive.Event, began time.Time) {
	t.Helper()
	until := time.UnixMilli(int64(left.Number("until")))
	if off := until.Sub(began.Add(banLength)); off < -time.Second || off > testenv.Limit {
		t.Errorf("kept out until %v, %v off: %s", until, off, left.Raw)
	}
	if left.Text("text") != "Enough" || left.Number("code") != 1 {
		t.Errorf("told %s, want the text and code 1", left.Raw)
	}
}

func checkBans(t *testing.T, h *house, began time.Time) {
	t.Helper()
	var list struct {
		Bans []struct {
			ID, Name, Text string
			Until          int64
		}
	}
	h.ask(&list, 0, "bans", "calm")
	if len(list.Bans) != 1 {
		t.Fatalf("bans: %+v", list.Bans)
	}
	b := list.Bans[0]
	if b.ID != "ada" || b.Name != "Ada" || b.Text != "Enough" || time.UnixMilli(b.Until).Before(began.Add(banLength-time.Second)) {
		t.Errorf("listed as %+v", b)
	}
	if out, _ := h.admin(0, "bans", "calm"); !strings.Contains(out, "Ada") || !strings.Contains(out, "Enough") {
		t.Errorf("listed for people as\n%s", out)
	}
}

// TestO1_O3_O9_K8_RemovedWhileAway pulls the cable of five people. While they are
// away one is banned, one removed, and the others talk: thirty messages are no
// reason to go, the next one is, but not for the person on the allow list. With the
// cable back everybody hears the true reason, and the one who stays reads once and in
// order what they missed.
func TestO1_O3_O9_K8_RemovedWhileAway(t *testing.T) {
	t.Parallel()
	cable := layCable(t)
	h := openHouse(t, drive.ServeOptions{NS: cable.A, Listen: cable.A.Addr + ":7443"})
	link, err := h.server.Drive.InviteFrom(t.Context(), cable.A, "away")
	must(t, err)
	admin := func(args ...string) {
		t.Helper()
		_, err := h.server.Drive.AdminFrom(t.Context(), cable.A, args...)
		must(t, err)
	}
	here := h.comes("here", link, drive.JoinOptions{NS: cable.A})
	stays, talked, banned, removed := h.comes("stays", link, drive.JoinOptions{NS: cable.B}), h.comes("talked", link, drive.JoinOptions{NS: cable.B}),
		h.comes("banned", link, drive.JoinOptions{NS: cable.B}), h.comes("removed", link, drive.JoinOptions{NS: cable.B})
	away := []*person{stays, talked, banned, removed}
	gather(append(away, here)...)
	admin("allow", "away", "stays", "banned", "removed")
	here.Say(map[string]any{"cmd": "chat", "text": "before"})
	for _, p := range away {
		p.reads("before")
	}

	mark, began := here.Mark(), time.Now()
	must(t, cable.Cut(context.WithoutCancel(t.Context())))
	banned.awaits("state", func(e drive.Event) bool { return e.Text("state") == "reconnecting" })
	admin("ban", "away", "banned", "--for", "10m", "--text", "Enough")
	admin("remove", "away", "removed", "--text", "Too late")
	here.sees(mark, "banned", "banned", "", "")
	here.sees(mark, "removed", "removed", "", "")
	for _, p := range []*person{stays, talked} {
		here.sees(mark, p.id, "connection_lost", "", "")
	}
	said := talkAway(t, h, cable, here)

	must(t, cable.Restore(t.Context()))
	checkBanned(t, banned.ends("banned"), began)
	checkRemoved(t, removed.ends("removed"), "", "Too late")
	talked.ends("offline_removed")
	stays.reads(said[len(said)-1])
	var read []string
	for _, e := range stays.chats() {
		read = append(read, e.Text("text"))
	}
	if want := append([]string{"before"}, said...); strings.Join(read, "|") != strings.Join(want, "|") {
		t.Errorf("read after the cut:\n%q, want\n%q", read, want)
	}
	stays.quietly(stays.from, "left")
	t.Logf("all were told %v after the cut", time.Since(began))
}

// talkAway says 31 messages, and looks who is offline after the thirtieth and
// after the last.
func talkAway(t *testing.T, h *house, cable *drive.Cable, here *person) (said []string) {
	t.Helper()
	const most = 30 // S4: an offline member goes by the next one
	offline := func() map[string]bool {
		out, err := h.server.Drive.AdminFrom(t.Context(), cable.A, "members", "away", "--json")
		must(t, err)
		var list struct {
			Members []struct{ ID, Presence string }
		}
		must(t, json.Unmarshal([]byte(out), &list))
		who := make(map[string]bool)
		for _, m := range list.Members {
			if m.Presence == "offline" {
				who[m.ID] = true
			}
		}
		return who
	}
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	if drive.Until(ctx, func() bool { who := offline(); return who["talked"] && who["stays"] }) != nil {
		t.Fatalf("who is away is not offline: %v", offline())
	}
	for i := range most + 1 {
		text := fmt.Sprint("missed ", i+1)
		said = append(said, text)
		here.Say(map[string]any{"cmd": "chat", "text": text})
		here.reads(text)
		if i+1 == most {
			if who := offline(); !who["talked"] || !who["stays"] {
				t.Errorf("offline after %d messages: %v", most, who)
			}
		}
	}
	if drive.Until(ctx, func() bool { return !offline()["talked"] }) != nil {
		t.Errorf("still a member after %d messages", most+1)
	}
	if who := offline(); !who["stays"] {
		t.Errorf("on the allow list, and not a member: %v", who)
	}
	return said
}
