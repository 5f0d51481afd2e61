//go:build linux

package e2e

import (
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// relayGuests is the first port for guests.
const relayGuests = 7850

// relayStory is a host whose router lets nobody in, a guest in another home, and a relay
// on the internet.
type relayStory struct {
	reachStory
	f      drive.Foyer
	at     *drive.NetNS
	data   string
	relay  *testenv.Process
	server *testenv.Server
}

func newRelayStory(t *testing.T, c reachCase) *relayStory {
	t.Helper()
	s := &relayStory{f: testenv.Foyer(t), data: t.TempDir()}
	s.t, s.c, s.homes = t, c, layHomes(t)
	var err error
	s.at, err = s.homes.Beyond(t.Context())
	must(t, err)
	s.setRouters()
	switch {
	case strings.HasSuffix(c.name, "host"):
		must(t, s.homes.DropUDPBeyond(t.Context(), s.homes.Host))
	case strings.HasSuffix(c.name, "guest"):
		must(t, s.homes.DropUDPBeyond(t.Context(), s.homes.Guest))
	}
	relayLink := s.startRelay()
	s.server = testenv.Serve(t, s.f, drive.ServeOptions{
		NS: s.homes.Host, Listen: ":" + strconv.Itoa(reachDoor), Env: []string{"FOYER_RELAY=" + relayLink},
		Args: []string{"--media-port", strconv.Itoa(reachMedia)},
	})
	s.said("relayed", 0)
	s.link, err = s.server.Drive.InviteFrom(t.Context(), s.homes.Host, "home")
	must(t, err)
	if at := net.JoinHostPort(s.at.Addr, strconv.Itoa(relayGuests)); !strings.Contains(s.link, strings.ReplaceAll(at, ":", "%3A")) {
		t.Errorf("the link does not have %s: %s", at, s.link)
	}
	join := func(id string, ns *drive.NetNS) *testenv.Process {
		return testenv.Join(t, s.f, drive.JoinOptions{
			Link: s.link, Name: id, ID: id, NS: ns, Args: []string{"--stay", "--camera", smallFilm(t)},
		})
	}
	s.host, s.guest = join("host", s.homes.Host), join("guest", s.homes.Guest)
	return s
}

// startRelay starts the relay, and returns its link.
func (s *relayStory) startRelay() string {
	s.t.Helper()
	relay, err := s.f.Relay(s.t.Context(), drive.RelayOptions{Data: s.data, NS: s.at})
	must(s.t, err)
	s.relay = testenv.Adopt(s.t, relay.Process)
	return relay.Link
}

// said waits until the server says that of its relay.
func (s *relayStory) said(state string, after int) drive.Event {
	s.t.Helper()
	return s.server.AwaitAfter(after, "reach", func(e drive.Event) bool {
		return strings.Contains(string(e.Raw), `"relay":{"state":"`+state+`"`)
	})
}

// TestRelay joins through a relay, with frames both ways: by UDP, and where that is dropped
// between the relay and the host, or the guest, from the beginning or in the call.
func TestRelay(t *testing.T) {
	t.Parallel()
	for _, c := range []reachCase{
		{name: "relay", firstFrame: time.Second},
		{name: "relay, UDP dropped to the host", firstFrame: time.Second, overTCP: relayGuests},
		{name: "relay, UDP dropped to the guest", firstFrame: time.Second, overTCP: relayGuests},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newRelayStory(t, c)
			s.run()
			if came := s.server.Await("came_in"); came.Text("name") != "guest" {
				t.Errorf("%s", came.Raw)
			}
			switch {
			case c.overTCP == 0:
				s.dies()
				s.losesUDP(s.homes.Host)
			case !s.comesOverTCP(s.at.Addr):
				t.Errorf("no media comes over TCP")
			}
		})
	}
}

// TestGuestInABrowserByARelay: the link for browsers leads to the relay, where the page
// comes from, and media goes both ways, also where UDP is dropped on the way.
func TestGuestInABrowserByARelay(t *testing.T) {
	t.Parallel()
	s := newRelayStory(t, reachCase{name: "page"})
	bob := visit(t, s.f, s.homes.Guest, s.link, false)
	defer bob.secrets()
	if !strings.HasPrefix(bob.url, "https://"+net.JoinHostPort(s.at.Addr, strconv.Itoa(relayGuests))+"/") {
		t.Errorf("the link for browsers is %s", bob.url)
	}
	s.visits(bob)
	bob.looks("relay")
	bob.clicks("#leave")
	must(t, s.homes.DropUDPBeyond(t.Context(), s.homes.Guest))
	bob.opens("en-GB", nil)
	s.visits(bob)
}

// visits lets Bob and the host see each other.
func (s *relayStory) visits(bob *visitor) {
	s.t.Helper()
	mark := s.host.Mark()
	bob.enters("#lobby-camera")
	id := s.host.AwaitAfter(mark, "participant_joined", func(e drive.Event) bool { return e.Text("name") == "Bob" }).Text("id")
	bob.finds("#grid", "host")
	bob.sees(s.t)
	s.sees(s.host, mark, id)
	s.moves(s.host, id)
}

// losesUDP drops UDP between the relay and a home in the call: media goes on over TCP.
func (s *relayStory) losesUDP(home *drive.NetNS) {
	s.t.Helper()
	began, guest := time.Now(), s.guest.Mark()
	must(s.t, s.homes.DropUDPBeyond(s.t.Context(), home))
	s.guest.AwaitAfter(guest, "state", func(e drive.Event) bool { return e.Text("state") == "reconnecting" })
	s.guest.AwaitAfter(guest, "state", func(e drive.Event) bool { return e.Text("state") == "joined" })
	s.moves(s.guest, "host")
	s.t.Logf("UDP is dropped -> frames over TCP: %v", time.Since(began))
	s.moves(s.host, "guest")
	s.c.overTCP = relayGuests
	if !s.comesOverTCP(s.at.Addr) {
		s.t.Error("no media comes over TCP")
	}
}

// moves waits until somebody decodes further frames of somebody else.
func (s *relayStory) moves(p *testenv.Process, whom string) {
	s.t.Helper()
	const more = 5
	first, frames := -1, 0
	for deadline := time.Now().Add(testenv.Limit); first < 0 || frames < first+more; {
		if time.Now().After(deadline) {
			s.t.Fatalf("%d frames of %s, and no more", frames, whom)
		}
		mark := p.Mark()
		p.Say(map[string]any{"cmd": "stats"})
		for _, r := range remoteTracks(p.AwaitAfter(mark, "stats", nil)) {
			if r.ID == whom && r.Source == "camera" {
				frames = r.Frames
			}
		}
		if first < 0 {
			first = frames
		}
	}
}

// dies kills the relay in a call. The server says so, and when the relay is there again,
// the guest is back by themselves.
func (s *relayStory) dies() {
	s.t.Helper()
	guest, server := s.guest.Mark(), s.server.Mark()
	must(s.t, s.relay.Signal(syscall.SIGKILL))
	s.relay.Ended()
	if said := s.said("lost", server); !strings.Contains(said.Text("who"), "the relay cannot be reached") {
		s.t.Errorf("%s", said.Raw)
	}
	s.guest.AwaitAfter(guest, "state", func(e drive.Event) bool { return e.Text("state") == "reconnecting" })
	again := time.Now()
	s.startRelay()
	s.said("relayed", server)
	s.guest.AwaitAfter(guest, "state", func(e drive.Event) bool { return e.Text("state") == "joined" })
	s.t.Logf("the relay is back -> the guest is back: %v", time.Since(again))
	s.moves(s.host, "guest")
	s.moves(s.guest, "host")
}

// TestRelayKeepsTheKey: only its files and its owner have the relay link: it is on no
// command line of the server's, and guests' links do not have it.
func TestRelayKeepsTheKey(t *testing.T) {
	t.Parallel()
	s := newRelayStory(t, reachCase{name: "key"})
	key, err := os.ReadFile(s.data + "/relay-key")
	must(t, err)
	secret := strings.TrimSpace(string(key))
	for what, text := range map[string]string{"the invitation": s.link, "what the server prints": string(s.said("relayed", 0).Raw)} {
		if len(secret) < 20 || strings.Contains(text, secret) {
			t.Errorf("%s has the relay's key", what)
		}
	}
	log, err := os.ReadFile(s.server.Log)
	must(t, err)
	if strings.Contains(string(log), secret) {
		t.Error("the log has the relay's key")
	}
}
