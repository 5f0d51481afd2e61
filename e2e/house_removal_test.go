//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// TestK1_K4_K6_K7_K9_Removed removes people with the host's tools and by the
// hand of a co-host: they know why and who did it, and hold no device, and the others
// know it too.
func TestK1_K4_K6_K7_K9_Removed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("hall")
	pulse, camera := testenv.Pulse(t), smallFilm(t)
	ada := h.comes("ada", link, drive.JoinOptions{
		Env: pulse.Env(), Args: []string{"--camera", camera, "--mic", "default", "--speaker", "default"},
	})
	host := h.comes("host", h.invite("hall", "--role", "host"), drive.JoinOptions{})
	cora := h.comes("cora", h.invite("hall", "--role", "cohost"), drive.JoinOptions{})
	bob := h.comes("bob", link, drive.JoinOptions{})
	gather(ada, host, cora, bob)
	devices := append(audioDevices(pulse, ada.PID), device{"camera", holdsFile(ada.PID, camera)})
	for _, d := range devices {
		held(t, d, true, testenv.Limit)
	}

	t.Log("by the host's tools, with a text that the room is not told")
	mark := bob.Mark()
	start := time.Now()
	out, _ := h.admin(0, "remove", "hall", "ada", "--text", "Too loud")
	lookFree(t, "foyer admin remove", start, releaseLimit, devices)
	if !strings.Contains(out, "ada") {
		t.Errorf("foyer admin says %q", out)
	}
	checkRemoved(t, ada.ends("removed"), "", "Too loud")
	bob.sees(mark, "ada", "removed", "", "")
	after := ada.Mark()

	t.Log("K7: gone is gone")
	var answer json.RawMessage
	h.ask(&answer, 3, "remove", "hall", "ada", "nobody")
	if r := results(t, answer); r["ada"] != "already_gone" || r["nobody"] != "unknown" {
		t.Errorf("removing who is gone: %s", answer)
	}
	cora.fails(map[string]any{"cmd": "remove", "id": "ada"})
	ada.quietly(after, "state") // it has not come back by itself

	t.Log("by a co-host, who tells the room")
	ada.enters(link, nil)
	ada.talks(bob)
	mark = bob.Mark()
	done := cora.moderates(map[string]any{"cmd": "remove", "id": "ada", "text": "Again", "tell": true})
	if r := results(t, done.Raw); r["ada"] != "done" {
		t.Errorf("the co-host was told %s", done.Raw)
	}
	checkRemoved(t, ada.ends("removed"), "Cora", "Again")
	bob.sees(mark, "ada", "removed", "Cora", "Again")

	t.Log("by the host")
	ada.enters(link, nil)
	ada.talks(host)
	host.moderates(map[string]any{"cmd": "remove", "id": "ada"})
	checkRemoved(t, ada.ends("removed"), "Host", "")

	t.Log("ranks")
	cora.fails(map[string]any{"cmd": "remove", "id": "host"})
	bob.fails(map[string]any{"cmd": "remove", "id": "cora"})
	bob.fails(map[string]any{"cmd": "dismiss"})
	for _, p := range []*person{host, cora, bob} {
		p.quietly(p.from, "left")
	}
	removeMany(t, h, cora, bob)
}

// removeMany is contract K6: ten at once, not eleven.
func removeMany(t *testing.T, h *house, cora, bob *person) {
	t.Helper()
	eleven := []string{"bob"}
	for i := range 10 {
		eleven = append(eleven, fmt.Sprint("nobody", i))
	}
	_, stderr := h.admin(2, append([]string{"remove", "hall"}, eleven...)...)
	oneSentence(t, stderr)
	cora.fails(map[string]any{"cmd": "remove", "ids": eleven})
	bob.quietly(bob.from, "left")
	var answer json.RawMessage
	h.ask(&answer, 3, append([]string{"remove", "hall", "--text", "All of you"}, eleven[:10]...)...)
	r := results(t, answer)
	if r["bob"] != "done" || r["nobody8"] != "unknown" || len(r) != 10 {
		t.Errorf("removing ten: %s", answer)
	}
	checkRemoved(t, bob.ends("removed"), "", "All of you")
}

// checkRemoved checks who did it and what they said.
func checkRemoved(t *testing.T, left drive.Event, by, text string) {
	t.Helper()
	if left.Text("by") != by || left.Text("text") != text || left.Number("code") != 1 {
		t.Errorf("told %s, want by %q with %q and code 1", left.Raw, by, text)
	}
}

// TestK2_N8_J1_Dismissed closes a room by the hand of its host. A guest who comes back
// is in another session without the old one's chat, unless the host keeps it.
func TestK2_N8_J1_Dismissed(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link, hosts, existing := h.invite("party"), h.invite("party", "--role", "host"), h.invite("party", "--existing")
	early := h.comes("early", existing, drive.JoinOptions{})
	early.ends("join_failed")
	host := h.comes("host", hosts, drive.JoinOptions{})
	ada, bob := h.comes("ada", link, drive.JoinOptions{}), h.comes("bob", link, drive.JoinOptions{})
	gather(host, ada, bob)
	early.enters(existing, nil)
	early.knows(host)
	all := []*person{host, ada, bob, early}

	dismissed := func(text string) {
		t.Helper()
		host.Say(map[string]any{"cmd": "dismiss", "text": text})
		for _, p := range all {
			left := p.ends("dismissed")
			if left.Text("by") != "Host" || left.Text("text") != text || left.Number("code") != 2 {
				t.Errorf("%s was told %s", p.id, left.Raw)
			}
		}
	}
	session := func(p *person) string { return p.awaits("joined", nil).Text("session") }
	first := session(ada)
	ada.Say(map[string]any{"cmd": "chat", "text": "of the first evening"})
	bob.reads("of the first evening")
	dismissed("Good night")
	early.enters(existing, nil)
	early.ends("join_failed")

	t.Log("another evening")
	all = []*person{host, ada}
	host.enters(hosts, nil)
	host.knows()
	ada.enters(link, nil)
	gather(host, ada)
	if second := session(ada); second == first || second == "" {
		t.Errorf("session %q again after the dismissal", second)
	}
	ada.rests(4) // longer than the client asks for the history
	if read := ada.chats(); len(read) > 0 {
		t.Errorf("the first evening is told: %s", read[0].Raw)
	}

	t.Log("a history that is kept")
	rules := host.moderates(map[string]any{"cmd": "rules", "keep_history": true})
	if r, _ := rules.Get("rules").(map[string]any); r["keep_history"] != true {
		t.Errorf("rules: %s", rules.Raw)
	}
	ada.Say(map[string]any{"cmd": "chat", "text": "of the second evening"})
	host.reads("of the second evening")
	dismissed("")
	bob.enters(link, nil)
	if e := bob.reads("of the second evening"); e.Get("history") != true {
		t.Errorf("kept chat came as %s", e.Raw)
	}
	for _, e := range bob.chats() {
		if e.Text("text") == "of the first evening" {
			t.Error("the first evening was not kept, and is told")
		}
	}
}

// TestK10_Muted silences everybody but one: they neither speak nor write, but
// read on and keep what they wrote; nobody's microphone is opened from afar.
func TestK10_Muted(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("quiet")
	mic := drive.JoinOptions{Args: []string{"--mic", "test"}}
	cora := h.comes("cora", h.invite("quiet", "--role", "cohost"), mic)
	ada, bob, dan := h.comes("ada", link, mic), h.comes("bob", link, mic), h.comes("dan", link, mic)
	gather(cora, ada, bob, dan)
	for _, o := range []*person{ada, bob, dan, cora} {
		o.awaits("track_published", func(e drive.Event) bool { return e.Get("local") == true })
	}

	t.Log("one")
	cora.moderates(map[string]any{"cmd": "mute_participant", "id": "ada"})
	checkMuted(t, ada, bob)
	ada.fails(map[string]any{"cmd": "unmute", "source": "microphone"})
	if kept := ada.fails(map[string]any{"cmd": "chat", "text": "keep this"}); !strings.Contains(strings.ToLower(kept.Text("error")), "muted") {
		t.Errorf("a muted person's chat fails with %s", kept.Raw)
	}
	bob.Say(map[string]any{"cmd": "chat", "text": "can you read this?"})
	ada.reads("can you read this?")

	t.Log("all but one")
	h.admin(0, "mute", "quiet", "--all", "--except", "bob")
	checkMuted(t, dan, bob)
	dan.fails(map[string]any{"cmd": "chat", "text": "nor I"})
	for _, free := range []*person{bob, cora} {
		text := free.id + " may write"
		free.Say(map[string]any{"cmd": "chat", "text": text})
		dan.reads(text)
		if free.standsMuted() {
			t.Errorf("%s is muted", free.id)
		}
	}
	var members struct {
		Members []struct {
			ID    string
			Muted bool
		}
		Rules struct {
			MutedAll bool `json:"muted_all"`
		}
	}
	h.ask(&members, 0, "members", "quiet")
	muted := make(map[string]bool)
	for _, m := range members.Members {
		muted[m.ID] = m.Muted
	}
	if want := map[string]bool{"ada": true, "bob": false, "cora": false, "dan": true}; !maps.Equal(muted, want) || !members.Rules.MutedAll {
		t.Errorf("muted: %v, rules %+v, want %v", muted, members.Rules, want)
	}

	t.Log("who comes later is muted, too")
	late := h.comes("late", link, mic)
	late.knows(bob)
	var joined struct{ Standing struct{ Muted bool } }
	must(t, late.awaits("joined", nil).Decode(&joined))
	own := late.awaits("track_published", func(e drive.Event) bool { return e.Get("local") == true })
	if !joined.Standing.Muted || own.Get("muted") != true {
		t.Errorf("late stands %+v and publishes %s", joined.Standing, own.Raw)
	}
	refused := late.fails(map[string]any{"cmd": "unmute", "source": "microphone"})
	says(t, refused.Text("error"), words.Error(call.ErrMuted).String())
	late.fails(map[string]any{"cmd": "chat", "text": "hello"})

	t.Log("let speak again")
	mark, theirs := dan.Mark(), bob.Mark()
	h.admin(0, "unmute", "quiet", "--all")
	free := func(e drive.Event) bool { return e.Get("muted") == false }
	dan.AwaitAfter(mark, "rules", free)
	ada.AwaitAfter(ada.from, "rules", free)
	dan.Say(map[string]any{"cmd": "chat", "text": "at last"})
	bob.reads("at last")
	bob.quietly(theirs, "track_unmuted") // not from afar
	dan.Say(map[string]any{"cmd": "unmute", "source": "microphone"})
	bob.AwaitAfter(theirs, "track_unmuted", about("dan"))
}

// standsMuted reports whether p was told that the host has muted them.
func (p *person) standsMuted() bool {
	return slices.ContainsFunc(p.Events(), func(e drive.Event) bool {
		return e.Name == "rules" && e.Get("muted") == true || e.Name == "track_muted" && e.Get("by_host") == true && e.Get("local") == true
	})
}

// checkMuted checks what a muted person and the others are told.
func checkMuted(t *testing.T, muted, other *person) {
	t.Helper()
	muted.awaits("rules", func(e drive.Event) bool { return e.Get("muted") == true })
	own := muted.awaits("track_muted", func(e drive.Event) bool { return e.Get("local") == true })
	if own.Get("by_host") != true {
		t.Errorf("%s was muted by %s", muted.id, own.Raw)
	}
	other.awaits("track_muted", about(muted.id))
}
