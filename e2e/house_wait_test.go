//go:build linux

package e2e

import (
	"strings"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// waits waits until p is told to wait to be let in.
func (p *person) waits() {
	p.t.Helper()
	p.awaits("state", func(e drive.Event) bool { return e.Text("state") == "waiting" })
}

// hears waits until p is told that somebody came, and how many wait.
func (p *person) hears(mark int, name string, count float64) {
	p.t.Helper()
	p.AwaitAfter(mark, "waiters", func(e drive.Event) bool { return e.Text("name") == name && e.Number("count") == count })
}

// waiter is the ID of a waiting guest's row.
func (p *person) waiter(id string) string {
	p.t.Helper()
	var answer struct {
		Waiting []struct{ ID, Identity, Name string }
	}
	must(p.t, p.moderates(map[string]any{"cmd": "waiting"}).Decode(&answer))
	for _, w := range answer.Waiting {
		if w.Identity == id {
			return w.ID
		}
	}
	p.t.Fatalf("%s does not wait: %+v", id, answer)
	return ""
}

// TestWaitingRoom: guests wait outside until a host lets them in, and every end of the
// waiting is told as it is. Nothing of a guest who waits is in the room.
func TestWaitingRoom(t *testing.T) {
	t.Parallel()
	h := openHouse(t, drive.ServeOptions{})
	link := h.invite("hall")
	host := h.comes("host", h.invite("hall", "--role", "host"), drive.JoinOptions{})
	guest := h.comes("guest", link, drive.JoinOptions{})
	gather(host, guest)
	host.Say(map[string]any{"cmd": "rules", "waiting": true})
	ruled := func(e drive.Event) bool { rules, _ := e.Get("rules").(map[string]any); return rules["waiting"] == true }
	host.awaits("rules", ruled)
	guest.awaits("rules", ruled)

	t.Log("a guest, heard of by the host alone, and let in")
	mark := host.Mark()
	pulse, camera := testenv.Pulse(t), smallFilm(t)
	ada := h.comes("ada", link, drive.JoinOptions{
		Env: pulse.Env(), Args: []string{"--camera", camera, "--mic", "default", "--speaker", "default"},
	})
	devices := append(audioDevices(pulse, ada.PID), device{"camera", holdsFile(ada.PID, camera)})
	ada.waits()
	lookFree(t, "ada waits", time.Now(), releaseLimit, devices)
	ada.Say(map[string]any{"cmd": "unpublish", "source": "camera"})
	ada.Say(map[string]any{"cmd": "mute", "source": "microphone"})
	host.hears(mark, "Ada", 1)
	if out, _ := h.admin(0, "waiting", "hall"); !strings.Contains(out, "Ada") || !strings.Contains(out, host.waiter("ada")) {
		t.Errorf("foyer admin waiting prints %q", out)
	}
	guest.fails(map[string]any{"cmd": "admit", "all": true})
	guest.quietly(0, "waiters")
	if out, _ := h.admin(0, "members", "hall"); strings.Contains(out, "ada") {
		t.Errorf("who waits is a member: %q", out)
	}
	host.moderates(map[string]any{"cmd": "admit", "id": host.waiter("ada")})
	ada.knows(host, guest)
	host.AwaitAfter(mark, "participant_joined", about("ada"))
	if said := guest.awaits("track_published", about("ada")); said.Text("source") != "microphone" || said.Get("muted") != true {
		t.Errorf("ada, who had the camera off and was muted, is on: %s", said.Raw)
	}

	t.Log("who was let in comes again without asking")
	ada.Say(map[string]any{"cmd": "leave"})
	ada.ends("left")
	mark = ada.Mark()
	ada.enters(link, nil)
	ada.knows(host)
	for _, e := range ada.Events()[mark:] {
		if e.Name == "state" && e.Text("state") == "waiting" {
			t.Error("ada had to wait again")
		}
	}

	t.Log("turned away with a text")
	bob := h.comes("bob", link, drive.JoinOptions{})
	bob.waits()
	host.moderates(map[string]any{"cmd": "turn_away", "id": "bob", "text": "Not today"})
	left := bob.ends("turned_away")
	if left.Text("by") != "Host" || left.Text("text") != "Not today" || !strings.Contains(left.Text("message"), "Host") {
		t.Errorf("bob was told %s", left.Raw)
	}

	t.Log("cancelled: the list is empty soon")
	mark = host.Mark()
	carl := h.comes("carl", link, drive.JoinOptions{})
	carl.waits()
	host.hears(mark, "Carl", 1)
	mark = host.Mark()
	carl.Say(map[string]any{"cmd": "leave"})
	carl.ends("left")
	host.hears(mark, "", 0)

	t.Log("a removal takes the let-in back")
	h.admin(0, "remove", "hall", "ada")
	start := time.Now()
	ada.ends("removed")
	lookFree(t, "removed", start, releaseLimit, devices)
	ada.enters(link, nil)
	ada.waits()

	t.Log("the host goes; the tools let in whoever waits")
	host.Say(map[string]any{"cmd": "leave"})
	host.ends("left")
	h.admin(0, "admit", "hall", "--all")
	ada.knows(guest)

	t.Log("closed while somebody waits, whose devices are free then")
	ada.Say(map[string]any{"cmd": "leave"})
	ada.ends("left")
	h.admin(3, "remove", "hall", "ada") // who has gone: the let-in goes as well
	ada.enters(link, nil)
	ada.waits()
	start = time.Now()
	h.admin(0, "dismiss", "hall", "--text", "Good night")
	if left := ada.ends("dismissed"); left.Text("text") != "Good night" {
		t.Errorf("ada was told %s", left.Raw)
	}
	lookFree(t, "dismissed while waiting", start, releaseLimit, devices)
}
