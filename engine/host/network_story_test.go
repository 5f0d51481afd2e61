package host

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// changing is a network whose addresses change when a test says so.
type changing struct {
	mu  sync.Mutex
	all []netip.Addr
}

func (c *changing) look() []netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

func (c *changing) set(all ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = nil
	for _, a := range all {
		c.all = append(c.all, netip.MustParseAddr(a))
	}
}

func (s *testServer) renewals() int {
	return strings.Count(s.log.String(), "media is received on all of its addresses")
}

// TestNetworkComesLater: a server that began before its network gets a new media
// server at the same ports when the network comes, and people come in as before.
func TestNetworkComesLater(t *testing.T) {
	t.Parallel()
	network := &changing{}
	s := startServer(t, func(c *Config) {
		c.Listen, c.addresses, c.networkEvery = ":0", network.look, 10*time.Millisecond
	})
	link := s.invite(nil)
	network.set("192.0.2.1")
	s.log.Wait(t, "media is received on all of its addresses")
	answer, refusal, status := s.join(newGuest(t, "ann").request(t, link))
	if status != http.StatusOK {
		t.Fatalf("%d %+v", status, refusal)
	}
	w, _ := s.mustDial(answer.Token)
	if !w.answers() {
		t.Error("nobody answers")
	}
	network.set("192.0.2.1", "198.51.100.1")
	s.log.Wait(t, "over TCP alone until no room is open")
	if n := s.renewals(); n != 1 {
		t.Errorf("%d renewals while a room is open", n)
	}
	if !w.answers() {
		t.Error("whoever is in a room is disturbed")
	}
	network.set("192.0.2.1") // what is gone asks for nothing
}

// TestNetworkChangeIsTold: each change of the addresses is told of once it lasts, also if no
// router is asked and no relay is used, and a network that has not changed is not.
func TestNetworkChangeIsTold(t *testing.T) {
	t.Parallel()
	network, told := &changing{}, make(chan Reach, 64)
	network.set("192.0.2.1")
	startServer(t, func(c *Config) {
		c.Listen, c.addresses, c.networkEvery = ":0", network.look, time.Millisecond
		c.NoPortMapping, c.Reached = true, func(r Reach) { told <- r }
	})
	for _, addresses := range [][]string{{"192.0.2.1", "2001:db8::1"}, {"192.0.2.1"}, {}, {"198.51.100.1"}} {
		select {
		case <-told:
			t.Error("told of nothing")
		case <-time.After(50 * time.Millisecond): // many looks
		}
		network.set(addresses...)
		select {
		case r := <-told:
			if len(r.Hosts) == 0 {
				t.Errorf("%v: %+v", addresses, r)
			}
		case <-time.After(waitTimeout):
			t.Fatalf("nobody is told of %v", addresses)
		}
	}
}

// TestStopWhileTheMediaServerIsRenewed: a server that is stopped then ends in time, and
// its log tells of no error.
func TestStopWhileTheMediaServerIsRenewed(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			network := &changing{}
			began := make(chan struct{})
			var once sync.Once
			s := startServer(t, func(c *Config) {
				c.Listen, c.networkEvery = ":0", time.Millisecond
				c.addresses = func() []netip.Addr {
					all := network.look()
					if len(all) > 0 {
						once.Do(func() { close(began) })
					}
					return all
				}
			})
			network.set("192.0.2.1")
			<-began
			time.Sleep(after) // into the renewal, which tells when it is over
			if err := s.stop(); err != nil {
				t.Error(err)
			}
			for line := range strings.Lines(s.log.String()) {
				if strings.Contains(line, "level=error") || strings.Contains(line, "does not start again") {
					t.Errorf("a lie: %s", line)
				}
			}
		})
	}
}

// TestNewcomersWaitForTheMediaServer: who joins while it is renewed comes in, too.
func TestNewcomersWaitForTheMediaServer(t *testing.T) {
	t.Parallel()
	network := &changing{}
	s := startServer(t, func(c *Config) {
		c.Listen, c.addresses, c.networkEvery = ":0", network.look, time.Millisecond
	})
	link := s.invite(nil)
	network.set("192.0.2.1")
	s.log.Wait(t, "media is received on all of its addresses")
	network.set("192.0.2.1", "198.51.100.1") // about now
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		answer, refusal, status := s.join(newGuest(t, id).request(t, link))
		if status != http.StatusOK {
			t.Fatalf("%s: %d %+v", id, status, refusal)
		}
		w, _ := s.mustDial(answer.Token)
		if !w.answers() {
			t.Errorf("%s: nobody answers", id)
		}
	}
}
