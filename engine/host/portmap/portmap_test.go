package portmap

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call/reach"
	"foyer/internal/testenv"
)

// fake is a way to a router that does as a test says.
type fake struct {
	target
	called  string
	delay   time.Duration // of an answer
	address string        // empty: it never answers
	refuses error
	port    uint16        // outside; 0: what is wanted
	lease   time.Duration // 0: what is wanted
	deaf    bool          // to what is given back

	mu     sync.Mutex
	table  map[Port]mapping
	opened []Port
	gone   error // what stands says
}

func newFake(name, address string) *fake {
	return &fake{
		target: target{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("192.168.1.10")},
		called: name, address: address, table: map[Port]mapping{},
	}
}

func (f *fake) name() string { return f.called }

func (f *fake) ask(ctx context.Context) (netip.Addr, error) {
	f.mu.Lock()
	address, delay := f.address, f.delay
	f.mu.Unlock()
	if address == "" {
		<-ctx.Done()
		return netip.Addr{}, errSilent
	}
	select {
	case <-ctx.Done():
		return netip.Addr{}, errSilent
	case <-time.After(delay):
	}
	return netip.MustParseAddr(address), nil
}

func (f *fake) open(_ context.Context, p Port, wanted uint16, lease time.Duration) (mapping, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuses != nil {
		return mapping{}, f.refuses
	}
	if f.port != 0 {
		wanted = f.port
	}
	if f.lease != 0 {
		lease = f.lease
	}
	m := mapping{port: p, outside: netip.AddrPortFrom(netip.MustParseAddr(f.address), wanted), lease: lease}
	f.table[p] = m
	f.opened = append(f.opened, p)
	return m, nil
}

func (f *fake) shut(ctx context.Context, m mapping) error {
	if f.deaf {
		<-ctx.Done()
		return errSilent
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.table, m.port)
	return nil
}

func (f *fake) stands(context.Context, mapping) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	gone := f.gone
	f.gone = nil
	return gone
}

func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// has counts what the router has, and what it was asked to open.
func (f *fake) has() (open, asked int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.table), len(f.opened)
}

func ports() []Port { return []Port{{TCP, 7843}, {UDP, 7900}, {TCP, 7900}} }

// stand is a mapper in virtual time.
type stand struct {
	*Mapper
	t      *testing.T
	mu     sync.Mutex
	here   network
	states []reach.Router
	stop   func()
}

// begin runs a mapper. It is called in a bubble.
func begin(t *testing.T, ways ...*fake) *stand {
	t.Helper()
	log, _ := testenv.NewLog()
	s := &stand{t: t, here: network{v4: ways[0].target}}
	s.Mapper = New(Config{
		Log: log, Ports: ports(), Key: []byte("key"),
		Changed: func(r reach.Router) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.states = append(s.states, r)
		},
		network: func() network {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.here
		},
		ways: func(at target) (list []way) {
			for _, w := range ways {
				if w.target == at {
					list = append(list, w)
				}
			}
			return list
		},
	})
	if s.State().State != reach.Asking {
		t.Errorf("before: %+v", s.State())
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { s.Run(ctx) })
	s.stop = func() { cancel(); group.Wait() }
	return s
}

func (s *stand) move(n network) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.here = n
}

// after lets time pass.
func (s *stand) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (s *stand) want(want reach.Router) {
	s.t.Helper()
	if got := s.State(); got != want {
		s.t.Errorf("%+v, not %+v", got, want)
	}
}

const public = "203.0.113.5"

func TestStates(t *testing.T) {
	t.Parallel()
	refusing := func(name, address string, err error) *fake {
		f := newFake(name, address)
		f.refuses = err
		return f
	}
	elsewhere := newFake("pcp", public)
	elsewhere.port = 50123
	for name, tt := range map[string]struct {
		ways []*fake
		want reach.Router
		open int
	}{
		"opened": {[]*fake{newFake("pcp", public), newFake("nat-pmp", public), newFake("upnp", public)},
			reach.Router{State: reach.Opened, Outside: public + ":7843", By: "pcp"}, 3},
		"opened at another number": {[]*fake{elsewhere}, reach.Router{State: reach.Opened, Outside: public + ":50123", By: "pcp"}, 1},
		"opened by the second": {[]*fake{newFake("pcp", ""), newFake("nat-pmp", public)},
			reach.Router{State: reach.Opened, Outside: public + ":7843", By: "nat-pmp"}, 3},
		"opened by the one that does": {[]*fake{refusing("pcp", public, errRefused), newFake("nat-pmp", public)},
			reach.Router{State: reach.Opened, Outside: public + ":7843", By: "nat-pmp"}, 3},
		"two addresses": {[]*fake{newFake("pcp", public), newFake("nat-pmp", ""), newFake("upnp", "203.0.113.9")},
			reach.Router{State: reach.Doubtful, Outside: public + ":7843", By: "pcp"}, 3},
		"a second router": {[]*fake{newFake("pcp", "10.0.0.2"), newFake("upnp", "10.0.0.2")},
			reach.Router{State: reach.SecondNAT, Outside: "10.0.0.2", By: "pcp"}, 3},
		"a second router, refused": {[]*fake{refusing("upnp", "192.168.0.2", errRefused)},
			reach.Router{State: reach.SecondNAT, Outside: "192.168.0.2"}, 0},
		"a shared address": {[]*fake{newFake("pcp", "100.64.1.2")}, reach.Router{State: reach.SharedAddress, Outside: "100.64.1.2", By: "pcp"}, 3},
		"refused":          {[]*fake{refusing("pcp", public, errRefused), newFake("upnp", "")}, reach.Router{State: reach.Refused}, 0},
		"no line":          {[]*fake{newFake("upnp", "0.0.0.0")}, reach.Router{State: reach.NoAddress}, 0},
		"loopback":         {[]*fake{newFake("upnp", "127.0.0.1")}, reach.Router{State: reach.NoAddress}, 0},
		"silent":           {[]*fake{newFake("pcp", ""), newFake("nat-pmp", ""), newFake("upnp", "")}, reach.Router{State: reach.Silent}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := begin(t, tt.ways...)
				s.after(askTimeout + time.Second)
				s.want(tt.want)
				open := 0
				for _, w := range tt.ways {
					n, _ := w.has()
					open += n
				}
				if open != tt.open {
					t.Errorf("%d ports are open, not %d", open, tt.open)
				}
				s.stop()
				s.GiveBack(t.Context())
				for _, w := range tt.ways {
					if n, _ := w.has(); n != 0 {
						t.Errorf("%s has %d ports at the end", w.called, n)
					}
				}
			})
		})
	}
}

// TestNotLate: the link is of use before the slowest protocol has answered, and a
// router that has one protocol alone is not waited for.
func TestNotLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := begin(t, newFake("pcp", ""), newFake("nat-pmp", public), newFake("upnp", ""))
		s.after(60 * time.Millisecond)
		s.want(reach.Router{State: reach.Opened, Outside: public + ":7843", By: "nat-pmp"})
		s.stop()
	})
	synctest.Test(t, func(t *testing.T) {
		slow := newFake("upnp", "203.0.113.9")
		slow.delay = 2 * time.Second
		s := begin(t, newFake("pcp", public), slow)
		s.after(time.Millisecond)
		s.want(reach.Router{State: reach.Opened, Outside: public + ":7843", By: "pcp"})
		s.after(3 * time.Second)
		s.want(reach.Router{State: reach.Doubtful, Outside: public + ":7843", By: "pcp"})
		s.stop()
	})
}

// TestRenewal: each port is renewed at half of its time, and not asked for more often.
func TestRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("pcp", public)
		f.lease = 10 * time.Minute
		s := begin(t, f)
		s.after(time.Second)
		for round := 1; round <= 5; round++ {
			if _, asked := f.has(); asked != 3*round {
				t.Fatalf("round %d: asked %d times", round, asked)
			}
			s.after(5 * time.Minute)
		}
		f.change(func() { f.refuses = errRefused }) // a port that is not renewed is asked for anew
		s.after(6 * time.Minute)
		s.want(reach.Router{State: reach.Refused})
		f.change(func() { f.refuses = nil })
		s.after(2 * minRetry)
		s.want(reach.Router{State: reach.Opened, Outside: public + ":7843", By: "pcp"})
		s.stop()
	})
}

// TestAskedAnew: a router that has restarted, or has another address.
func TestAskedAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("nat-pmp", public)
		s := begin(t, f)
		s.after(time.Second)
		f.change(func() {
			clear(f.table)
			f.gone, f.address = errRestarted, "203.0.113.77"
		})
		s.after(checkEvery + time.Second)
		s.want(reach.Router{State: reach.Opened, Outside: "203.0.113.77:7843", By: "nat-pmp"})
		if open, asked := f.has(); open != 3 || asked != 6 {
			t.Errorf("%d are open, %d were asked for", open, asked)
		}
		s.stop()
		s.GiveBack(t.Context())
		if open, _ := f.has(); open != 0 {
			t.Errorf("%d are open at the end", open)
		}
	})
}

// TestOtherNetwork: the router of another network is asked, and without one nothing is
// said.
func TestOtherNetwork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		home, work := newFake("pcp", public), newFake("upnp", "198.51.100.3")
		work.target = target{netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.1.0.7")}
		s := begin(t, home, work)
		s.after(time.Second)
		s.want(reach.Router{State: reach.Opened, Outside: public + ":7843", By: "pcp"})
		s.move(network{})
		s.after(3 * lookEvery)
		s.want(reach.Router{})
		s.move(network{v4: work.target})
		s.after(3 * lookEvery)
		s.want(reach.Router{State: reach.Opened, Outside: "198.51.100.3:7843", By: "upnp"})
		s.stop()
		s.GiveBack(t.Context())
		if open, _ := work.has(); open != 0 {
			t.Errorf("%d are open at the end", open)
		}
		if open, _ := home.has(); open != 3 {
			t.Error("the router of another network was told something")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.IndexFunc(s.states, func(r reach.Router) bool { return r.State == reach.Asking }); i < 0 {
			t.Errorf("it was not said that another router is asked: %+v", s.states)
		}
	})
}

// TestPinholes: an IPv6 address of ours counts where IPv4 leads nowhere, and only if
// the router opens that address itself.
func TestPinholes(t *testing.T) {
	t.Parallel()
	six := target{netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddr("2001:db8::10")}
	for address, want := range map[string]reach.Router{
		"2001:db8::10": {State: reach.Opened, Outside: "[2001:db8::10]:7843", By: "pcp"},
		"2001:db8::66": {State: reach.SharedAddress, Outside: "100.64.0.9", By: "upnp"},
	} {
		synctest.Test(t, func(t *testing.T) {
			v4, v6 := newFake("upnp", "100.64.0.9"), newFake("pcp", address)
			v6.target = six
			s := begin(t, v4, v6)
			s.move(network{v4: v4.target, v6: []target{six}})
			s.after(askTimeout + 3*lookEvery)
			s.want(want)
			s.stop()
			s.GiveBack(t.Context())
			for _, w := range []*fake{v4, v6} {
				if open, _ := w.has(); open != 0 {
					t.Errorf("%s: %d are open at the end", w.at().router, open)
				}
			}
		})
	}
}

// TestDeafAtTheEnd: a router that does not answer delays no end.
func TestDeafAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("upnp", public)
		f.deaf = true
		s := begin(t, f)
		s.after(time.Second)
		began := time.Now()
		s.stop()
		if took := time.Since(began); took > 0 {
			t.Errorf("the end of asking took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		s.GiveBack(ctx)
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("the end took %v", took)
		}
	})
}

// TestEndWhileItOpens: what a server before has left open is given back, although the
// end comes before the router has answered.
func TestEndWhileItOpens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("pcp", public)
		for _, p := range ports() {
			f.table[p] = mapping{port: p}
		}
		slow := &sluggish{f}
		log, _ := testenv.NewLog()
		m := New(Config{
			Log: log, Ports: ports(), Changed: func(reach.Router) {},
			network: func() network { return network{v4: f.target} }, ways: func(target) []way { return []way{slow} },
		})
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { m.Run(ctx) })
		time.Sleep(time.Second)
		if m.State().State != reach.Opened {
			t.Errorf("%+v", m.State())
		}
		cancel()
		group.Wait()
		m.GiveBack(t.Context())
		if open, _ := f.has(); open != 0 {
			t.Errorf("%d are open at the end", open)
		}
	})
}

// sluggish takes its time for all ports but the door's.
type sluggish struct{ *fake }

func (s *sluggish) open(ctx context.Context, p Port, wanted uint16, lease time.Duration) (mapping, error) {
	if p != ports()[0] {
		<-ctx.Done()
		return mapping{}, errSilent
	}
	return s.fake.open(ctx, p, wanted, lease)
}

// TestTakenNumber: if somebody else has the door's number, another one is asked for.
func TestTakenNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake("upnp", public)
		taken := &picky{fake: f}
		log, _ := testenv.NewLog()
		m := New(Config{
			Log: log, Ports: ports()[:1], Changed: func(reach.Router) {},
			network: func() network { return network{v4: f.target} }, ways: func(target) []way { return []way{taken} },
		})
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { m.Run(ctx) })
		time.Sleep(time.Second)
		at, err := netip.ParseAddrPort(m.State().Outside)
		if err != nil || at.Port() < 49152 {
			t.Errorf("%+v", m.State())
		}
		cancel()
		group.Wait()
	})
}

// picky has its lower numbers taken.
type picky struct{ *fake }

func (p *picky) open(ctx context.Context, port Port, wanted uint16, lease time.Duration) (mapping, error) {
	if wanted < 49152 {
		return mapping{}, errTaken
	}
	return p.fake.open(ctx, port, wanted, lease)
}

func TestUsableRoutes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		router, inside string
		want           bool
	}{
		{"192.168.1.1", "192.168.1.10", true}, {"100.64.0.1", "100.64.0.7", true},
		{"203.0.113.1", "203.0.113.7", false}, // nothing is translated
		{"192.168.1.1", "192.168.1.1", false}, {"0.0.0.0", "192.168.1.10", false},
		{"fe80::1", "2001:db8::7", true}, {"fe80::1", "fd00::7", false}, {"fe80::1", "fe80::7", false},
	} {
		if got := usable(netip.MustParseAddr(tt.router), netip.MustParseAddr(tt.inside)); got != tt.want {
			t.Errorf("%s by %s: %v", tt.inside, tt.router, got)
		}
	}
	if usable(netip.Addr{}, netip.Addr{}) {
		t.Error("no router can be asked")
	}
}

// TestLookUp: this computer's routes can be read; whether there is one is its affair.
func TestLookUp(t *testing.T) {
	t.Parallel()
	n := lookUp(netip.Addr{})
	t.Logf("%+v", n)
	if n.v4.router.IsValid() != n.v4.inside.IsValid() {
		t.Errorf("half of a route: %+v", n.v4)
	}
	if n := lookUp(netip.MustParseAddr("127.0.0.1")); n.v4 != (target{}) || len(n.v6) > 0 {
		t.Errorf("a server on loopback: %+v", n)
	}
}

var errOther = errors.New("something else")

// TestWhyClosed: what no reason describes is a refusal, not silence; an address says
// more than that there is none, and that says more than a refusal.
func TestWhyClosed(t *testing.T) {
	t.Parallel()
	s := &networkSession{}
	if r := s.router([]*answer{{err: errOther}, nil, {err: errSilent}}); r.State != reach.Refused {
		t.Errorf("%+v", r)
	}
	private, none := netip.MustParseAddr("10.9.0.1"), &answer{err: errNoAddress}
	for _, tt := range []struct {
		answers []*answer
		want    reach.Router
	}{
		{[]*answer{{outside: private, err: errRefused}, none, none}, reach.Router{State: reach.SecondNAT, Outside: "10.9.0.1"}},
		{[]*answer{none, {outside: private, err: errRefused}}, reach.Router{State: reach.SecondNAT, Outside: "10.9.0.1"}},
		{[]*answer{{err: errRefused}, none}, reach.Router{State: reach.NoAddress}},
		{[]*answer{none, {err: errRefused}}, reach.Router{State: reach.NoAddress}},
	} {
		if r := s.router(tt.answers); r != tt.want {
			t.Errorf("%+v, not %+v", r, tt.want)
		}
	}
}
