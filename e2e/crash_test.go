//go:build linux

package e2e

import (
	"flag"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

var crashStages = flag.Int("crash.stages", 1, "how many rooms to kill the server of, four times each")

// From the kill until the guests decode new frames of the host and of each other,
// and until a server that ends for the fourth time within a minute is given up.
// The first is about 1 s, the second less; a busy computer may take longer, but
// nobody may wait for the 20 s after which a client gives up.
const (
	backLimit   = 10 * time.Second
	gaveUpLimit = 10 * time.Second
)

// hosted is a window with a room of its own and two guests in it.
type hosted struct {
	*preview
	guests []*testenv.Process
	self   string
}

func host(t *testing.T) *hosted {
	t.Helper()
	f := testenv.Foyer(t)
	h := &hosted{preview: openPreview(t, "crash", map[string]any{})}
	h.start()
	link := h.invited()
	for _, name := range []string{"Grace", "Bob"} {
		g := testenv.Join(t, f, drive.JoinOptions{Link: link, Name: name, ID: name, Args: []string{"--camera", smallFilm(t), "--mic", "test", "--stay"}})
		g.Await("joined")
		h.guests = append(h.guests, g)
	}
	for i, g := range h.guests {
		camera := func(e drive.Event) bool { return e.Text("source") == "camera" && e.Text("id") != other(i) }
		h.self = g.AwaitWhere("track_subscribed", camera).Text("id")
		side{other(1 - i), g, testenv.Pulse(t)}.counts(t, side{id: h.self}, 10)
	}
	return h
}

func other(guest int) string { return []string{"Bob", "Grace"}[guest] }

// child is the room server of the window.
func (h *hosted) child() int {
	h.t.Helper()
	family := drive.Tree(h.PID)
	if len(family) < 2 {
		h.t.Fatalf("the window has no server child: %v", family)
	}
	return family[1]
}

// decodes reports how many frames of somebody a guest has decoded of the track
// that it receives now.
func decodes(t *testing.T, g *testenv.Process, of string) int {
	t.Helper()
	mark := g.Mark()
	g.Say(map[string]any{"cmd": "stats"})
	for _, r := range remoteTracks(g.AwaitAfter(mark, "stats", nil)) {
		if r.ID == of && r.Source == "camera" {
			return r.Frames
		}
	}
	return 0
}

// back waits until a guest decodes the new tracks of both others.
func (h *hosted) back(guest, mark int) {
	h.t.Helper()
	g := h.guests[guest]
	for _, id := range []string{h.self, other(guest)} {
		g.AwaitAfter(mark, "track_subscribed", func(e drive.Event) bool { return e.Text("source") == "camera" && e.Text("id") == id })
		deadline := time.Now().Add(testenv.Limit)
		for decodes(h.t, g, id) == 0 {
			if time.Now().After(deadline) {
				h.t.Fatalf("guest %d sees nothing of %s", guest, id)
			}
		}
	}
}

// The server of a window's room is killed three times: everybody is back with
// frames at once. The fourth time it is given up: the stay ends with the devices
// free, instead of hope.
func TestO6_TheOwnServerKilled(t *testing.T) {
	var took []time.Duration
	for range *crashStages {
		h := host(t)
		for round := range 3 {
			marks := []int{h.guests[0].Mark(), h.guests[1].Mark()}
			dead, start := h.child(), time.Now()
			must(t, syscall.Kill(dead, syscall.SIGKILL))
			for i, mark := range marks {
				h.back(i, mark)
			}
			d := time.Since(start)
			took = append(took, d)
			if d > backLimit {
				t.Errorf("round %d: everybody was back after %v, want at most %v", round, d, backLimit)
			}
			h.find("the leave button", danger)
			h.until("a guest's tile shows the test picture", func() bool { return h.showsTestPicture(halfBar) })
			h.wantHeld("back", h.camera, h.mic)
		}
		h.shot("back")
		start := time.Now()
		must(t, syscall.Kill(h.child(), syscall.SIGKILL))
		h.until("the farewell is shown", func() bool { return len(h.buttons(danger)) == 0 && len(h.buttons(accent)) > 0 })
		d := time.Since(start)
		t.Logf("given up after %v", d)
		if d > gaveUpLimit {
			log, _ := os.ReadFile(h.Log)
			t.Errorf("a server that ends again and again was given up after %v, want at most %v\n%s", d, gaveUpLimit, log[max(0, len(log)-3000):])
		}
		h.shot("given-up")
		h.wantFree("farewell after a crash")
		if family := drive.Tree(h.PID); len(family) > 1 {
			t.Errorf("a server runs on: %v", family)
		}
		h.leaveNothing()
	}
	slices.Sort(took)
	t.Logf("%d times back: p50 %v, p95 %v, max %v", len(took), took[len(took)/2], took[len(took)*95/100], took[len(took)-1])
}

// leaveNothing closes the window and looks for orphans.
func (h *hosted) leaveNothing() {
	h.t.Helper()
	family := drive.Tree(h.PID)
	h.closeForAll()
	if status := h.Ended(); status != 0 {
		h.t.Errorf("the window ended with status %d", status)
	}
	h.until("nobody of the family is left", func() bool { return !slices.ContainsFunc(family, drive.Alive) })
	for _, g := range h.guests {
		_ = g.CloseInput() // it may have ended
	}
}

// The server dies while its host leaves: there is one end, the devices are free,
// and the room is there for the guests, who stay. Closing the window in that moment
// leaves no orphan.
func TestL7_TheOwnServerKilledWhileLeaving(t *testing.T) {
	h := host(t)
	leave := h.find("the leave button", danger)
	marks := []int{h.guests[0].Mark(), h.guests[1].Mark()}
	must(t, syscall.Kill(h.child(), syscall.SIGKILL))
	h.click(leave.Centre())
	h.until("the farewell is shown", func() bool { return len(h.buttons(danger)) == 0 && len(h.buttons(accent)) > 0 })
	h.wantFree("farewell")
	for i, g := range h.guests {
		g.AwaitAfter(marks[i], "state", func(e drive.Event) bool { return e.Text("state") == "joined" })
	}
	dead := h.child()
	must(t, syscall.Kill(dead, syscall.SIGKILL))
	h.leaveNothing()
}
