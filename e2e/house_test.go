//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// house is a room server, its host's tools, and the people who come and go.
type house struct {
	t      *testing.T
	foyer  drive.Foyer
	server *testenv.Server
}

func openHouse(t *testing.T, o drive.ServeOptions) *house {
	t.Helper()
	f := testenv.Foyer(t)
	return &house{t, f, testenv.Serve(t, f, o)}
}

// invite makes a link with flags such as "--role", "host".
func (h *house) invite(room string, flags ...string) string {
	h.t.Helper()
	link, err := h.server.Drive.InviteWith(h.t.Context(), room, flags...)
	must(h.t, err)
	return link
}

// admin runs a command of the host's tools, checks its exit status, and returns
// what it printed.
func (h *house) admin(status int, args ...string) (stdout, stderr string) {
	h.t.Helper()
	stdout, stderr, got, err := h.server.Drive.Admin(h.t.Context(), args...)
	must(h.t, err)
	if got != status {
		h.t.Errorf("foyer admin %q: status %d, want %d\n%s%s", args, got, status, stdout, stderr)
	}
	return stdout, stderr
}

// ask runs one with --json and reads the answer.
func (h *house) ask(answer any, status int, args ...string) {
	h.t.Helper()
	out, _ := h.admin(status, append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), answer); err != nil {
		h.t.Errorf("foyer admin %q --json printed %q: %v", args, out, err)
	}
}

// person is somebody without a window who stays at the machine after leaving.
type person struct {
	*testenv.Process
	t       *testing.T
	id      string
	profile string
	from    int // index of the first event of the present stay
}

// comes starts somebody and lets them join.
func (h *house) comes(id, link string, o drive.JoinOptions) *person {
	h.t.Helper()
	o.Link, o.ID, o.Name = link, id, strings.ToUpper(id[:1])+id[1:]
	o.Args = append(o.Args, "--stay")
	if o.Profile == "" {
		o.Profile = h.t.TempDir()
	}
	return &person{Process: testenv.Join(h.t, h.foyer, o), t: h.t, id: id, profile: o.Profile}
}

// enters lets them join, once more, as more says.
func (p *person) enters(link string, more map[string]any) {
	p.t.Helper()
	cmd := map[string]any{"cmd": "join", "link": link}
	maps.Copy(cmd, more)
	p.from = p.Mark()
	p.Say(cmd)
}

// awaits returns the first such event of the present stay.
func (p *person) awaits(event string, match func(drive.Event) bool) drive.Event {
	p.t.Helper()
	return p.AwaitAfter(p.from, event, match)
}

// knows waits until p is in the room and has heard of each of the others.
func (p *person) knows(others ...*person) {
	p.t.Helper()
	var joined struct{ Participants []struct{ ID string } }
	must(p.t, p.awaits("joined", nil).Decode(&joined))
	for _, o := range others {
		if !slices.ContainsFunc(joined.Participants, func(there struct{ ID string }) bool { return there.ID == o.id }) {
			p.awaits("participant_joined", about(o.id))
		}
	}
}

// gather waits until all are in one room and have heard of each other.
func gather(all ...*person) {
	for _, p := range all {
		p.knows(slices.DeleteFunc(slices.Clone(all), func(o *person) bool { return o == p })...)
	}
}

// talks waits until p is in the room with all that belongs to it: another one
// reads what it says.
func (p *person) talks(to *person) {
	p.t.Helper()
	p.awaits("joined", nil)
	text := fmt.Sprint("it is me: ", p.id, p.Mark()) // another one each time
	p.Say(map[string]any{"cmd": "chat", "text": text})
	to.reads(text)
}

// ends waits for the end of the stay and checks its reason.
func (p *person) ends(reason string) drive.Event {
	p.t.Helper()
	left := p.awaits("left", nil)
	if left.Text("reason") != reason || left.Text("message") == "" {
		p.t.Errorf("%s was told %s, want reason %s and a message", p.id, left.Raw, reason)
	}
	return left
}

// sees checks what p is told about somebody else's end.
func (p *person) sees(mark int, id, reason, by, text string) drive.Event {
	p.t.Helper()
	e := p.AwaitAfter(mark, "participant_left", about(id))
	if e.Text("reason") != reason || e.Text("by") != by || e.Text("text") != text {
		p.t.Errorf("%s was told %s, want reason %q by %q with %q", p.id, e.Raw, reason, by, text)
	}
	return e
}

// fails sends a command and returns why it was not done.
func (p *person) fails(command map[string]any) drive.Event {
	p.t.Helper()
	mark := p.Mark()
	p.Say(command)
	e := p.AwaitAfter(mark, "command_failed", nil)
	if e.Text("command") != command["cmd"] || e.Text("error") == "" {
		p.t.Errorf("%v failed with %s", command, e.Raw)
	}
	return e
}

// moderates sends a command about people and returns what became of them.
func (p *person) moderates(command map[string]any) drive.Event {
	p.t.Helper()
	mark := p.Mark()
	p.Say(command)
	return p.AwaitAfter(mark, "moderated", nil)
}

// quietly checks that nothing of that name has come since mark.
func (p *person) quietly(mark int, event string) {
	p.t.Helper()
	for _, e := range p.Events()[mark:] {
		if e.Name == event {
			p.t.Errorf("%s: %s", p.id, e.Raw)
		}
	}
}

// chats returns what p has read in the present stay, in order.
func (p *person) chats() []drive.Event {
	return slices.DeleteFunc(slices.Clone(p.Events()[p.from:]), func(e drive.Event) bool { return e.Name != "chat" })
}

// reads waits for a text.
func (p *person) reads(text string) drive.Event {
	p.t.Helper()
	return p.awaits("chat", saying(text))
}

// hasRead reports whether a text has come.
func (p *person) hasRead(text string) bool {
	p.t.Helper()
	return slices.ContainsFunc(p.chats(), func(e drive.Event) bool { return e.Text("text") == text })
}

// rests lets a second or so go by, as p counts it.
func (p *person) rests(seconds int) {
	p.t.Helper()
	mark := p.Mark()
	for range seconds {
		mark = p.AwaitAfter(mark, "stats", nil).Index + 1
	}
}

func about(id string) func(drive.Event) bool {
	return func(e drive.Event) bool { return e.Text("id") == id }
}

func saying(text string) func(drive.Event) bool {
	return func(e drive.Event) bool { return e.Text("text") == text }
}

// results are those of moderation, by person.
func results(t *testing.T, raw json.RawMessage) map[string]string {
	t.Helper()
	var answer struct{ Results []struct{ ID, Result string } }
	must(t, json.Unmarshal(raw, &answer))
	by := make(map[string]string)
	for _, r := range answer.Results {
		by[r.ID] = r.Result
	}
	return by
}
