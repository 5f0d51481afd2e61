//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/matrix"
	"foyer/internal/testenv"
)

// preview is a window whose lobby shows what a film and the sound server's
// microphone give, looked at from outside.
type preview struct {
	*window
	film                 string
	camera, mic, speaker device
}

func openPreview(t *testing.T, name string, own map[string]any, args ...string) *preview {
	t.Helper()
	film := smallFilm(t)
	if _, chosen := own["camera"]; !chosen {
		own["camera"] = film
	}
	w := openWindowWith(t, testenv.Foyer(t), name, own, args...)
	p := &preview{window: w, film: film}
	p.look()
	return p
}

// look makes the eyes for the process that runs now.
func (p *preview) look() {
	audio := audioDevices(p.pulse, p.PID)
	p.mic, p.speaker = audio[0], audio[1]
	p.camera = device{"camera", holdsFile(p.PID, p.film)}
}

func (p *preview) all() []device { return []device{p.camera, p.mic, p.speaker} }

// notInUse is the cell of a device that this way out cannot have open: a screen is
// looked at and shared in a room alone.
func notInUse(device string) matrix.Cell { return matrix.Cell{Device: device, Note: "not in use"} }

// again starts the program once more with the same profile on the same desktop.
func (p *preview) again(args ...string) {
	p.t.Helper()
	p.Process = p.launch(p.profile, args...)
	p.until("the window is there", func() bool { return p.id() != "" })
	p.look()
}

// main waits until the main action is one that lies elsewhere than that of the
// page before, twice at the same place: pages are drawn in steps.
func (p *preview) main(what string, before image.Rectangle) desktop.Blob {
	p.t.Helper()
	var found desktop.Blob
	p.until(what, func() bool {
		all := slices.DeleteFunc(p.buttons(accent), func(b desktop.Blob) bool { return b.Rectangle.Overlaps(before) && b.Rectangle == before })
		if len(all) == 0 {
			found = desktop.Blob{}
			return false
		}
		last := found
		found = slices.MaxFunc(all, func(a, b desktop.Blob) int { return a.Pixels - b.Pixels })
		return found == last
	})
	return found
}

// wantFree checks that nothing is held beside a page that shows no preview.
func (p *preview) wantFree(when string) {
	p.t.Helper()
	if names := stillHeld(p.t.Context(), append(p.all(), p.screen())); len(names) > 0 {
		p.shot("held")
		p.t.Errorf("%s: %v still held", when, names)
	}
}

// wantHeld waits until exactly these are held.
func (p *preview) wantHeld(when string, devices ...device) {
	p.t.Helper()
	for _, d := range []device{p.camera, p.mic} {
		want := slices.ContainsFunc(devices, func(o device) bool { return o.name == d.name })
		if !held(p.t, d, want, testenv.Limit) {
			p.shot("held")
			p.t.Errorf("%s: %s held is not %v", when, d.name, want)
		}
	}
}

// nowhere is a point of the window without anything on it.
var nowhere = image.Pt(600, 740)

// failing is what the failing joins of a test have in common.
type failing struct {
	server  *testenv.Server
	good    call.Link
	profile string           // the window's
	self    string           // its user ID
	host    *testenv.Process // of the waiting room that was opened last
}

func (f *failing) admin(t *testing.T, args ...string) {
	t.Helper()
	if _, errs, status, err := f.server.Drive.Admin(t.Context(), args...); err != nil || status != 0 {
		t.Fatalf("foyer admin %v: status %d, %v: %s", args, status, err, errs)
	}
}

// inside lets somebody into a room, so that it is there.
func (f *failing) inside(t *testing.T, room string, o drive.JoinOptions) *testenv.Process {
	t.Helper()
	o.Link, o.Name = f.server.Invite(room), "Grace"
	p := testenv.Join(t, testenv.Foyer(t), o)
	p.Await("joined")
	return p
}

// failedJoin is a link that leads to no stay.
type failedJoin struct {
	name   string
	reason string
	link   func(*testing.T, *failing) string // an empty one: a room is started
	end    func(*testing.T, *failing)        // of the wait to be let in; nil: there is none
}

// failedJoins are such links, each for a cause of its own.
func failedJoins() []failedJoin {
	changed := func(name string, change func(*testing.T, *call.Link)) failedJoin {
		return failedJoin{name: name, reason: "join_failed", link: func(t *testing.T, f *failing) string {
			l := f.good
			change(t, &l)
			return l.String()
		}}
	}
	room := func(name, reason string, prepare func(t *testing.T, f *failing, room string)) failedJoin {
		return failedJoin{name: name, reason: reason, link: func(t *testing.T, f *failing) string {
			link := f.server.Invite(strings.ReplaceAll(name, " ", "-"))
			prepare(t, f, strings.ReplaceAll(name, " ", "-"))
			return link
		}}
	}
	waits := func(name, reason string, end map[string]any) failedJoin {
		var host *testenv.Process
		c := room(name, reason, func(t *testing.T, f *failing, room string) { host = f.waitingRoom(t, room) })
		c.end = func(*testing.T, *failing) { host.Say(end) }
		return c
	}
	return []failedJoin{
		{name: "the server does not start", reason: "join_failed", link: func(t *testing.T, f *failing) string {
			data := filepath.Join(f.profile, "server")
			must(t, os.WriteFile(data, nil, 0o600)) // a file where its folder would be
			t.Cleanup(func() { must(t, os.Remove(data)) })
			return ""
		}},
		changed("nobody there", func(t *testing.T, l *call.Link) { l.Hosts = []string{closedPort(t)} }),
		changed("another certificate", func(_ *testing.T, l *call.Link) { l.Fingerprint[3]++ }),
		changed("another secret", func(_ *testing.T, l *call.Link) { l.Secret = l.Secret[1:] + l.Secret[:1] + "A" }),
		changed("garbage", func(t *testing.T, l *call.Link) { garbageServer(t, l) }),
		changed("no such room", func(_ *testing.T, l *call.Link) { l.Existing, l.Room = true, "never-was" }),
		room("banned", "banned", func(t *testing.T, f *failing, room string) {
			f.inside(t, room, drive.JoinOptions{})
			selfOf(t, f.server, room, f.profile) // who was never there cannot be banned
			f.admin(t, "ban", room, f.self, "--for", "10m")
		}),
		room("id taken", "join_failed", func(t *testing.T, f *failing, room string) { f.inside(t, room, drive.JoinOptions{ID: f.self}) }),
		room("full", "join_failed", func(t *testing.T, f *failing, room string) {
			f.inside(t, room, drive.JoinOptions{})
			f.admin(t, "rules", room, "--max-members", "1")
		}),
		room("locked", "join_failed", func(t *testing.T, f *failing, room string) {
			f.inside(t, room, drive.JoinOptions{})
			f.admin(t, "rules", room, "--locked")
		}),
		room("too many of one key", "join_failed", func(t *testing.T, f *failing, room string) {
			for i := range 5 {
				f.inside(t, room, drive.JoinOptions{ID: fmt.Sprint("self-", i), Profile: f.profile})
			}
		}),
		waits("turned away", "turned_away", map[string]any{"cmd": "turn_away", "all": true, "text": "Not now"}),
		waits("dismissed while we wait", "dismissed", map[string]any{"cmd": "dismiss"}),
		{name: "expired", reason: "join_failed", link: func(t *testing.T, f *failing) string {
			link, err := f.server.Drive.InviteWith(t.Context(), "expired", "--for", "1s")
			must(t, err)
			<-time.After(1100 * time.Millisecond) // what is tested is that this time is over
			return link
		}},
		{name: "a forged token", reason: "join_failed", link: func(t *testing.T, f *failing) string {
			token, err := f.server.Token("ada", "Ada", drive.Grants{"roomJoin": true, "room": "plain"})
			must(t, err)
			return strings.Replace(f.server.Drive.URL, "https", "wss", 1) + "/?token=" + token
		}},
		changed("silence", func(t *testing.T, l *call.Link) { l.Hosts = []string{silentServer(t)} }),
	}
}

// waitingRoom opens a room whose host has to let everybody in.
func (f *failing) waitingRoom(t *testing.T, room string) (host *testenv.Process) {
	t.Helper()
	link, err := f.server.Drive.InviteWith(t.Context(), room, "--role", "host")
	must(t, err)
	host = testenv.Join(t, testenv.Foyer(t), drive.JoinOptions{Link: link, Name: "Host", ID: "host"})
	host.Await("joined")
	host.Say(map[string]any{"cmd": "rules", "waiting": true})
	host.AwaitWhere("moderated", func(e drive.Event) bool { return e.Text("op") == "rules" })
	f.host = host
	return host
}

// selfOf joins a room with a profile, leaves, and returns the user ID, which the
// profile has in every room.
func selfOf(t *testing.T, s *testenv.Server, room, profile string) string {
	t.Helper()
	p := testenv.Join(t, testenv.Foyer(t), drive.JoinOptions{Link: s.Invite(room), Name: "Ada", Profile: profile})
	self := p.Await("joined").Text("id")
	must(t, p.CloseInput())
	p.Ended()
	return self
}

// Each way in which a join can fail, from a window whose lobby shows a preview:
// beside the page that says why, no device is held.
func TestJ8_L2_AFailedJoinHoldsNothing(t *testing.T) {
	f := &failing{server: testenv.Serve(t, testenv.Foyer(t), drive.ServeOptions{})}
	var err error
	f.good, err = call.ParseLink(f.server.Invite("nowhere"))
	must(t, err)
	p := openPreview(t, "failing", map[string]any{})
	f.profile = p.profile
	f.self = selfOf(t, f.server, "who-am-i", f.profile)
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-failed.json"))) })
	page := p.main("the lobby's start button is shown", image.Rectangle{})
	for _, c := range failedJoins() {
		if !t.Run(c.name, func(t *testing.T) {
			p.t = t
			join := page
			if link := c.link(t, f); link != "" {
				join = p.opens(link, page.Rectangle)
			}
			p.wantHeld("lobby", p.camera, p.mic)
			start := time.Now()
			p.click(join.Centre())
			if c.end != nil {
				p.wantWaiting(f, p.camera, p.mic)
				start = time.Now()
				c.end(t, f)
			}
			page = p.main("the farewell is shown", join.Rectangle)
			must(t, p.Point(t.Context(), nowhere)) // what lies under the pointer has another colour
			row := matrix.Row{Exit: "join fails: " + c.name, Reason: c.reason}
			row.Cells = lookFree(t, c.name, start, bounded, []device{p.camera, p.mic})
			p.wantFree(c.name)
			row.Cells = append(row.Cells, notInUse("speaker"), notInUse("screen"))
			table.Add(row)
		}) {
			return // the pages are not known any more
		}
	}
	p.t = t
	p.shot("failed")
	waitToBeLetIn(t, p, f, page.Rectangle)
	must(t, p.CloseWindow(p.id()))
	if status := p.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
}

// opens hands the window a link, and returns the button that joins.
func (p *preview) opens(link string, before image.Rectangle) desktop.Blob {
	p.t.Helper()
	if status := p.launch(p.profile, link).Ended(); status != 0 {
		p.t.Fatalf("the link was not handed over: status %d", status)
	}
	return p.main("the join button is shown", before)
}

// wantWaiting waits until a host hears that the window waits. These are held then, and no
// speaker, which nobody would hear.
func (p *preview) wantWaiting(f *failing, devices ...device) {
	p.t.Helper()
	f.host.AwaitWhere("waiters", func(e drive.Event) bool { return e.Number("count") == 1 })
	p.wantHeld("waiting", devices...)
	if p.speaker.held() {
		p.t.Error("the speaker is held while we wait")
	}
}

// waitToBeLetIn waits in the lobby: what it shows is held and nothing else, and the room
// gets what was chosen last.
func waitToBeLetIn(t *testing.T, p *preview, f *failing, before image.Rectangle) {
	t.Helper()
	link := f.server.Invite("let-in")
	host := f.waitingRoom(t, "let-in")
	p.click(p.opens(link, before).Centre())
	p.wantWaiting(f, p.camera, p.mic)
	press := func(keys ...string) {
		for _, k := range keys {
			must(t, p.Key(t.Context(), k))
		}
	}
	press("v")
	p.wantHeld("camera off", p.mic)
	press("m", "v")
	p.wantHeld("microphone off, camera on", p.camera)
	press("m")
	must(t, p.Minimize(t.Context(), p.id()))
	p.wantHeld("minimized")
	p.launch(p.profile).Ended()
	p.wantHeld("shown again", p.camera, p.mic)
	press("v", "m")
	p.wantHeld("both off")
	p.until("both buttons say so", func() bool { return len(p.buttons(color.RGBA{0xF4, 0xF2, 0xEE, 255})) >= 2 })
	p.shot("waiting")

	host.Say(map[string]any{"cmd": "admit", "all": true})
	leave := p.find("the leave button", danger)
	self := host.AwaitWhere("participant_joined", func(e drive.Event) bool { return e.Text("name") == "Ada" }).Text("id")
	p.wantHeld("let in with both off")
	tracks := func() (sources []string) {
		for _, e := range host.Events() {
			if e.Name == "track_published" && e.Text("id") == self {
				sources = append(sources, e.Text("source"))
			}
		}
		return sources
	}
	if sources := tracks(); len(sources) > 0 {
		t.Errorf("the room was given %v that were off", sources)
	}
	press("m")
	host.AwaitWhere("track_subscribed", func(e drive.Event) bool { return e.Text("id") == self && e.Text("source") == "microphone" })
	if sources := tracks(); len(sources) != 1 {
		t.Errorf("the room was given %v, want the microphone alone", sources)
	}
	p.wantHeld("microphone on", p.mic)
	p.click(leave.Centre())
	p.main("the farewell is shown", before)
	p.wantFree("let in, and left")
}

// The lobby with a preview, left by every key and button: either it goes on and
// shows what is open, or nothing is.
func TestL8_LeavingTheLobbyFreesThePreview(t *testing.T) {
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-lobby.json"))) })
	signal := func(s syscall.Signal) func(*preview) error {
		return func(p *preview) error { return p.Signal(s) }
	}
	key := func(k string) func(*preview) error {
		return func(p *preview) error { return p.Key(p.t.Context(), k) }
	}
	p := openPreview(t, "lobby", map[string]any{})
	for i, e := range []struct {
		name   string
		ends   bool
		status int
		act    func(*preview) error
	}{
		{"Escape", false, 0, key("Escape")},
		{"Ctrl+Q", false, 0, key("ctrl+q")},
		{"Ctrl+W", false, 0, key("ctrl+w")},
		{"Alt+F4", true, 0, key("alt+F4")},
		{"X", true, 0, func(p *preview) error { return p.CloseWindow(p.id()) }},
		{"SIGTERM", true, 0, signal(syscall.SIGTERM)},
		{"SIGINT", true, 0, signal(syscall.SIGINT)},
		{"SIGHUP", true, 0, signal(syscall.SIGHUP)},
		{"kill -9", true, -1, signal(syscall.SIGKILL)},
	} {
		t.Run(e.name, func(t *testing.T) {
			p.t = t
			if i > 0 && !drive.Alive(p.PID) {
				p.again()
			}
			p.find("the lobby's start button", accent)
			p.wantHeld("lobby", p.camera, p.mic)
			start := time.Now()
			must(t, e.act(p))
			if !e.ends {
				p.find("the lobby's start button", accent)
				p.wantHeld(e.name, p.camera, p.mic)
				return
			}
			row := matrix.Row{Exit: "lobby, " + e.name, Status: e.status, Reason: "no stay"}
			row.Cells = lookFree(t, e.name, start, releaseLimit, []device{p.camera, p.mic})
			row.Cells = append(row.Cells, notInUse("speaker"), notInUse("screen"))
			table.Add(row)
			if status := p.Ended(); status != e.status {
				t.Errorf("status %d, want %d", status, e.status)
			}
		})
	}
}

// crashedBefore makes a profile look as if the program had died in a room.
func crashedBefore(t *testing.T, profile string) {
	t.Helper()
	dead := exec.Command("true")
	must(t, dead.Run())
	record, err := json.Marshal(map[string]any{"room": "r", "title": "Design review", "pid": dead.Process.Pid, "since": time.Now()})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(profile, "stay-1.json"), record, 0o600))
}

// logged waits until the program has said something in its log.
func (p *preview) logged(what string) {
	p.t.Helper()
	p.until("the log says "+what, func() bool {
		text, err := os.ReadFile(filepath.Join(p.profile, "foyer.log"))
		return err == nil && strings.Contains(string(text), what)
	})
}

// Every screen with every state of the devices: what is on is held while it is
// shown, and nothing beside the farewell.
func TestL2_EveryScreenHoldsWhatItShows(t *testing.T) {
	for _, c := range []struct {
		name string
		own  map[string]any
		lost bool
		held func(*preview) []device
	}{
		{"none", map[string]any{"camera_on": false, "microphone_off": true}, false, func(*preview) []device { return nil }},
		{"microphone", map[string]any{"camera_on": false}, false, func(p *preview) []device { return []device{p.mic} }},
		{"camera", map[string]any{"microphone_off": true}, false, func(p *preview) []device { return []device{p.camera} }},
		{"both", map[string]any{}, false, func(p *preview) []device { return []device{p.camera, p.mic} }},
		{"microphone lost", map[string]any{}, true, func(p *preview) []device { return []device{p.camera} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			windows.takes(t)
			walkTheScreens(t, c.own, c.lost, c.held)
		})
	}
}

func walkTheScreens(t *testing.T, own map[string]any, lost bool, expected func(*preview) []device) {
	t.Helper()
	f := testenv.Foyer(t)
	server := testenv.Serve(t, f, drive.ServeOptions{})
	link, other := server.Invite("one"), server.Invite("two")
	p := openPreview(t, "screens", own)
	must(t, p.CloseWindow(p.id()))
	p.Ended()
	crashedBefore(t, p.profile)
	p.again("--log-level", "info", link)
	lobby := p.main("the join button is shown", image.Rectangle{})
	if lost {
		p.wantHeld("lobby", p.camera, p.mic)
		must(t, p.pulse.LoseMic(t.Context()))
	}
	want := expected(p)
	p.wantHeld("crash notice over the lobby", want...)

	must(t, server.Signal(syscall.SIGSTOP))
	p.click(lobby.Centre())
	p.until("joining", func() bool { return len(p.buttons(accent)) == 0 })
	p.wantHeld("joining", want...)
	must(t, server.Signal(syscall.SIGCONT))
	p.find("the leave button", danger)
	p.wantHeld("room", want...)
	p.share()
	p.wantHeld("sharing", want...)
	held(p.t, p.screen(), true, testenv.Limit)

	p.launch(p.profile, other).Ended()
	p.until("the question is shown", func() bool { return len(p.buttons(accent)) > 0 && len(p.buttons(danger)) == 0 })
	p.wantHeld("question", want...)
	must(t, p.Key(t.Context(), "Escape"))
	leave := p.find("the leave button", danger)

	must(t, server.Signal(syscall.SIGKILL))
	p.logged("connection lost")
	p.wantHeld("reconnecting", want...)
	p.click(leave.Centre())
	p.until("the farewell is shown", func() bool { return len(p.buttons(danger)) == 0 && len(p.buttons(accent)) > 0 })
	p.wantFree("farewell")
	must(t, p.CloseWindow(p.id()))
	if status := p.Ended(); status != 0 {
		t.Errorf("status %d", status)
	}
}
