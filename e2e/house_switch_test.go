//go:build linux

package e2e

import (
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/internal/drive"
	"foyer/internal/drive/filewatch"
)

// A camera of 30 frames per second that is read without a break pauses for 33 ms;
// this is what a busy machine with the race detector may add.
const (
	noBlink    = 300 * time.Millisecond
	firstFrame = 2 * time.Second // contract O11, twice as above
)

// TestO11_O12_N3_Switch goes from room to room with one camera: it is opened
// once and read without a break, and the new room's frames come at once. Where
// nobody lets us in, we stay, and go on showing and seeing.
func TestO11_O12_N3_Switch(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	const first, second = "first", "50%’s(2)" // contract N3: both survive a link
	link, other := h.invite(first), h.invite(second)
	camera := smallFilm(t)
	watch, err := filewatch.Open(camera)
	must(t, err)
	t.Cleanup(func() { must(t, watch.Close()) })
	ada := h.comes("ada", link, drive.JoinOptions{Args: []string{"--camera", camera}})
	bob := h.comes("bob", link, drive.JoinOptions{Args: []string{"--camera", smallFilm(t)}})
	carol := h.comes("carol", other, drive.JoinOptions{Args: []string{"--camera", smallFilm(t)}})
	gather(ada, bob)
	awaitFrames(ada, 0, "bob")
	awaitFrames(bob, 0, "ada")
	opens := watch.Opens()

	t.Log("rooms that do not let us in")
	failedSwitches(t, h, ada, bob)

	t.Log("a room that does")
	mark, theirs := ada.Mark(), bob.Mark()
	start := time.Now()
	ada.from = mark
	ada.Say(map[string]any{"cmd": "switch", "link": other})
	if left := ada.ends("switched"); left.Text("room") != first || left.Number("code") != 0 {
		t.Errorf("left says %s", left.Raw)
	}
	joined := ada.awaits("joined", nil)
	if joined.Text("room") != second {
		t.Errorf("joined says %s", joined.Raw)
	}
	bob.sees(theirs, "ada", "left", "", "")
	subscribed := ada.awaits("track_subscribed", about("carol"))
	frame := awaitFrames(ada, subscribed.Index, "carol")
	carol.awaits("track_subscribed", about("ada"))
	// A busy machine does not read it evenly at any time.
	pause, before := watch.Pause(start, time.Now()), watch.Pause(start.Add(-3*time.Second), start)
	t.Logf("the camera was not read for %v at most, before the switch for %v", pause, before)
	if pause > max(noBlink, 3*before) {
		t.Errorf("the camera was not read for %v", pause)
	}
	if n := watch.Opens(); n != opens {
		t.Errorf("the camera was opened %d times more", n-opens)
	}
	t.Logf("in the new room after %v, its track after %v, counted pictures after %v",
		joined.Seen.Sub(start), subscribed.Seen.Sub(start), frame.Seen.Sub(start))
	if took := subscribed.Seen.Sub(start); took > firstFrame {
		t.Errorf("the new room's picture came after %v", took)
	}

	t.Log("and back")
	ada.from = ada.Mark()
	ada.Say(map[string]any{"cmd": "switch", "link": link})
	ada.ends("switched")
	ada.knows(bob)
	if n := watch.Opens(); n != opens {
		t.Errorf("the camera was opened %d times more", n-opens)
	}
	ada.from = ada.Mark()
	ada.Say(map[string]any{"cmd": "leave"})
	ada.ends("left")
	if !held(t, device{"camera", holdsFile(ada.PID, camera)}, false, releaseLimit) {
		t.Error("the camera is still held")
	}
}

// failedSwitches tries to go where nobody lets us in: we are told why, and are
// still here.
func failedSwitches(t *testing.T, h *house, ada, bob *person) {
	t.Helper()
	nowhere, err := call.ParseLink(h.invite("nowhere"))
	must(t, err)
	nowhere.Hosts = []string{closedPort(t)}
	banned, full, locked := h.invite("banned"), h.invite("full"), h.invite("locked")
	fill := h.comes("fill", full, drive.JoinOptions{})
	fill.knows()
	h.admin(0, "rules", "full", "--max-members", "1")
	h.admin(0, "rules", "locked", "--locked")
	ada.banIn(h, "banned", banned)

	mark := ada.Mark()
	errors := make(map[string]string)
	for name, to := range map[string]string{
		"unreachable": nowhere.String(), "banned": banned, "full": full, "locked": locked,
		"gone": h.invite("gone", "--existing"), "the same": h.invite("first"), "unreadable": "foyer://nonsense",
	} {
		failed := ada.fails(map[string]any{"cmd": "switch", "link": to})
		if before, known := errors[failed.Text("error")]; known {
			t.Errorf("%q and %q have one sentence: %s", before, name, failed.Raw)
		}
		errors[failed.Text("error")] = name
		t.Logf("%s: %s", name, failed.Text("error"))
	}
	ada.quietly(mark, "left")
	ada.quietly(mark, "state")
	awaitFrames(ada, ada.Mark(), "bob")
	awaitFrames(bob, bob.Mark(), "ada")
	ada.talks(bob)
}

// banIn bans p in a room where it has been for a moment, with an ID of its own
// there: the ban holds on the installation.
func (p *person) banIn(h *house, room, link string) {
	p.t.Helper()
	second := h.comes("adatwin", link, drive.JoinOptions{Profile: p.profile})
	second.knows()
	h.admin(0, "ban", room, "adatwin", "--for", "10m")
	second.ends("banned")
}

// awaitFrames waits until p decodes frames of somebody: more than it had at
// the first report after index after.
func awaitFrames(p *person, after int, id string) drive.Event {
	p.t.Helper()
	had := -1
	return p.AwaitAfter(after, "stats", func(e drive.Event) bool {
		for _, r := range remoteTracks(e) {
			if r.ID != id || r.Source != "camera" || r.Frames == 0 {
				continue
			}
			if had < 0 {
				had = r.Frames
			}
			return r.Frames > had
		}
		return false
	})
}
