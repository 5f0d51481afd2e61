//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/testenv"
	"foyer/ui/words"
)

// visitor is a guest in Chromium, on the page that the door serves.
type visitor struct {
	*testenv.Process
	t    *testing.T
	url  string
	book *words.Book // of the language in which the page speaks to them
}

// webOf is a link in its form for browsers.
func webOf(t *testing.T, link string) string {
	t.Helper()
	l, err := call.ParseLink(link)
	must(t, err)
	return l.Web()
}

func (h *house) visits(link string, tcp bool) *visitor {
	h.t.Helper()
	return visit(h.t, h.foyer, nil, link, tcp)
}

// visit starts Chromium in a network, nil for our own.
func visit(t *testing.T, f drive.Foyer, ns *drive.NetNS, link string, tcp bool) *visitor {
	t.Helper()
	root, err := drive.Root()
	must(t, err)
	url := webOf(t, link)
	p, err := f.Visit(t.Context(), root, ns, map[string]any{"url": url, "language": "en-GB", "tcp": tcp})
	must(t, err)
	return &visitor{testenv.Adopt(t, p), t, url, words.English()}
}

// does a command and returns what the page answers.
func (v *visitor) does(command map[string]any) json.RawMessage {
	v.t.Helper()
	mark := v.Mark()
	v.Say(command)
	e := v.AwaitAfter(mark, "done", nil)
	if e.Text("error") != "" {
		v.t.Fatalf("%v: %s", command, e.Raw)
	}
	var done struct{ Value json.RawMessage }
	must(v.t, e.Decode(&done))
	return done.Value
}

// opens another page, as a browser in that language shows it.
func (v *visitor) opens(language string, more map[string]any) {
	v.t.Helper()
	v.book = words.Choose(words.Match(language), nil)
	command := map[string]any{"cmd": "open", "url": v.url, "language": language}
	for name, value := range more {
		command[name] = value
	}
	v.does(command)
}

func (v *visitor) clicks(all ...string) {
	v.t.Helper()
	for _, on := range all {
		v.does(map[string]any{"cmd": "click", "on": on})
	}
}

func (v *visitor) types(on, text string) {
	v.t.Helper()
	v.does(map[string]any{"cmd": "fill", "on": on, "text": text})
}

// finds waits until a control says a text.
func (v *visitor) finds(on, text string) {
	v.t.Helper()
	v.does(map[string]any{"cmd": "await", "on": on, "text": text})
}

func (v *visitor) lacks(on string) {
	v.t.Helper()
	v.does(map[string]any{"cmd": "await", "on": on, "gone": true})
}

// looks leaves an image of the page to look at.
func (v *visitor) looks(name string) {
	v.t.Helper()
	v.does(map[string]any{"cmd": "shot", "file": artifact(v.t, "page-"+name+".png")})
}

// evaluates reads what a script answers.
func (v *visitor) evaluates(code string, into any) {
	v.t.Helper()
	must(v.t, json.Unmarshal(v.does(map[string]any{"cmd": "eval", "code": code}), into))
}

// enters joins, as Bob, from the page's first screen.
func (v *visitor) enters(controls ...string) {
	v.t.Helper()
	v.clicks("#here")
	v.clicks(controls...)
	v.types("#name", "Bob")
	v.clicks("#join")
}

// isTold checks the farewell: that the window would say the same, and that no track is
// open any more.
func (v *visitor) isTold(left call.Left) {
	v.t.Helper()
	want := v.book.Left(left, time.Now())
	v.finds("#farewell-title", want.Title)
	v.finds("#farewell-detail", want.Detail)
	if want.Quote != "" {
		v.finds("#farewell-quote", want.Quote)
	}
	var open []string
	v.evaluates(`window.opened.filter((t) => t.readyState !== 'ended').map((t) => t.label)`, &open)
	if len(open) > 0 {
		v.t.Errorf("%s, and these are open: %q", want.Title, open)
	}
}

// identity is the page's user ID, as somebody else hears of it.
func (v *visitor) identity(host *person, mark int) string {
	v.t.Helper()
	return host.AwaitAfter(mark, "participant_joined", func(e drive.Event) bool { return e.Text("name") == "Bob" }).Text("id")
}

// secrets checks that nothing that was asked for has the secret of the link in its
// address, and that the page found no fault with itself.
func (v *visitor) secrets() {
	v.t.Helper()
	l, err := call.ParseLink(v.url)
	must(v.t, err)
	for _, e := range v.Events() {
		address, _, _ := strings.Cut(e.Text("url"), "#")
		switch {
		case e.Name == "request" && strings.Contains(address, l.Secret):
			v.t.Errorf("the secret is sent: %s", e.Raw)
		case e.Name == "request" && !strings.HasPrefix(address, "https://"+l.Hosts[0]) && !strings.HasPrefix(address, "wss://"+l.Hosts[0]):
			v.t.Errorf("somebody else is asked: %s", e.Raw)
		case e.Name == "console" && (strings.Contains(e.Text("text"), "Content Security Policy") || strings.Contains(e.Text("text"), l.Secret)):
			v.t.Errorf("the page says %s", e.Raw)
		}
	}
}

// TestGuestInABrowser: a guest without Foyer joins on the page that the door serves, and
// is treated and told as in the window, in three languages.
func TestGuestInABrowser(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("hall", "--title", "Team")
	host := h.comes("host", h.invite("hall", "--role", "host"), drive.JoinOptions{
		Args: []string{"--camera", smallFilm(t), "--mic", "none", "--speaker", "none"},
	})
	host.awaits("joined", nil)
	bob := h.visits(link, false)
	defer bob.secrets()

	t.Log("the lobby, and in")
	bob.finds("#welcome-title", bob.book.T("page.invited", "room", "Team"))
	mark := host.Mark()
	bob.enters("#lobby-camera", "#lobby-mic")
	bob.finds("#grid", "Host")
	id := bob.identity(host, mark)
	host.awaits("track_subscribed", func(e drive.Event) bool { return e.Text("id") == id && e.Text("source") == "camera" })
	bob.sees(t)
	bob.looks("room")

	t.Log("chat both ways, and texts that would be markup")
	const hostile = "<img src=x onerror=alert(1)> \u202egnp"
	bob.clicks("#open-chat")
	bob.types("#chat-text", "<b>hello</b>")
	bob.clicks("#chat-send")
	host.reads("<b>hello</b>")
	bob.lacks("#messages .pending")
	host.Say(map[string]any{"cmd": "chat", "text": hostile})
	bob.finds("#messages", "<img src=x onerror=alert(1)>")
	var images int
	bob.evaluates(`document.querySelectorAll('#messages img, #messages b').length`, &images)
	if images > 0 {
		t.Error("a message became markup")
	}

	t.Log("muted by the host")
	host.moderates(map[string]any{"cmd": "mute_participant", "id": id})
	bob.finds("#banner", bob.book.T("room.silenced"))
	bob.finds("#chat-note", bob.book.T("chat.muted"))
	var live []string
	bob.evaluates(`window.opened.filter((t) => t.readyState === 'live').map((t) => t.kind)`, &live)
	if fmt.Sprint(live) != "[video]" {
		t.Errorf("of a muted guest, these are open: %q", live)
	}
	host.moderates(map[string]any{"cmd": "unmute_participant", "id": id})
	bob.lacks("#banner")

	t.Log("removed with a text, and back")
	host.moderates(map[string]any{"cmd": "remove", "id": id, "text": "Too <i>loud</i>"})
	bob.isTold(call.Left{Reason: call.ReasonRemoved, By: "Host", Text: "Too <i>loud</i>", People: 2})
	bob.finds("#receipt", bob.book.Source(call.SourceCamera))
	bob.looks("removed")
	mark = host.Mark()
	bob.clicks(`[data-action="action.ask_rejoin"]`)
	bob.identity(host, mark)
	bob.finds("#grid", "Host")

	bob.isBannedAndWaits(host, id)
}

// sees waits until the guest sees the host's camera.
func (v *visitor) sees(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(testenv.Limit)
	for shown := false; !shown; {
		v.evaluates(`[...document.querySelectorAll('#grid .tile:not(.own) video')].some((v) => v.checkVisibility() && v.videoWidth > 8)`, &shown)
		if time.Now().After(deadline) {
			t.Fatal("the page shows no camera")
		}
	}
}

// triesAgain lets a banned browser ask 1000 times more, by the page's own modules, under
// other names and IDs and with what it keeps of itself read anew.
func (v *visitor) triesAgain() {
	v.t.Helper()
	const tries = 1000
	began := time.Now()
	var answers map[string]int
	v.evaluates(fmt.Sprintf(`(async () => {
		const [door, { load }, { read }] = await Promise.all(['door', 'me', 'link'].map((m) => import('/j/' + m + '.js')));
		const link = read(window.location);
		const answers = {};
		let left = %d;
		await Promise.all([...Array(8).keys()].map(async (k) => {
			let me = await load();
			for (let n = 0; left-- > 0; n++) {
				if (n %% 25 === 0) me = await load();
				const as = n %% 2 ? me : { ...me, identity: 'u-' + k + '-' + n };
				const said = await door.join(link, as, 'Bob ' + k + n, { onWaiting() {} }).then(() => 'in', (refusal) => refusal.error ?? String(refusal));
				answers[said] = (answers[said] ?? 0) + 1;
			}
		}));
		return answers;
	})()`, tries), &answers)
	v.t.Logf("%d tries in %v: %v", tries, time.Since(began), answers)
	sum := 0
	for said, n := range answers {
		if sum += n; said != "banned" && said != "too_many_tries" {
			v.t.Errorf("%d times a banned browser hears %q", n, said)
		}
	}
	if sum != tries || answers["banned"] < tries/10 {
		v.t.Errorf("of %d tries: %v", tries, answers)
	}
}

// isBannedAndWaits goes on with the story: banned, waiting, dismissed.
func (v *visitor) isBannedAndWaits(host *person, id string) {
	v.t.Helper()
	v.t.Log("banned, and refused with another page, name and language")
	host.moderates(map[string]any{"cmd": "ban", "id": id, "text": "Enough"})
	v.isTold(call.Left{Reason: call.ReasonBanned, Text: "Enough", People: 2})
	v.opens("de-CH", map[string]any{"width": 390, "height": 844, "phone": true})
	v.finds("#welcome-title", v.book.T("page.invited", "room", "Team"))
	v.looks("phone-de")
	v.triesAgain()
	v.enters()
	v.isTold(call.Left{Reason: call.ReasonJoinFailed, Err: &call.BannedError{Text: "Enough"}})
	host.moderates(map[string]any{"cmd": "unban", "id": id})

	v.t.Log("a waiting room: cancelled, let in, turned away")
	host.Say(map[string]any{"cmd": "rules", "waiting": true})
	host.awaits("rules", func(e drive.Event) bool { rules, _ := e.Get("rules").(map[string]any); return rules["waiting"] == true })
	v.clicks(`[data-action="action.lobby"]`, "#join")
	v.finds("#waiting-title", v.book.T("lobby.waiting", "room", "Team"))
	v.finds("#waiting-detail", v.book.T("lobby.waiting.detail"))
	v.looks("waiting")
	v.clicks("#cancel")
	v.isTold(call.Left{Reason: call.ReasonLeft})
	v.clicks(`[data-action="action.try_again"]`)
	v.finds("#waiting-title", v.book.T("lobby.waiting", "room", "Team"))
	mark := host.Mark()
	host.moderates(map[string]any{"cmd": "admit", "all": true})
	v.identity(host, mark)
	v.finds("#grid", "Host")
	v.clicks("#open-chat")
	v.finds("#messages", "<b>hello</b>")
	v.looks("phone-chat")
	v.clicks("#panel-close")
	v.looks("phone-room")
	host.moderates(map[string]any{"cmd": "remove", "id": id})
	v.isTold(call.Left{Reason: call.ReasonRemoved, By: "Host", People: 2})
	v.clicks(`[data-action="action.ask_rejoin"]`)
	v.finds("#waiting-title", v.book.T("lobby.waiting", "room", "Team"))
	host.moderates(map[string]any{"cmd": "turn_away", "all": true, "text": "Later"})
	v.isTold(call.Left{Reason: call.ReasonTurnedAway, By: "Host", Text: "Later"})
}

// TestPageEnds: the guest leaves, the room is dismissed, the server stops, and the page
// says which. It says, too, what a browser lacks. Media goes over TCP alone.
func TestPageEnds(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{Listen: fmt.Sprint(":", testenv.FreePort(t))})
	link := h.invite("hall", "--title", "Team")
	bob := h.visits(link, true)
	defer bob.secrets()

	t.Log("a screen is shared, and the guest leaves")
	bob.enters("#lobby-camera")
	bob.finds("#room-title", "Team")
	bob.clicks("#share")
	bob.finds("#share", bob.book.T("bar.share_off"))
	bob.looks("share")
	var took struct {
		MS   float64
		Open []string
	}
	bob.evaluates(`(() => {
		const start = performance.now();
		document.querySelector('#leave').click();
		return { ms: performance.now() - start, open: window.opened.filter((t) => t.readyState !== 'ended').map((t) => t.label) };
	})()`, &took)
	t.Logf("every track has ended after %.1f ms", took.MS)
	if took.MS > float64(releaseLimit.Milliseconds()) || len(took.Open) > 0 {
		t.Errorf("after %.0f ms these are open: %q", took.MS, took.Open)
	}
	bob.isTold(call.Left{Reason: call.ReasonLeft, People: 1})
	bob.finds("#receipt", bob.book.Source(call.SourceScreen))
	bob.looks("left")

	t.Log("dismissed, in Chinese")
	bob.opens("zh-Hans-CN", nil)
	bob.finds("#welcome-title", bob.book.T("page.invited", "room", "Team"))
	bob.looks("zh")
	bob.enters()
	bob.finds("#room-title", "Team")
	h.admin(0, "dismiss", "hall", "--text", "谢谢")
	bob.isTold(call.Left{Reason: call.ReasonDismissed, Text: "谢谢", People: 1})

	t.Log("what a browser lacks is said before anything else")
	for what, key := range map[string]string{"webrtc": "page.no_webrtc", "storage": "page.no_storage"} {
		bob.opens("en-GB", map[string]any{"without": what})
		bob.finds("#farewell-title", bob.book.T(key))
		bob.finds("#farewell-detail", bob.book.T(key+".next"))
	}
	whole := bob.url
	bob.url = whole[:len(whole)-12]
	bob.opens("en-GB", nil)
	bob.finds("#farewell-title", bob.book.T("error.link_cut"))
	bob.url = whole

	bob.keepsLimits()

	t.Log("a camera that is blocked")
	bob.opens("en-GB", map[string]any{"without": "camera"})
	bob.clicks("#here", "#lobby-camera")
	bob.finds("#device-error", bob.book.T("page.device_forbidden", "device", bob.book.Device(call.SourceCamera, "")))

	t.Log("the server stops")
	bob.types("#name", "Bob")
	bob.clicks("#join")
	bob.finds("#room-title", "Team")
	_, err := h.server.Drive.Stop(t.Context())
	must(t, err)
	bob.isTold(call.Left{Reason: call.ReasonServerStopped, People: 1})
}
