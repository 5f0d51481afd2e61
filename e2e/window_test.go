//go:build linux

package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"foyer/internal/desktop"
	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// Colours that only one thing on a screen has (ui/theme): the main
// action, and leaving.
var (
	accent = color.RGBA{0xF2, 0xA3, 0x3A, 255}
	danger = color.RGBA{0xC9, 0x3B, 0x3B, 255}
)

// Where the microphone's button lies from the middle of the leave button.
var micFromLeave = image.Pt(-476, 0)

const (
	buttonPixels = 800 // a button is at least so large
	// screenEvery is how often the screen is looked at: often enough for a person, and
	// seldom enough that the window has the processor.
	screenEvery = 50 * time.Millisecond
)

// window is the program's real window and the eyes and hands of its user.
type window struct {
	*testenv.Process
	*desktop.Desktop
	t       *testing.T
	pulse   *testenv.PulseServer
	shots   int
	name    string
	profile string
	command drive.Command // that started it
}

// windowVariable names the program that shows windows, if it is another one than that
// of [drive.BinVariable]: one without the race detector, which is slow with pixels.
const windowVariable = "FOYER_WINDOW_BIN"

// openWindow starts the program with a window and a camera that shows the test pattern.
func openWindow(t *testing.T, f drive.Foyer, name string, args ...string) *window {
	t.Helper()
	return openWindowWith(t, f, name, map[string]any{"camera": smallFilm(t)}, args...)
}

// openWindowWith starts it with settings of its own, over a name and the camera
// being on.
func openWindowWith(t *testing.T, f drive.Foyer, name string, own map[string]any, args ...string) *window {
	t.Helper()
	return openWindowIn(t, f, name, nil, own, args...)
}

// openWindowIn starts it with an environment of its own, too.
func openWindowIn(t *testing.T, f drive.Foyer, name string, env []string, own map[string]any, args ...string) *window {
	t.Helper()
	return openWindowOn(t, f, testenv.ManagedDisplay(t), name, env, own, args...)
}

// openWindowOn starts it on a display.
func openWindowOn(
	t *testing.T, f drive.Foyer, display *drive.Display, name string, env []string, own map[string]any, args ...string,
) *window {
	t.Helper()
	pulse := testenv.Pulse(t)
	profile := t.TempDir()
	all := map[string]any{"name": "Ada", "preview_asked": true, "camera_on": true}
	maps.Copy(all, own)
	settings, err := json.Marshal(all)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(profile, "settings.json"), settings, 0o600))
	d, err := desktop.Open(display)
	must(t, err)
	t.Cleanup(d.Close)
	w := &window{Desktop: d, t: t, pulse: pulse, name: name, profile: profile, command: drive.Command{
		Name: "window", Path: cmp.Or(os.Getenv(windowVariable), f.Bin), Logs: f.Work,
		Env: slices.Concat(pulse.Env(), display.Env(), []string{"FYNE_SCALE=1", "FYNE_THEME=dark", "WAYLAND_DISPLAY="}, env),
	}}
	w.Process = w.launch(profile, args...)
	w.until("the window is there", func() bool { return w.id() != "" })
	return w
}

// launch starts the program on this desktop with a profile.
func (w *window) launch(profile string, args ...string) *testenv.Process {
	w.t.Helper()
	c := w.command
	c.Args = append([]string{"--profile", profile}, args...)
	p, err := drive.Start(c)
	must(w.t, err)
	return testenv.Adopt(w.t, p)
}

func (w *window) id() string {
	if ids := w.Windows(w.t.Context(), "Foyer"); len(ids) > 0 {
		return ids[len(ids)-1]
	}
	return ""
}

// shot keeps a frame of the screen.
func (w *window) shot(what string) {
	w.t.Helper()
	w.shots++
	must(w.t, w.Save(artifact(w.t, fmt.Sprintf("window-%s-%d-%s.png", w.name, w.shots, what))))
}

func (w *window) until(what string, cond func() bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), testenv.Limit)
	defer cancel()
	if err := drive.UntilEvery(ctx, screenEvery, cond); err != nil {
		w.shot("failed")
		log, _ := os.ReadFile(w.Log)
		w.t.Fatalf("%s: it never came to it; the log says\n%s", what, log[max(0, len(log)-3000):])
	}
}

// restingLooks is at how many looks in a row a button must be in the same place:
// buttons make room for others that come a moment later.
const restingLooks = 4

// find waits for a button of that colour that does not move, and returns it.
func (w *window) find(what string, c color.RGBA) desktop.Blob {
	w.t.Helper()
	var found desktop.Blob
	same := 0
	w.until(what+" is shown", func() bool {
		blobs := w.buttons(c)
		if len(blobs) == 0 {
			same = 0
			return false
		}
		now := slices.MaxFunc(blobs, func(a, b desktop.Blob) int { return a.Pixels - b.Pixels })
		if now.Centre() != found.Centre() {
			same = 0
		}
		found = now
		same++
		return same == restingLooks
	})
	return found
}

func (w *window) buttons(c color.RGBA) []desktop.Blob {
	w.t.Helper()
	img, err := w.Screen()
	must(w.t, err)
	return desktop.Blobs(img, c, 6, buttonPixels)
}

func (w *window) click(p image.Point) {
	w.t.Helper()
	must(w.t, w.Click(w.t.Context(), p))
}

// invited copies the link with the keyboard and reads the clipboard.
func (w *window) invited() string {
	w.t.Helper()
	link := ""
	w.until("the link is on the clipboard", func() bool {
		must(w.t, w.Key(w.t.Context(), "ctrl+i"))
		text, err := w.Clipboard(w.t.Context())
		link = text
		return err == nil && strings.HasPrefix(text, "foyer://")
	})
	return link
}

// closeForAll closes the window of a host, who is asked first where somebody is in
// their room: the second X answers.
func (w *window) closeForAll() {
	w.t.Helper()
	id := w.id()
	must(w.t, w.CloseWindow(id))
	_ = w.CloseWindow(id) // it may have gone
}

// The whole of a first talk, clicked as people click: start a room, a second
// person comes in by the link, mute, leave.
func TestWindowFromLobbyToFarewell(t *testing.T) {
	f := testenv.Foyer(t)
	w := openWindow(t, f, "host")
	start := w.find("the start button", accent)
	w.shot("lobby")
	w.click(start.Centre())
	w.find("the leave button", danger)
	w.shot("alone")

	guest := testenv.Join(t, f, drive.JoinOptions{Link: w.invited(), Name: "Grace", ID: "grace", Args: []string{"--camera", smallFilm(t), "--stay"}})
	guest.Await("joined")
	track := guest.AwaitWhere("track_subscribed", func(e drive.Event) bool { return e.Text("source") == "microphone" })
	host := track.Text("id")
	seen := side{"grace", guest, testenv.Pulse(t)}
	seen.counts(t, side{id: host}, 10)
	w.until("the guest's tile shows the test picture", func() bool { return w.showsTestPicture(largeBar) })
	leave := w.find("the leave button", danger)
	w.shot("two")

	mark := guest.Mark()
	w.click(leave.Centre().Add(micFromLeave))
	guest.AwaitAfter(mark, "track_muted", func(e drive.Event) bool { return e.Text("id") == host && e.Text("source") == "microphone" })
	w.until("the microphone's button says that it is off", func() bool {
		p := leave.Centre().Add(micFromLeave)
		img, err := w.Look(image.Rectangle{Min: p, Max: p}.Inset(-32))
		must(t, err)
		return len(desktop.Blobs(img, color.RGBA{0xF4, 0xF2, 0xEE, 255}, 8, buttonPixels)) > 0
	})
	w.shot("muted")

	w.click(leave.Centre())
	gone := guest.AwaitAfter(mark, "participant_left", nil)
	if gone.Text("reason") != "left" {
		t.Errorf("the guest was told %s", gone.Raw)
	}
	w.find("the farewell's main button", accent)
	if !audioIsFree(t, w.pulse, w.PID) {
		t.Errorf("%d sound streams are open beside the farewell", w.holds())
	}
	w.shot("farewell")

	// The guest is still in the room, which ends with the program: it asks first.
	must(t, w.CloseWindow(w.id()))
	w.find("the question before the room ends for the guest", danger)
	w.shot("closing")
	must(t, w.CloseWindow(w.id()))
	if status := w.Ended(); status != 0 {
		t.Errorf("the window ended with status %d", status)
	}
	if left := guest.Await("left"); left.Text("reason") != "server_stopped" && left.Text("reason") != "dismissed" {
		t.Errorf("the guest was told %s when the host's window closed", left.Raw)
	}
}

// largeBar is how many pixels half of the yellow bar of a test pattern has in a tile
// that fills the stage: more than ourselves have while we are alone.
const largeBar = 15000

// halfBar is what it has at least where two guests share the stage, and more than
// ourselves have then.
const halfBar = 5000

// bars finds the yellow bars of test patterns, two halves of each. Nothing else is
// yellow.
func (w *window) bars() []desktop.Blob {
	w.t.Helper()
	img, err := w.Screen()
	must(w.t, err)
	return desktop.Blobs(img, color.RGBA{191, 192, 0, 255}, 14, 200)
}

// yellow is how large they are, the largest first.
func (w *window) yellow() []int {
	var sizes []int
	for _, b := range w.bars() {
		sizes = append(sizes, b.Pixels)
	}
	slices.SortFunc(sizes, func(a, b int) int { return b - a })
	return sizes
}

// showsTestPicture reports whether a guest's tile shows a test pattern with a bar of
// that size.
func (w *window) showsTestPicture(bar int) bool {
	bars := w.yellow()
	return len(bars) > 0 && bars[0] >= bar
}

func (w *window) holds() (n int) {
	for _, s := range append(w.pulse.SourceOutputs(), w.pulse.SinkInputs()...) {
		if s.PID == w.PID {
			n++
		}
	}
	return n
}
