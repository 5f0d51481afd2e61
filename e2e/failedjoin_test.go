//go:build linux

package e2e

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/matrix"
	"foyer/internal/testenv"
)

// failing is what the failing joins of a test have in common.
type failing struct {
	server  *testenv.Server
	good    call.Link
	profile string           // the window's
	self    string           // its user ID
	host    *testenv.Process // of the waiting room that was opened last
	door    *strictDoor      // that was opened last
	deaf    *deafDoor        // likewise
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
	// end comes after the click, if that alone is not the cause. It returns when the
	// cause was there.
	end func(*testing.T, *failing, *preview) time.Time
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
	waits := func(name, reason string, end func(f *failing)) failedJoin {
		c := room(name, reason, func(t *testing.T, f *failing, room string) {
			if reason == "banned" {
				selfOf(t, f.server, room, f.profile) // who was never there cannot be banned
			}
			f.waitingRoom(t, room)
		})
		c.end = func(_ *testing.T, f *failing, p *preview) time.Time {
			p.wantWaiting(f.asked, p.shown()...)
			began := time.Now()
			end(f)
			return began
		}
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
		waits("turned away", "turned_away", func(f *failing) {
			f.host.Say(map[string]any{"cmd": "turn_away", "all": true, "text": "Not now"})
		}),
		waits("dismissed while we wait", "dismissed", func(f *failing) { f.host.Say(map[string]any{"cmd": "dismiss"}) }),
		waits("banned while we wait", "banned", func(f *failing) {
			f.host.Say(map[string]any{"cmd": "ban", "id": f.self, "text": "No"})
		}),
		unanswered(),
		mediaNeverCome(),
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
	windows.takes(t)
	p := openPreview(t, "failing", map[string]any{}, "--log-level", "info")
	f := newFailing(t, p)
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-failed.json"))) })
	page := p.main("the lobby's start button is shown", image.Rectangle{})
	for _, c := range failedJoins() {
		if !t.Run(c.name, func(t *testing.T) {
			p.t = t
			var start time.Time
			page, start = p.fails(f, c, page)
			row := matrix.Row{Exit: "join fails: " + c.name, Reason: c.reason}
			must(t, p.Point(t.Context(), nowhere)) // what lies under the pointer has another colour
			row.Cells = lookFree(t, c.name, start, bounded, p.shown())
			p.wantFree(c.name)
			p.wantReason(c.reason)
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

// newFailing starts a room server whose rooms cannot be joined from that window.
func newFailing(t *testing.T, p *preview) *failing {
	t.Helper()
	f := &failing{server: testenv.Serve(t, testenv.Foyer(t), drive.ServeOptions{}), profile: p.profile}
	var err error
	f.good, err = call.ParseLink(f.server.Invite("nowhere"))
	must(t, err)
	f.self = selfOf(t, f.server, "who-am-i", f.profile)
	return f
}

// fails joins in vain, from the lobby's preview to the farewell, and returns its main
// action and when the cause was there.
func (p *preview) fails(f *failing, c failedJoin, page desktop.Blob) (farewell desktop.Blob, start time.Time) {
	p.t.Helper()
	join := page
	if link := c.link(p.t, f); link != "" {
		join = p.opens(link, page.Rectangle)
	}
	p.wantHeld("lobby", p.shown()...)
	if p.gate != nil {
		p.wantOpening()
	}
	start = time.Now()
	p.click(join.Centre())
	if c.end != nil {
		start = c.end(p.t, f, p)
	}
	farewell = p.main("the farewell is shown", join.Rectangle)
	return farewell, start
}

// The same with a camera whose driver does not come back from opening. The farewell does
// not wait for it, and it is closed as soon as it is there.
func TestAFailedJoinWhileTheCameraOpens(t *testing.T) {
	p := openSlowPreview(t, "failing-opening", "--log-level", "info")
	f := newFailing(t, p)
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-failed-opening.json"))) })
	page := p.main("the lobby's start button is shown", image.Rectangle{})
	for _, c := range failedJoins() {
		if !*matrixAll && c.name != "another secret" {
			continue
		}
		if !t.Run(c.name, func(t *testing.T) {
			p.t = t
			p.gate.Shut()
			var start time.Time
			page, start = p.fails(f, c, page)
			took := time.Since(start)
			must(t, p.Point(t.Context(), nowhere)) // what lies under the pointer has another colour
			p.gate.Open()
			free := staysFree(t, p.camera.held)
			if !free {
				t.Error("the camera that opened late stays open")
			}
			p.wantFree(c.name)
			p.wantReason(c.reason)
			opening := matrix.Cell{Device: "opening", Free: free, MS: ms(took)}
			table.Add(matrix.Row{Exit: "join fails: " + c.name, Reason: c.reason, Cells: []matrix.Cell{opening}})
		}) {
			return
		}
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

// asked waits until a host hears that the window waits.
func (f *failing) asked() {
	f.host.AwaitWhere("waiters", func(e drive.Event) bool { return e.Number("count") == 1 })
}

// wantReason checks what the last stay ended with.
func (p *preview) wantReason(reason string) {
	p.t.Helper()
	if last := p.lastReason(); last != reason {
		p.t.Errorf("the last stay ended with %q, want %q", last, reason)
	}
}

var leftLine = regexp.MustCompile(`msg=left .*\breason=(\S+)`)

// lastReason returns what the last stay ended with, which the log says in a word.
func (p *preview) lastReason() string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.profile, "foyer.log"))
	must(p.t, err)
	all := leftLine.FindAllSubmatch(text, -1)
	if len(all) == 0 {
		return ""
	}
	return string(all[len(all)-1][1])
}

// wantWaiting waits until somebody knows that the window waits. These are held then, and
// no speaker, which nobody would hear.
func (p *preview) wantWaiting(known func(), devices ...device) {
	p.t.Helper()
	known()
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
	p.wantWaiting(f.asked, p.camera, p.mic)
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
