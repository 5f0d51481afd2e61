//go:build linux

package e2e

import (
	"encoding/json"
	"flag"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/drive/fangate"
	"foyer/internal/matrix"
	"foyer/internal/testenv"
)

// preview is a window whose lobby shows what a film and the sound server's
// microphone give, looked at from outside.
type preview struct {
	*window
	film                 string
	camera, mic, speaker device
	gate                 *fangate.Gate // nil, or the camera's
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

// matrixAll measures every row of docs/leaving.md, which takes longer.
var matrixAll = flag.Bool("matrix.all", false, "take every way out while the camera opens")

// openSlowPreview opens a preview whose camera opens when its gate is opened. The test
// runs beside others, unless its times are written down.
func openSlowPreview(t *testing.T, name string, args ...string) *preview {
	t.Helper()
	if !*matrixAll {
		windows.takes(t)
	}
	camera, gate := slowCamera(t)
	p := openPreview(t, name, map[string]any{"camera": camera}, args...)
	p.film, p.gate = camera, gate
	p.look()
	return p
}

// wantOpening waits until the driver of a slow camera is asked.
func (p *preview) wantOpening() {
	p.t.Helper()
	p.until("the camera is being opened", func() bool { return p.gate.Waits(p.PID) })
}

// look makes the eyes for the process that runs now.
func (p *preview) look() {
	audio := audioDevices(p.pulse, p.PID)
	p.mic, p.speaker = audio[0], audio[1]
	p.camera = device{"camera", holdsFile(p.PID, p.film)}
}

// shown are the devices that the lobby holds: a camera that is still opening is not.
func (p *preview) shown() []device {
	if p.gate != nil {
		return []device{p.mic}
	}
	return []device{p.camera, p.mic}
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

// lobbyWay is what somebody does who wants to leave the lobby.
type lobbyWay struct {
	name   string
	ends   bool // the program
	status int
	act    func(*preview) error
}

func lobbyWays() []lobbyWay {
	signal := func(s syscall.Signal) func(*preview) error {
		return func(p *preview) error { return p.Signal(s) }
	}
	key := func(k string) func(*preview) error {
		return func(p *preview) error { return p.Key(p.t.Context(), k) }
	}
	return []lobbyWay{
		{"Escape", false, 0, key("Escape")},
		{"Ctrl+Q", false, 0, key("ctrl+q")},
		{"Ctrl+W", false, 0, key("ctrl+w")},
		{"Alt+F4", true, 0, key("alt+F4")},
		{"X", true, 0, func(p *preview) error { return p.CloseWindow(p.id()) }},
		{"SIGTERM", true, 0, signal(syscall.SIGTERM)},
		{"SIGINT", true, 0, signal(syscall.SIGINT)},
		{"SIGHUP", true, 0, signal(syscall.SIGHUP)},
		{"kill -9", true, -1, signal(syscall.SIGKILL)},
	}
}

// The lobby with a preview, left by every key and button: either it goes on and
// shows what is open, or nothing is.
func TestL8_LeavingTheLobbyFreesThePreview(t *testing.T) {
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-lobby.json"))) })
	p := openPreview(t, "lobby", map[string]any{})
	for _, e := range lobbyWays() {
		t.Run(e.name, func(t *testing.T) {
			p.t = t
			if !drive.Alive(p.PID) {
				p.again()
			}
			p.find("the lobby's start button", accent)
			p.wantHeld("lobby", p.shown()...)
			start := time.Now()
			must(t, e.act(p))
			if !e.ends {
				p.find("the lobby's start button", accent)
				p.wantHeld(e.name, p.shown()...)
				return
			}
			row := matrix.Row{Exit: "lobby, " + e.name, Status: e.status, Reason: "no stay"}
			row.Cells = lookFree(t, e.name, start, releaseLimit, p.shown())
			row.Cells = append(row.Cells, notInUse("speaker"), notInUse("screen"))
			table.Add(row)
			if status := p.Ended(); status != e.status {
				t.Errorf("status %d, want %d", status, e.status)
			}
		})
	}
}

// The same with a camera whose driver does not come back from opening before the program
// has ended.
func TestLeavingTheLobbyWhileTheCameraOpens(t *testing.T) {
	p := openSlowPreview(t, "lobby-opening")
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-lobby-opening.json"))) })
	for _, e := range lobbyWays() {
		if !e.ends || !*matrixAll && e.name != "X" {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			p.t = t
			p.gate.Shut()
			if !drive.Alive(p.PID) {
				p.again()
			}
			p.find("the lobby's start button", accent)
			p.wantOpening()
			start := time.Now()
			must(t, e.act(p))
			if status := p.Ended(); status != e.status {
				t.Errorf("status %d, want %d", status, e.status)
			}
			took := time.Since(start)
			p.gate.Open()
			opening := matrix.Cell{Device: "opening", Free: staysFree(t, p.camera.held), MS: ms(took)}
			table.Add(matrix.Row{Exit: "lobby, " + e.name, Status: e.status, Reason: "no stay", Cells: []matrix.Cell{opening}})
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
