//go:build linux

package e2e

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// usable is how long a router may take from being asked until new links lead through
// it, by its protocol.
func usable() map[string]time.Duration {
	return map[string]time.Duration{
		drive.PCP: 100 * time.Millisecond, drive.NATPMP: 100 * time.Millisecond, drive.UPnP: 3 * time.Second,
	}
}

// routerStory is a server behind a router that opens ports when it is asked.
type routerStory struct {
	t      *testing.T
	f      drive.Foyer
	homes  *drive.Homes
	opener *drive.Opener
	data   string
	server *testenv.Server
}

func newRouterStory(t *testing.T, behind bool, speaks ...string) *routerStory {
	t.Helper()
	s := &routerStory{t: t, f: testenv.Foyer(t), homes: layHomes(t), data: t.TempDir()}
	var err error
	s.opener, err = s.homes.NewOpener(t.Context(), t.TempDir(), behind, speaks...)
	t.Cleanup(func() { _ = s.opener.Stop(context.Background()) }) // its network goes, too
	must(t, err)
	s.awaitOpener()
	return s
}

// awaitOpener waits until the router listens.
func (s *routerStory) awaitOpener() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Limit)
	defer cancel()
	must(s.t, s.opener.AwaitListening(ctx))
}

func (s *routerStory) serve(flags ...string) {
	s.t.Helper()
	s.server = testenv.Serve(s.t, s.f, drive.ServeOptions{
		NS: s.homes.Host, Listen: ":" + strconv.Itoa(reachDoor), Data: s.data, PortMapping: true,
		Args: append([]string{"--media-port", strconv.Itoa(reachMedia), "--log-level", "host=debug"}, flags...),
	})
}

// stop ends the server as its owner would.
func (s *routerStory) stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Limit)
	defer cancel()
	began := time.Now()
	if status, err := s.server.Drive.Stop(ctx); err != nil || status != 0 {
		s.t.Errorf("the server ended with %d, %v", status, err)
	}
	s.t.Logf("the server's end took %v", time.Since(began))
}

// said waits until the server says that of its router.
func (s *routerStory) said(state string) drive.Event {
	s.t.Helper()
	return s.server.AwaitAfter(0, "reach", func(e drive.Event) bool { return routerState(e) == state })
}

func routerState(e drive.Event) string {
	router, _ := e.Get("router").(map[string]any)
	state, _ := router["state"].(string)
	return state
}

// open are the ports that the router passes on, such as TCP 7843.
func (s *routerStory) open() (ports []string, until time.Time) {
	s.t.Helper()
	leases, err := s.opener.Leases()
	must(s.t, err)
	for _, l := range leases {
		if l.Outside != l.Inside {
			s.t.Errorf("%d outside is %d inside", l.Outside, l.Inside)
		}
		ports = append(ports, l.Protocol+" "+strconv.Itoa(l.Outside))
		if l.Until.After(until) {
			until = l.Until
		}
	}
	slices.Sort(ports)
	return ports, until
}

func (s *routerStory) wantOpen(want ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), testenv.Limit)
	defer cancel()
	var got []string
	if err := drive.UntilEvery(ctx, 20*time.Millisecond, func() bool {
		got, _ = s.open()
		return slices.Equal(got, want)
	}); err != nil {
		s.t.Errorf("open are %v, not %v", got, want)
	}
}

func allOpen() []string {
	return []string{fmt.Sprint("TCP ", reachDoor), fmt.Sprint("TCP ", reachMedia), fmt.Sprint("UDP ", reachMedia)}
}

// TestRouterOpens: behind a router that has one protocol alone, a guest from another
// home comes in by the link and media goes both ways; when the server ends, everything
// is closed again.
func TestRouterOpens(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{drive.PCP, drive.NATPMP, drive.UPnP} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := newRouterStory(t, false, protocol)
			s.measure(protocol)
			s.serve()
			ready, opened := s.server.Await("ready"), s.said("opened")
			at := net.JoinHostPort(s.homes.Public, strconv.Itoa(reachDoor))
			if !strings.Contains(string(opened.Raw), `"by":"`+protocol+`"`) || !strings.Contains(opened.Text("who"), at) ||
				strings.Contains(opened.Text("who"), "can join while") {
				t.Errorf("%s", opened.Raw)
			}
			if state := routerState(ready); state != "asking" && state != "opened" {
				t.Errorf("%s", ready.Raw)
			}
			s.wantOpen(allOpen()...)
			if _, until := s.open(); time.Until(until) > time.Hour+time.Minute {
				t.Errorf("open until %v", until)
			}
			s.meetThroughRouter(at)
			s.stop()
			s.wantOpen()
		})
	}
}

// measure says how long it takes until new links lead through the router, and compares
// it with what it must be when it is done more than once, as make reach does.
func (s *routerStory) measure(protocol string) {
	s.t.Helper()
	var times []time.Duration
	for range *reachRounds {
		s.serve()
		ready, opened := s.server.Await("ready"), s.said("opened")
		times = append(times, opened.Seen.Sub(ready.Seen))
		s.stop()
	}
	slices.Sort(times)
	p95 := times[(len(times)*95+99)/100-1]
	s.t.Logf("%s: router asked -> link usable: median %v, p95 %v of %d", protocol, times[len(times)/2], p95, len(times))
	if *reachRounds > 1 && p95 > usable()[protocol] {
		s.t.Errorf("p95 is over %v", usable()[protocol])
	}
}

// meetThroughRouter lets a guest from the other home see, and be seen by, somebody
// beside the server.
func (s *routerStory) meetThroughRouter(at string) {
	s.t.Helper()
	link, err := s.server.Drive.InviteFrom(s.t.Context(), s.homes.Host, "home")
	must(s.t, err)
	if !strings.HasPrefix(link, "foyer://"+at) {
		s.t.Errorf("the link does not begin with %s: %s", at, link)
	}
	join := func(id string, ns *drive.NetNS) *testenv.Process {
		return testenv.Join(s.t, s.f, drive.JoinOptions{
			Link: link, Name: id, ID: id, NS: ns, Args: []string{"--stay", "--camera", smallFilm(s.t)},
		})
	}
	host, guest := join("host", s.homes.Host), join("guest", s.homes.Guest)
	meet(host, guest)
	sight := &reachStory{t: s.t}
	sight.sees(guest, 0, "host")
	sight.sees(host, 0, "guest")
	if came := s.server.Await("came_in"); came.Text("name") != "guest" {
		s.t.Errorf("%s", came.Raw)
	}
}

// TestRouterAfterCrash: what a killed server leaves is over with its lease, and the
// next one takes it over and closes it.
func TestRouterAfterCrash(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{drive.PCP, drive.NATPMP, drive.UPnP} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := newRouterStory(t, false, protocol)
			s.serve()
			s.said("opened")
			s.wantOpen(allOpen()...)
			before, err := s.opener.Leases()
			must(t, err)
			must(t, s.server.Signal(syscall.SIGKILL))
			s.server.Ended()
			ports, until := s.open()
			if !slices.Equal(ports, allOpen()) {
				t.Fatalf("killed, and open are %v", ports)
			}
			if left := time.Until(until); left > time.Hour {
				t.Errorf("a killed server leaves ports open for %v", left)
			}
			s.serve()
			if opened := s.said("opened"); !strings.Contains(opened.Text("who"), net.JoinHostPort(s.homes.Public, strconv.Itoa(reachDoor))) {
				t.Errorf("%s", opened.Raw)
			}
			s.wantOpen(allOpen()...)
			after, err := s.opener.Leases()
			must(t, err)
			for _, l := range after {
				if !slices.ContainsFunc(before, func(b drive.Lease) bool { b.Until = l.Until; return b == l }) {
					t.Errorf("%+v is not among the mappings of before: %+v", l, before)
				}
			}
			s.stop()
			s.wantOpen()
		})
	}
}

// TestRouterRestarts: a router that has forgotten everything is asked anew.
func TestRouterRestarts(t *testing.T) {
	t.Parallel()
	s := newRouterStory(t, false, drive.NATPMP)
	s.serve()
	s.said("opened")
	s.wantOpen(allOpen()...)
	// A restart is seen by the clock of the router, which has to be on for longer than
	// its rate may be off (RFC 6886, 3.6).
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	must(t, drive.UntilEvery(ctx, 100*time.Millisecond, func() bool { return s.opener.Age() > 12*time.Second }))
	must(t, s.opener.Stop(t.Context()))
	must(t, s.opener.Start())
	s.awaitOpener()
	s.wantOpen()
	if err := drive.UntilEvery(ctx, 100*time.Millisecond, func() bool {
		got, _ := s.open()
		return slices.Equal(got, allOpen())
	}); err != nil {
		t.Error("the router was not asked anew")
	}
}

// TestRouterBehindAnother: the ports that are of no use are not said to be of any.
func TestRouterBehindAnother(t *testing.T) {
	t.Parallel()
	for protocol, state := range map[string]string{
		drive.PCP: "second_nat", drive.NATPMP: "no_address", drive.UPnP: "no_address", // as miniupnpd says it
	} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := newRouterStory(t, true, protocol)
			s.serve()
			said := s.said(state)
			if said.Text("reach") != "network" || !strings.Contains(said.Text("who"), "Only your network") {
				t.Errorf("%s", said.Raw)
			}
			link, err := s.server.Drive.InviteFrom(t.Context(), s.homes.Host, "home")
			must(t, err)
			if strings.Contains(link, s.homes.Public) {
				t.Errorf("the link has the private address of the router: %s", link)
			}
		})
	}
}

// TestRouterLeftAlone: with the flag nothing is opened and nothing is said.
func TestRouterLeftAlone(t *testing.T) {
	t.Parallel()
	s := newRouterStory(t, false, drive.PCP, drive.NATPMP, drive.UPnP)
	s.serve("--no-port-mapping")
	if ready := s.server.Await("ready"); routerState(ready) != "" || ready.Text("reach") != "network" {
		t.Errorf("%s", ready.Raw)
	}
	log, err := s.homes.Host.Output(t.Context(), "ss", "-Hnua")
	must(t, err)
	if strings.Contains(log, ":5351") {
		t.Errorf("the router is asked:\n%s", log)
	}
	if ports, _ := s.open(); len(ports) > 0 {
		t.Errorf("open are %v", ports)
	}
}
