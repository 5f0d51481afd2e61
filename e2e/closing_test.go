//go:build linux

package e2e

import (
	"image"
	"slices"
	"syscall"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/matrix"
	"foyer/internal/testenv"
)

// windowExit is a way out of a room that is shown in a window.
type windowExit struct {
	name   string
	reason string // "": no process is left to have one
	status int
	stays  bool // the window shows the farewell and stays
	act    func(w *window, shown shown) error
}

// shown is what was looked up before the way out is taken, since looking takes
// time.
type shown struct {
	window string      // its id
	leave  image.Point // its leave button
}

func windowExits() []windowExit {
	signal := func(s syscall.Signal) func(*window, shown) error {
		return func(w *window, _ shown) error { return w.Signal(s) }
	}
	return []windowExit{
		{name: "window, leave clicked", reason: "left", stays: true, act: func(w *window, s shown) error { return w.Click(w.t.Context(), s.leave) }},
		{name: "window closed by X", reason: "app_quit", act: func(w *window, s shown) error { return w.CloseWindow(s.window) }},
		{name: "window, SIGTERM", reason: "app_quit", act: signal(syscall.SIGTERM)},
		{name: "window, SIGINT", reason: "app_quit", act: signal(syscall.SIGINT)},
		{name: "window, kill -9", status: -1, act: signal(syscall.SIGKILL)},
	}
}

// start starts a room in the window and returns what is shown then.
func (w *window) start() shown {
	w.t.Helper()
	w.click(w.find("the start button", accent).Centre())
	leave := w.find("the leave button", danger).Centre()
	return shown{window: w.id(), leave: leave}
}

// leaveAndLook takes a way out of a room and checks from outside that the devices
// come free and that nothing of the program stays behind.
func (w *window) leaveAndLook(e windowExit, s shown, devices []device) matrix.Row {
	w.t.Helper()
	for _, d := range devices {
		held(w.t, d, true, testenv.Limit)
	}
	family := drive.Tree(w.PID)
	if len(family) < 2 {
		w.t.Errorf("the window has no server child: %v", family)
	}
	start := time.Now()
	must(w.t, e.act(w, s))
	row := matrix.Row{Exit: e.name, Reason: e.reason, Status: e.status}
	row.Cells = lookFree(w.t, e.name, start, releaseLimit, devices)
	w.ends(e, family)
	return row
}

// ends checks the end of the program, which a farewell does not bring by itself.
func (w *window) ends(e windowExit, family []int) {
	w.t.Helper()
	if e.stays {
		w.find("the farewell's main button", accent)
		must(w.t, w.CloseWindow(w.id()))
	}
	if status := w.Ended(); status != e.status {
		w.t.Errorf("status %d, want %d", status, e.status)
	}
	// The server child hangs on the window's lifeline.
	w.until("nobody of the family is left", func() bool { return !slices.ContainsFunc(family, drive.Alive) })
}

// Every way out of a window, with microphone, speaker, screen and a camera in use. The
// camera is a file that stands for one: the virtual machine, which has a real one,
// is too slow to draw.
func TestL8_ClosingTheWindowFreesTheDevices(t *testing.T) {
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-window.json"))) })
	for _, e := range windowExits() {
		t.Run(e.name, func(t *testing.T) {
			file := smallFilm(t)
			w := openWindowWith(t, testenv.Foyer(t), "closing", map[string]any{"camera": file})
			camera := device{"camera", holdsFile(w.PID, file)}
			s := w.start()
			s.leave = w.share().Centre()
			table.Add(w.leaveAndLook(e, s, append(audioDevices(w.pulse, w.PID), camera, w.screen())))
		})
	}
}

// endLimit is releaseLimit for the end of a whole program, which also closes a
// window and a server, and waits half a second for the driver.
const endLimit = 2 * releaseLimit

// The same with a camera whose driver does not come back from opening. The
// program must end all the same; of a stay that was left in the window, the
// farewell must be there.
func TestClosingTheWindowWhileTheCameraOpens(t *testing.T) {
	table := matrix.New("e2e")
	t.Cleanup(func() { must(t, table.Save(artifact(t, "exit-matrix-window-opening.json"))) })
	for _, e := range windowExits() {
		t.Run(e.name, func(t *testing.T) {
			camera, gate := slowCamera(t)
			w := openWindowWith(t, testenv.Foyer(t), "opening", map[string]any{"camera": camera})
			held(t, device{"the camera's gate", func() bool { return gate.Came(w.PID) }}, true, testenv.Limit)
			s := w.start()
			family := drive.Tree(w.PID)
			start := time.Now()
			must(t, e.act(w, s))
			if e.stays {
				w.until("the farewell is shown", func() bool { return len(w.buttons(accent)) > 0 })
			} else {
				w.Ended()
			}
			took := time.Since(start)
			if took > endLimit {
				t.Errorf("the end waited %v for the camera", took)
			}
			gate.Open()
			free := staysFree(t, holdsFile(w.PID, camera))
			if !free {
				t.Error("the camera that opened late stays open")
			}
			w.ends(e, family)
			table.Add(matrix.Row{Exit: e.name, Reason: e.reason, Status: e.status, Cells: []matrix.Cell{{Device: "opening", Free: free, MS: ms(took)}}})
		})
	}
}
