//go:build linux

package e2e

import (
	"context"
	"errors"
	"flag"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// reachRounds is how often each way in is taken, as make reach does. With more than
// one the times are compared with what they must be: the program is not slowed down
// by the race detector then, and has the machine for itself.
var reachRounds = flag.Int("reach.rounds", 1, "joins through each kind of network")

// Ports of the host's server: both are the same inside and outside.
const (
	reachDoor  = 7843
	reachMedia = 7900
)

// reachCase is what the two routers let through.
type reachCase struct {
	name       string
	tcp, udp   []int // forwarded to the host
	noUDP      bool  // at the guest's router
	refused    []int // TCP ports that it lets nobody out to
	firstFrame time.Duration
	overTCP    int // port at which media comes in; 0: UDP
}

func reachCases() []reachCase {
	return []reachCase{
		{name: "forwarded", tcp: []int{reachDoor, reachMedia}, udp: []int{reachMedia}, firstFrame: 600 * time.Millisecond},
		{name: "forwarded, UDP dropped", tcp: []int{reachDoor, reachMedia}, udp: []int{reachMedia}, noUDP: true,
			firstFrame: time.Second, overTCP: reachMedia},
		{name: "only the door's port", tcp: []int{reachDoor}, noUDP: true, refused: []int{reachMedia},
			firstFrame: 1500 * time.Millisecond, overTCP: reachDoor},
	}
}

// TestMediaWhereTheDoorAnswered joins from another home: the server knows its inside
// address alone, and its router forwards some ports. Frames go both ways.
func TestMediaWhereTheDoorAnswered(t *testing.T) {
	t.Parallel()
	f := testenv.Foyer(t)
	for _, c := range reachCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newReachStory(t, f, c)
			s.run()
			if c.overTCP != 0 && !s.comesOverTCP(s.homes.Public) {
				t.Errorf("no media comes over TCP at port %d", c.overTCP)
			}
		})
	}
}

// layHomes makes two homes for the length of the test.
func layHomes(t *testing.T) *drive.Homes {
	t.Helper()
	if err := mayMakeNetwork(); errors.Is(err, syscall.EPERM) {
		t.Skipf("two homes need network namespaces; runs as root: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	h, err := drive.NewHomes(t.Context())
	if errors.Is(err, drive.ErrNoRules) {
		t.Skipf("two homes need routers; runs as root on a kernel with nf_tables: %v", err)
	}
	must(t, err)
	t.Cleanup(h.Close)
	return h
}

type reachStory struct {
	t           *testing.T
	c           reachCase
	homes       *drive.Homes
	link        string
	host, guest *testenv.Process
}

func newReachStory(t *testing.T, f drive.Foyer, c reachCase) *reachStory {
	t.Helper()
	s := &reachStory{t: t, c: c, homes: layHomes(t)}
	s.setRouters()
	server := testenv.Serve(t, f, drive.ServeOptions{
		NS: s.homes.Host, Listen: ":" + strconv.Itoa(reachDoor),
		Args: []string{"--media-port", strconv.Itoa(reachMedia), "--public", s.homes.Public},
	})
	link, err := server.Drive.InviteFrom(t.Context(), s.homes.Host, "home")
	must(t, err)
	s.link = link
	join := func(id string, ns *drive.NetNS) *testenv.Process {
		return testenv.Join(t, f, drive.JoinOptions{
			Link: link, Name: id, ID: id, NS: ns, Args: []string{"--stay", "--camera", smallFilm(t)},
		})
	}
	s.host, s.guest = join("host", s.homes.Host), join("guest", s.homes.Guest)
	return s
}

func (s *reachStory) setRouters() {
	s.t.Helper()
	ctx := s.t.Context()
	for _, p := range s.c.tcp {
		must(s.t, s.homes.Forward(ctx, "tcp", p))
	}
	for _, p := range s.c.udp {
		must(s.t, s.homes.Forward(ctx, "udp", p))
	}
	if s.c.noUDP {
		must(s.t, s.homes.DropUDP(ctx))
	}
	must(s.t, s.homes.DropTCP(ctx, s.c.refused...))
}

func (s *reachStory) run() {
	meet(s.host, s.guest) // the programs' starts are not measured
	var times []time.Duration
	for range *reachRounds {
		leaving := s.guest.Mark()
		s.guest.Say(map[string]any{"cmd": "leave"})
		s.guest.AwaitAfter(leaving, "left", nil)
		mark, hosts, sent := s.guest.Mark(), s.host.Mark(), time.Now()
		s.guest.Say(map[string]any{"cmd": "join", "link": s.link})
		s.guest.AwaitAfter(mark, "joined", nil)
		times = append(times, s.sees(s.guest, mark, "host").Sub(sent))
		s.sees(s.host, hosts, "guest")
	}
	slices.Sort(times)
	p95 := times[(len(times)*95+99)/100-1]
	s.t.Logf("%s: join -> first frame: median %v, p95 %v of %d", s.c.name, times[len(times)/2], p95, len(times))
	if *reachRounds > 1 && p95 > s.c.firstFrame {
		s.t.Errorf("p95 is over %v", s.c.firstFrame)
	}
}

// sees is when somebody has decoded a frame of somebody else.
func (s *reachStory) sees(p *testenv.Process, mark int, whom string) time.Time {
	s.t.Helper()
	p.AwaitAfter(mark, "track_subscribed", func(e drive.Event) bool { return e.Text("id") == whom })
	// A small frame: writing the file is not what is measured.
	p.Say(map[string]any{
		"cmd": "snapshot", "id": whom, "source": "camera", "width": 64, "height": 36,
		"file": filepath.Join(s.t.TempDir(), "frame.png"),
	})
	return p.AwaitAfter(mark, "snapshot", nil).Seen
}

// comesOverTCP reports whether the guest's home has more connections to the port of an
// address than the signalling needs.
func (s *reachStory) comesOverTCP(address string) bool {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Limit)
	defer cancel()
	out, err := s.homes.Guest.Output(ctx, "ss", "-Htn", "state", "established",
		"dst", net.JoinHostPort(address, strconv.Itoa(s.c.overTCP)))
	must(s.t, err)
	n := 0
	for line := range strings.Lines(out) {
		s.t.Logf("%s: %s", s.c.name, strings.TrimSpace(line))
		n++
	}
	if s.c.overTCP == reachDoor || s.c.overTCP == relayGuests {
		n-- // the signalling
	}
	return n > 0
}

// TestServerBeforeItsNetwork: a server that starts when there is nothing but loopback
// serves guests by UDP as soon as there is a network. When the address changes while a
// room is open, newcomers by a new link have frames, too.
func TestServerBeforeItsNetwork(t *testing.T) {
	t.Parallel()
	f, cable := testenv.Foyer(t), layCable(t)
	must(t, cable.A.Readdress(t.Context(), ""))
	server := testenv.Serve(t, f, drive.ServeOptions{
		NS: cable.A, Listen: ":" + strconv.Itoa(reachDoor), Args: []string{"--media-port", strconv.Itoa(reachMedia)},
	})
	if ready := server.Await("ready"); ready.Text("reach") != "this_computer" {
		t.Errorf("without a network: %s", ready.Raw)
	}
	must(t, cable.A.Readdress(t.Context(), cable.A.Addr))
	receivesAt(t, cable.A, cable.A.Addr)
	join := func(id string, ns *drive.NetNS) *testenv.Process {
		link, err := server.Drive.InviteFrom(t.Context(), cable.A, "room")
		must(t, err)
		return testenv.Join(t, f, drive.JoinOptions{Link: link, Name: id, ID: id, NS: ns, Args: []string{"--camera", smallFilm(t)}})
	}
	host, guest := join("host", cable.A), join("guest", cable.B)
	meet(host, guest)
	s := &reachStory{t: t}
	s.sees(guest, 0, "host")
	s.sees(host, 0, "guest")

	must(t, cable.A.Readdress(t.Context(), "198.18.0.9"))
	late, later := join("late", cable.B), join("later", cable.B)
	late.Await("joined")
	later.Await("joined")
	s.sees(late, 0, "later")
	s.sees(later, 0, "late")
}

// receivesAt waits until media is received at an address by UDP.
func receivesAt(t *testing.T, ns *drive.NetNS, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Limit)
	defer cancel()
	want := net.JoinHostPort(addr, strconv.Itoa(reachMedia))
	err := drive.UntilEvery(ctx, 100*time.Millisecond, func() bool {
		out, err := ns.Output(ctx, "ss", "-Huln")
		return err == nil && strings.Contains(out, want)
	})
	if err != nil {
		t.Fatalf("nothing receives at %s: %v", want, err)
	}
}
