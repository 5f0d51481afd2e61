//go:build linux

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// TestJ9_L1_ChatOutlivesThoseWhoSpeak says more than a newcomer is told, leaves,
// and looks what they read: the last fifty, in order, once.
func TestJ9_L1_ChatOutlivesThoseWhoSpeak(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("talk")
	ada, bob := h.comes("ada", link, drive.JoinOptions{}), h.comes("bob", link, drive.JoinOptions{})
	gather(ada, bob)
	ada.talks(bob)
	const more = 10
	said := make([]string, call.ChatHistory+more)
	for i := range said {
		said[i] = fmt.Sprintf("%d: <b>'; DROP TABLE chat; -- \"ü", i)
		ada.Say(map[string]any{"cmd": "chat", "text": said[i]})
	}
	bob.reads(said[len(said)-1])
	lines := bob.chats()[1:] // some may come by the second look for history
	if len(lines) != len(said) {
		t.Fatalf("Bob reads %d lines of %d", len(lines), len(said))
	}
	ids := make([]string, 0, len(said))
	for i, e := range lines {
		ids = append(ids, e.Text("id"))
		if e.Text("from") != "ada" || e.Text("text") != said[i] || e.Number("ts") == 0 {
			t.Errorf("Bob reads %s", e.Raw)
		}
	}
	ada.Say(map[string]any{"cmd": "leave"})
	ada.ends("left")

	t.Log("a newcomer, and who left, read it")
	late := h.comes("late", link, drive.JoinOptions{})
	ada.enters(link, nil)
	for _, p := range []*person{late, ada} {
		p.awaits("chat", about(ids[len(ids)-1]))
		p.rests(3) // past the second look for history
		var got []string
		for _, e := range p.chats() {
			got = append(got, e.Text("id"))
			if e.Get("history") != true {
				t.Errorf("%s reads %s, want history", p.id, e.Raw)
			}
		}
		if want := ids[more:]; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s reads %d lines %v, want the last %d of %v", p.id, len(got), got, len(want), ids)
		}
	}

	t.Log("the host's tools")
	out, _ := h.admin(0, "chat", "talk")
	if n := strings.Count(out, "DROP TABLE"); n != call.ChatHistory {
		t.Errorf("foyer admin chat shows %d lines, want %d:\n%s", n, call.ChatHistory, out)
	}
	h.admin(0, "chat", "talk", "--say", "Dinner is ready")
	for _, p := range []*person{ada, bob, late} {
		p.reads("Dinner is ready")
	}

	t.Log("what nobody may say")
	ada.fails(map[string]any{"cmd": "chat", "text": ""})
	ada.fails(map[string]any{"cmd": "chat", "text": strings.Repeat("x", call.MaxChat+1)})
	h.admin(2, "chat", "talk", "--say", strings.Repeat("x", call.MaxChat+1))
	long := strings.Repeat("y", call.MaxChat)
	ada.Say(map[string]any{"cmd": "chat", "text": long})
	bob.reads(long)
	late.reads(long)
}

// probes says something until a browser hears it: its channel for data opens some
// time after it has joined, and it has no history. It returns how often.
func (p *person) probes(browser *testenv.Process) int {
	p.t.Helper()
	for n, deadline := 1, time.Now().Add(testenv.Limit); ; n++ {
		text := fmt.Sprint("do you hear me? ", n)
		p.Say(map[string]any{"cmd": "chat", "text": text})
		ctx, cancel := context.WithTimeout(p.t.Context(), 3*time.Second)
		_, err := browser.Wait(ctx, "chat", 0, saying(text))
		cancel()
		if err == nil {
			return n
		}
		if time.Now().After(deadline) {
			p.t.Fatal(err)
		}
	}
}

// TestJ9_ChatWithABrowser lets Chromium with LiveKit's own client write and read
// on lk.chat: both see each other, the history has both, and who mutes the
// browser silences it.
func TestJ9_ChatWithABrowser(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("web")
	ada, bob := h.comes("ada", link, drive.JoinOptions{}), h.comes("bob", link, drive.JoinOptions{})
	web := browse(t, h.server, drive.BrowserOptions{Room: "web", ID: "web"})
	web.Await("joined")
	gather(ada, bob)
	guest := &person{Process: web, t: t, id: "web"}
	ada.knows(guest)
	bob.knows(guest)

	probes := ada.probes(web)
	for i, text := range []string{"hello from Foyer", strings.Repeat("long ", 800), "ünï <i>cödé</i> 🙂"} {
		ada.Say(map[string]any{"cmd": "chat", "text": text})
		there, beside := guest.reads(text), bob.reads(text)
		if there.Text("from") != "ada" || there.Text("id") != beside.Text("id") {
			t.Errorf("Ada's line %d: the browser has %.200s, Bob %.200s", i, there.Raw, beside.Raw)
		}
		back := fmt.Sprint("and back, ", i, ": ", text)
		web.Say(map[string]any{"cmd": "chat", "text": back[:min(len(back), call.MaxChat)]})
		said := web.AwaitWhere("said", saying(back[:min(len(back), call.MaxChat)]))
		for _, p := range []*person{ada, bob} {
			if e := p.awaits("chat", about(said.Text("id"))); e.Text("from") != "web" || e.Text("text") != said.Text("text") {
				t.Errorf("%s reads %.200s of %.200s", p.id, e.Raw, said.Raw)
			}
		}
	}
	late := h.comes("late", link, drive.JoinOptions{})
	late.reads("ünï <i>cödé</i> 🙂")
	late.rests(3)
	if n := len(late.chats()); n != 6+probes {
		t.Errorf("a newcomer reads %d lines, want %d", n, 6+probes)
	}

	h.admin(0, "mute", "web", "web")
	web.AwaitWhere("permissions", func(e drive.Event) bool { return e.Get("data") == false })
	web.Say(map[string]any{"cmd": "chat", "text": "I am muted"})
	mark := ada.Mark()
	ada.Say(map[string]any{"cmd": "chat", "text": "can the browser write?"})
	bob.reads("can the browser write?")
	bob.rests(1)
	for _, e := range append(ada.Events()[mark:], bob.chats()...) {
		if e.Text("text") == "I am muted" {
			t.Errorf("a muted browser is read: %s", e.Raw)
		}
	}
	h.admin(0, "remove", "web", "web")
	ada.sees(mark, "web", "removed", "", "")
	web.Await("left")
}
