//go:build linux

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// until waits until a script says yes.
func (v *visitor) until(code string) {
	v.t.Helper()
	deadline := time.Now().Add(testenv.Limit)
	for done := false; !done; {
		if v.evaluates(code, &done); time.Now().After(deadline) {
			v.t.Fatalf("never: %s", code)
		}
	}
}

// holds lets the browser ask the person for each device from now on, and leaves the
// questions open.
func (v *visitor) holds() { v.does(map[string]any{"cmd": "eval", "code": `window.held = true`}) }

// isAsked waits until so many questions are open.
func (v *visitor) isAsked(n int) {
	v.t.Helper()
	v.until(fmt.Sprintf(`window.asked.length >= %d`, n))
	var asked int
	if v.evaluates(`window.asked.length`, &asked); asked != n {
		v.t.Errorf("the person is asked %d times, want %d", asked, n)
	}
}

// grants allows what the person is asked for, and waits until the page has what comes of
// it. From now on the browser asks nobody.
func (v *visitor) grants() {
	v.t.Helper()
	v.until(`(() => {
		window.held = false;
		window.before ??= window.opened.length;
		window.asked.splice(0).forEach((question) => question.grant());
		if (window.opened.length === window.before) return false;
		delete window.before;
		return true;
	})()`)
}

// has checks which kinds of tracks the browser holds open, of all that were ever opened.
func (v *visitor) has(kinds ...string) {
	v.t.Helper()
	slices.Sort(kinds)
	v.until(fmt.Sprintf(`%q === window.opened.filter((t) => t.readyState === 'live').map((t) => t.kind).sort().join()`, joined(kinds)))
}

func joined(words []string) (all string) {
	for i, w := range words {
		if i > 0 {
			all += ","
		}
		all += w
	}
	return all
}

// isSeen checks whether the page shows what the camera sees, before the room or in it.
func (v *visitor) isSeen(on bool) {
	v.t.Helper()
	v.until(fmt.Sprintf(`%v === [...document.querySelectorAll('#preview-video, .tile.own video')].some((v) => v.checkVisibility() && v.videoWidth > 8)`, on))
}

// of reports whether an event is about a person's source.
func of(id, source string) func(drive.Event) bool {
	return func(e drive.Event) bool { return e.Text("id") == id && e.Text("source") == source }
}

// count is how often that has happened since mark.
func (p *person) count(mark int, event string, match func(drive.Event) bool) (n int) {
	for _, e := range p.Events()[mark:] {
		if e.Name == event && match(e) {
			n++
		}
	}
	return n
}

// gets waits until p gets a source of somebody's, or does not: after a reconnect, they may
// be somebody new.
func (p *person) gets(id, source string, on bool) {
	p.t.Helper()
	for mark := 0; ; {
		is := false
		for _, e := range p.Events() {
			switch {
			case e.Name == "participant_left" && e.Text("id") == id:
				is = false
			case !of(id, source)(e):
			case e.Name == "track_subscribed":
				is = e.Get("muted") != true
			case e.Name == "track_muted" || e.Name == "track_unpublished":
				is = false
			case e.Name == "track_unmuted":
				is = true
			}
		}
		if is == on {
			return
		}
		mark = p.AwaitAfter(max(mark, p.Mark()), "stats", nil).Index
	}
}

// flows waits until more of somebody's source has come to p.
func (p *person) flows(id, source string) {
	p.t.Helper()
	amount := func(e drive.Event) (n float64) {
		var s struct {
			Remote []struct {
				ID, Source string
				Bytes      float64
				Frames     float64 `json:"frames_decoded"`
			}
		}
		must(p.t, e.Decode(&s))
		for _, r := range s.Remote {
			if r.ID == id && r.Source == source && r.Frames > 0 {
				n = r.Bytes
			}
		}
		return n
	}
	first := -1.0
	p.AwaitAfter(p.Mark(), "stats", func(e drive.Event) bool {
		n := amount(e)
		if first < 0 && n > 0 {
			first = n
		}
		return first > 0 && n > first+500
	})
}

func (p *person) rules(name string, on bool) {
	p.t.Helper()
	mark := p.Mark()
	p.Say(map[string]any{"cmd": "rules", name: on})
	p.AwaitAfter(mark, "rules", func(e drive.Event) bool { rules, _ := e.Get("rules").(map[string]any); return rules[name] == on })
}

// TestPageFreesDevices: nothing is open behind a page that does not show it, whatever is
// pressed, and however late the person answers the browser's question.
func TestPageFreesDevices(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	host := h.comes("host", h.invite("hall", "--role", "host"), drive.JoinOptions{
		Args: []string{"--camera", "none", "--mic", "none", "--speaker", "none"},
	})
	host.awaits("joined", nil)
	bob := h.visits(h.invite("hall", "--title", "Team"), false)
	defer bob.secrets()
	bob.clicks("#here")
	bob.types("#name", "Bob")

	bob.pressesTwice()
	bob.isRefused(host)
	id := bob.waitsAndComes(host)
	bob.togglesInside(host, id)
	bob.losesDevices(host, id)
	bob.isMutedMeanwhile(host, id)
	bob.losesTheLine(host, id)
	bob.isRemovedMeanwhile(host, id)
	bob.cancelsLate(host, id)
}

// pressesTwice presses buttons of the lobby while the browser asks.
func (v *visitor) pressesTwice() {
	v.t.Helper()
	v.t.Log("pressed twice and three times, in the lobby")
	v.holds()
	v.clicks("#lobby-camera", "#lobby-camera")
	v.isAsked(1)
	v.grants()
	v.has()
	v.isSeen(false)
	v.holds()
	v.clicks("#lobby-camera", "#lobby-camera", "#lobby-camera")
	v.isAsked(1)
	v.finds("#preview-note", v.book.T("lobby.camera_opening"))
	v.grants()
	v.has("video")
	v.isSeen(true)
}

// isRefused asks to join a locked room while the browser asks for the microphone.
func (v *visitor) isRefused(host *person) {
	v.t.Helper()
	v.t.Log("refused while the browser asks")
	host.rules("locked", true)
	v.holds()
	v.clicks("#lobby-mic", "#join")
	v.isTold(call.Left{Reason: call.ReasonJoinFailed, Err: call.ErrRoomLocked})
	v.finds("#receipt", v.book.Source(call.SourceCamera))
	v.grants()
	v.has()
	host.rules("locked", false)
}

// waitsAndComes turns devices on and off while a host has to let them in, and is let in
// while the browser still asks.
func (v *visitor) waitsAndComes(host *person) (id string) {
	v.t.Helper()
	v.t.Log("what was on comes back in the lobby, and is shown while the guest waits")
	v.clicks(`[data-action="action.lobby"]`)
	v.has("audio", "video")
	v.isSeen(true)
	host.rules("waiting", true)
	v.clicks("#join")
	v.finds("#waiting-title", v.book.T("lobby.waiting", "room", "Team"))
	v.isSeen(true)
	v.looks("waiting-camera")
	v.clicks("#lobby-camera")
	v.has("audio")
	v.isSeen(false)
	v.clicks("#lobby-mic", "#lobby-camera")
	v.has("video")
	v.isSeen(true)

	v.t.Log("the computer sleeps")
	v.does(map[string]any{"cmd": "eval", "code": `{ const now = Date.now; Date.now = () => now() + 61_000; }`})
	v.has()
	v.clicks("#lobby-camera")
	v.has("video")

	v.t.Log("let in while the browser asks")
	v.holds()
	v.clicks("#lobby-mic")
	v.isAsked(1)
	mark := host.Mark()
	host.moderates(map[string]any{"cmd": "admit", "all": true})
	id = v.identity(host, mark)
	host.AwaitAfter(mark, "track_subscribed", of(id, "camera"))
	v.finds("#grid", "Host")
	v.has("video")
	v.isSeen(true)
	v.grants()
	host.AwaitAfter(mark, "track_subscribed", of(id, "microphone"))
	v.has("audio", "video")
	for _, source := range []string{"camera", "microphone"} {
		if n := host.count(mark, "track_published", of(id, source)); n > 1 {
			v.t.Errorf("%d tracks of a %s are published", n, source)
		}
	}
	host.flows(id, "camera")
	host.flows(id, "microphone")
	host.rules("waiting", false)
	return id
}

// togglesInside turns devices off and on in the room.
func (v *visitor) togglesInside(host *person, id string) {
	v.t.Helper()
	v.t.Log("pressed twice and three times, in the room")
	mark := host.Mark()
	v.clicks("#camera")
	host.AwaitAfter(mark, "track_muted", of(id, "camera"))
	v.has("audio")
	mark = host.Mark()
	v.holds()
	v.clicks("#camera", "#camera")
	v.isAsked(1)
	v.grants()
	v.has("audio")
	v.clicks("#mic") // it is told after what the camera would have told
	host.AwaitAfter(mark, "track_muted", of(id, "microphone"))
	if n := host.count(mark, "track_unmuted", of(id, "camera")); n > 0 {
		v.t.Error("a camera is on that was taken back")
	}
	v.clicks("#mic")
	host.AwaitAfter(mark, "track_unmuted", of(id, "microphone"))
	v.holds()
	v.clicks("#camera", "#camera", "#camera")
	v.isAsked(1)
	v.grants()
	host.AwaitAfter(mark, "track_unmuted", of(id, "camera"))
	v.has("audio", "video")
	v.isSeen(true)
	host.flows(id, "camera")
	host.flows(id, "microphone")

	v.t.Log("a screen whose choice outlives its wish, and one that is shared")
	v.holds()
	v.clicks("#share", "#share")
	v.isAsked(1)
	v.grants()
	v.has("audio", "video")
	v.clicks("#share")
	host.AwaitAfter(mark, "track_published", of(id, "screen"))
	v.looks("sharing")
	v.clicks("#share", "#share")
	host.AwaitAfter(mark, "track_unpublished", of(id, "screen"))
	v.clicks("#share")
	v.has("audio", "video")
}

// losesDevices unplugs what is open: LiveKit's client opens nothing in its place, the page
// another microphone.
func (v *visitor) losesDevices(host *person, id string) {
	v.t.Helper()
	v.t.Log("devices are unplugged, and sharing is stopped in the browser")
	unplug := func(kind string) {
		v.does(map[string]any{"cmd": "eval", "code": fmt.Sprintf(`{
			const track = window.opened.findLast((t) => t.readyState === 'live' && t.kind === %q);
			track.stop();
			track.dispatchEvent(new Event('ended'));
		}`, kind)})
	}
	mark := host.Mark()
	unplug("video")
	host.AwaitAfter(mark, "track_muted", of(id, "camera"))
	v.has("audio")
	v.finds("#toasts", v.book.T("error.device_lost", "device", v.book.Device(call.SourceCamera, "")))
	v.clicks("#share")
	host.AwaitAfter(mark, "track_published", of(id, "screen"))
	unplug("video") // the newest
	host.AwaitAfter(mark, "track_unpublished", of(id, "screen"))
	v.finds("#share", v.book.T("bar.share_on"))
	v.has("audio")
	v.clicks("#camera")
	host.AwaitAfter(mark, "track_unmuted", of(id, "camera"))
	unplug("audio")
	v.has("audio", "video")
	host.flows(id, "microphone")
	host.flows(id, "camera")
}

// isMutedMeanwhile is muted, and loses the right to speak, while the browser asks.
func (v *visitor) isMutedMeanwhile(host *person, id string) {
	v.t.Helper()
	v.t.Log("muted while the browser asks")
	host.moderates(map[string]any{"cmd": "mute_participant", "id": id})
	v.has("video")
	host.moderates(map[string]any{"cmd": "unmute_participant", "id": id})
	v.lacks("#banner")
	v.holds()
	v.clicks("#mic")
	v.isAsked(1)
	host.moderates(map[string]any{"cmd": "mute_participant", "id": id})
	v.finds("#banner", v.book.T("room.silenced"))
	v.grants()
	v.has("video")
	host.moderates(map[string]any{"cmd": "unmute_participant", "id": id})
	v.lacks("#banner")
	v.has("video")
	mark := host.Mark()
	v.clicks("#mic")
	v.has("audio", "video")
	host.AwaitAfter(mark, "track_unmuted", of(id, "microphone"))
	host.flows(id, "microphone")

	v.t.Log("made a listener while the browser asks")
	v.clicks("#camera")
	v.has("audio")
	v.holds()
	v.clicks("#camera", "#share")
	v.isAsked(2)
	host.moderates(map[string]any{"cmd": "role", "id": id, "role": "listener"})
	v.finds("#banner", v.book.T("room.listening"))
	v.has()
	v.grants()
	v.has()
	host.moderates(map[string]any{"cmd": "role", "id": id, "role": "participant"})
	v.lacks("#banner")
	v.has()
	mark = host.Mark()
	v.clicks("#camera", "#mic")
	host.AwaitAfter(mark, "track_subscribed", of(id, "camera"))
	host.AwaitAfter(mark, "track_subscribed", of(id, "microphone"))
	v.has("audio", "video")
}

// losesTheLine turns the camera off and on while the page reconnects, and leaves
// meanwhile.
func (v *visitor) losesTheLine(host *person, id string) {
	v.t.Helper()
	v.t.Log("off and on without a connection")
	cut := func() {
		v.does(map[string]any{"cmd": "eval", "code": `window.cut = true; window.sockets.at(-1).close()`})
		v.finds("#banner", v.book.T("room.reconnecting"))
	}
	cut()
	v.clicks("#camera")
	v.has("audio")
	v.does(map[string]any{"cmd": "eval", "code": `window.cut = false`})
	v.lacks("#banner")
	host.gets(id, "camera", false)
	host.gets(id, "microphone", true)
	cut()
	v.clicks("#camera")
	v.has("audio", "video")
	v.isSeen(true)
	v.does(map[string]any{"cmd": "eval", "code": `window.cut = false`})
	host.gets(id, "camera", true)
	v.lacks("#banner")
	host.flows(id, "camera")

	v.t.Log("left without a connection, while the browser asks")
	cut()
	v.clicks("#camera")
	v.holds()
	v.clicks("#camera")
	v.isAsked(1)
	v.clicks("#leave")
	v.isTold(call.Left{Reason: call.ReasonLeft, People: 2})
	v.does(map[string]any{"cmd": "eval", "code": `window.cut = false`})
	v.grants()
	v.has()
}

// isRemovedMeanwhile is removed while the browser asks, and comes back with what was on.
func (v *visitor) isRemovedMeanwhile(host *person, id string) {
	v.t.Helper()
	v.t.Log("removed while the browser asks")
	mark := host.Mark()
	v.clicks(`[data-action="action.rejoin"]`)
	v.finds("#grid", "Host")
	host.AwaitAfter(mark, "track_subscribed", of(id, "camera"))
	v.clicks("#camera")
	v.holds()
	v.clicks("#camera")
	v.isAsked(1)
	host.moderates(map[string]any{"cmd": "remove", "id": id})
	v.isTold(call.Left{Reason: call.ReasonRemoved, By: "Host", People: 2})
	v.grants()
	v.has()
	mark = host.Mark()
	v.clicks(`[data-action="action.ask_rejoin"]`)
	v.finds("#grid", "Host")
	host.AwaitAfter(mark, "track_subscribed", of(id, "camera"))
	v.has("audio", "video")
	v.clicks("#leave")
	v.isTold(call.Left{Reason: call.ReasonLeft, People: 2})
}

// cancelsLate takes a join back when the door has let them in already.
func (v *visitor) cancelsLate(host *person, id string) {
	v.t.Helper()
	for name, when := range map[string]string{
		"as the connection begins":        `setTimeout(press)`,
		"when the server has a place":     `s.addEventListener('message', () => press(), { once: true })`,
		"before the connection has begun": `press()`,
	} {
		v.t.Log("cancelled " + name)
		mark := host.Mark()
		v.does(map[string]any{"cmd": "eval", "code": `
			window.onsocket = (s) => {
				window.onsocket = undefined;
				const press = () => document.querySelector('#cancel').click();
				` + when + `;
			}`})
		v.clicks(`[data-action]`)
		v.finds("#farewell-title", v.book.T("left.cancelled"))
		v.has()
		host.rests(1)
		came := host.count(mark, "participant_joined", about(id))
		if came > 0 {
			host.AwaitAfter(mark, "participant_left", about(id))
		}
		if n := host.count(mark, "track_published", of(id, "camera")); n > 0 {
			v.t.Error("a camera is published behind a farewell")
		}
	}
}
