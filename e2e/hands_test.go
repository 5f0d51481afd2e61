//go:build linux

package e2e

import (
	"math"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// listenFor is how long a speaker is listened to.
const listenFor = 300 * time.Millisecond

// inOrder matches the raised hands of those people, in that order.
func inOrder(ids ...string) func(drive.Event) bool {
	return func(e drive.Event) bool {
		var said struct{ Hands []call.Hand }
		if e.Decode(&said) != nil {
			return false
		}
		var got []string
		for _, h := range said.Hands {
			got = append(got, string(h.ID))
		}
		return slices.Equal(got, ids)
	}
}

// Hands stand in one order for everybody: a browser with LiveKit's own client among
// them, and whoever comes later. The browser raises its own at the door. Reactions go
// both ways; a lock refuses a newcomer with its own sentence; three people are removed
// at once.
func TestHandsReactionsLockAndRemoval(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("web")
	boss := h.comes("boss", h.invite("web", "--role", "host"), drive.JoinOptions{})
	bob, cyd := h.comes("bob", link, drive.JoinOptions{}), h.comes("cyd", link, drive.JoinOptions{})
	gather(boss, bob, cyd)
	web := browse(t, h.server, drive.BrowserOptions{Room: "web", ID: "web"})
	web.Await("joined")
	boss.knows(&person{Process: web, t: t, id: "web"})

	cyd.Say(map[string]any{"cmd": "hand", "up": true})
	boss.awaits("hands", inOrder("cyd"))
	web.Say(map[string]any{"cmd": "hand", "up": true})
	if e := web.Await("hand"); e.Get("status") != float64(200) {
		t.Fatalf("the browser's hand: %s", e.Raw)
	}
	boss.awaits("hands", inOrder("cyd", "web"))
	bob.Say(map[string]any{"cmd": "hand", "up": true})
	late := h.comes("late", link, drive.JoinOptions{})
	for _, p := range []*person{boss, bob, cyd, late} {
		p.awaits("hands", inOrder("cyd", "web", "bob"))
	}
	web.AwaitWhere("attributes", func(e drive.Event) bool { return e.Text("id") == "bob" && e.Text("hand") != "" })
	web.Say(map[string]any{"cmd": "hands"})
	if e := web.Await("hands"); !slices.Equal(e.Get("ids").([]any), []any{"cyd", "web", "bob"}) {
		t.Errorf("the browser has %s", e.Raw)
	}
	boss.Say(map[string]any{"cmd": "lower", "ids": []string{"cyd", "web"}})
	for _, p := range []*person{boss, bob, cyd, late} {
		p.awaits("hands", inOrder("bob"))
	}
	cyd.awaits("hand_lowered", nil)

	bob.Say(map[string]any{"cmd": "react", "reaction": "👏"})
	reacts := func(id, reaction string) func(drive.Event) bool {
		return func(e drive.Event) bool { return e.Text("id") == id && e.Text("reaction") == reaction }
	}
	boss.awaits("reaction", reacts("bob", "👏"))
	bob.awaits("reaction", reacts("bob", "👏"))
	web.AwaitWhere("reaction", reacts("bob", "👏"))
	web.Say(map[string]any{"cmd": "react", "reaction": "🎉"})
	boss.awaits("reaction", reacts("web", "🎉"))

	boss.Say(map[string]any{"cmd": "rules", "locked": true})
	boss.awaits("moderated", func(e drive.Event) bool { return e.Text("op") == "rules" })
	eve := h.comes("eve", link, drive.JoinOptions{})
	if left := eve.ends("join_failed"); left.Text("message") != "You could not join. The room is locked. Ask the host to unlock it." {
		t.Errorf("a newcomer reads %q", left.Text("message"))
	}

	boss.Say(map[string]any{"cmd": "remove", "ids": []string{"bob", "cyd", "late"}, "text": "that was it"})
	done := boss.awaits("moderated", func(e drive.Event) bool { return e.Text("op") == "remove" })
	var answer struct{ Results []call.PersonResult }
	must(t, done.Decode(&answer))
	if len(answer.Results) != 3 || slices.ContainsFunc(answer.Results, func(r call.PersonResult) bool { return r.Result != call.ResultDone }) {
		t.Errorf("removed %s", done.Raw)
	}
	for _, p := range []*person{bob, cyd, late} {
		if left := p.ends("removed"); left.Text("text") != "that was it" || left.Text("by") != "Boss" {
			t.Errorf("%s was told %s", p.id, left.Raw)
		}
	}
	boss.awaits("hands", inOrder()) // the last one has gone with its owner
}

// How loud somebody is, measured at the speaker: half, nothing, and as they are.
func TestVolumeAtTheSpeaker(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("loud")
	pulse := testenv.Pulse(t)
	ada := h.comes("ada", link, drive.JoinOptions{Env: pulse.Env(), Args: []string{"--speaker", "default"}})
	bob := h.comes("bob", link, drive.JoinOptions{Args: []string{"--mic", "test"}})
	gather(ada, bob)
	heard := func() float64 { return rms(pulse.RecordSpeaker(t.Context(), listenFor)) }
	comesTo := func(what string, is func(float64) bool) (got float64) {
		t.Helper()
		for deadline := time.Now().Add(testenv.Limit); time.Now().Before(deadline); {
			// Twice the same: at the beginning of a stay there are gaps.
			if got = heard(); is(got) {
				if next := heard(); is(next) && math.Abs(next-got) <= 0.1*max(got, next)+10 {
					return got
				}
			}
		}
		t.Fatalf("%s: %.0f", what, got)
		return 0
	}
	full := comesTo("the tone", func(v float64) bool { return v > 300 })
	set := func(percent int) {
		ada.Say(map[string]any{"cmd": "volume", "id": "bob", "percent": percent})
		ada.awaits("volume", func(e drive.Event) bool { return e.Get("percent") == float64(percent) })
	}
	set(50)
	half := comesTo("half", func(v float64) bool { return v > 0.4*full && v < 0.6*full })
	set(0)
	comesTo("nothing", func(v float64) bool { return v < 0.02*full })
	set(101)
	again := comesTo("as it is", func(v float64) bool { return v > 0.85*full && v < 1.2*full })
	t.Logf("at the speaker: %.0f, at 50 %%: %.0f, at 101 %%: %.0f", full, half, again)
}
