package portmap

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call/reach"
)

// headStart is how long PCP may answer alone, and twice that, NAT-PMP, too: the
// protocols that come first have leases that are told, and are quicker at the end. One
// that has failed is not waited for.
const headStart = 40 * time.Millisecond

// otherNumbers are tried if the door's is taken.
const otherNumbers = 2

// waysTo are the protocols of a router, the best first.
func waysTo(t target, conf Config) []way {
	at := station{t, pmpPort}
	clock := func() *epoch { return &epoch{now: time.Now} }
	c := &pcp{station: at, key: conf.Key, first: conf.Ports[0], epoch: clock()}
	if t.inside.Is6() {
		return []way{c}
	}
	return []way{c, &natpmp{station: at, epoch: clock()}, &upnp{
		target: t, search: netip.AddrPortFrom(t.router, ssdpPort), many: ssdpMany(), key: conf.Key,
	}}
}

// networkSession is the time in which a network stays as it is.
type networkSession struct {
	m        *Mapper
	network  network
	door     *heldMapping   // of IPv4; nil: none
	pinholes []*heldMapping // of the door's port, for IPv6

	mu  sync.Mutex
	got []*heldMapping // all that was opened
}

// hold takes a mapping over.
func (s *networkSession) hold(w way, m mapping) *heldMapping {
	h := &heldMapping{m, w}
	s.mu.Lock()
	s.got = append(s.got, h)
	s.mu.Unlock()
	s.m.hold(h)
	return h
}

// answer is what came of asking by one way.
type answer struct {
	outside netip.Addr
	err     error
}

// ask asks by every way, and reports whether the door was opened by one.
func (s *networkSession) ask(ctx context.Context) bool {
	here := s.network.v4 != (target{})
	switch {
	case !here && len(s.network.v6) == 0:
		s.m.set(reach.Router{})
		return false
	case here && s.m.State().State == reach.Unasked:
		s.m.set(reach.Router{State: reach.Asking})
	}
	limited, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	found := make(chan *heldMapping, len(s.network.v6))
	for _, t := range s.network.v6 {
		go func() { found <- s.pinhole(limited, t) }() // all of them are taken below
	}
	router := reach.Router{}
	if here {
		router = s.askV4(limited)
	}
	for range s.network.v6 {
		if h := <-found; h != nil {
			s.pinholes = append(s.pinholes, h)
		}
	}
	if ctx.Err() != nil {
		return false // the answers are incomplete
	}
	s.m.set(s.withPinholes(router))
	if len(s.got) == 0 {
		return false
	}
	// What was open by another protocol, at the same router, ends with its lease: to
	// close it would close the port.
	s.m.forget(func(h *heldMapping) bool { return !slices.Contains(s.got, h) })
	return true
}

// withPinholes tells of a pinhole where IPv4 leads nowhere.
func (s *networkSession) withPinholes(r reach.Router) reach.Router {
	if r.Leads() || len(s.pinholes) == 0 {
		return r
	}
	h := s.pinholes[0]
	return reach.Router{State: reach.Opened, Outside: h.outside.String(), By: h.way.name()}
}

// pinhole lets an IPv6 address of ours be reached. There is no pinhole if the router
// leads another address to it, which no link would name.
func (s *networkSession) pinhole(ctx context.Context, t target) *heldMapping {
	for _, w := range s.m.conf.ways(t) {
		var door *heldMapping
		for _, p := range s.m.conf.Ports {
			m, err := w.open(ctx, p, p.Number, wantedLease)
			if err == nil && (m.outside != netip.AddrPortFrom(t.inside, p.Number)) {
				s.giveUp(ctx, w, m)
				err = errNonsense
			}
			if err != nil {
				s.log(w, t).WithError(err).Debug("no pinhole")
				if door == nil {
					break
				}
				continue
			}
			h := s.hold(w, m)
			if door == nil {
				door = h
			}
		}
		if door != nil {
			return door
		}
	}
	return nil
}

func (s *networkSession) log(w way, t target) *logrus.Entry {
	return s.m.conf.Log.WithFields(logrus.Fields{"by": w.name(), "router": t.router})
}

// askV4 asks by all ways at once, and opens the ports by the best of those that answer
// early. It goes on until all have answered: they may name another address.
func (s *networkSession) askV4(ctx context.Context) reach.Router {
	ways := s.m.conf.ways(s.network.v4)
	answers, came := make([]*answer, len(ways)), make(chan int, len(ways))
	var mu sync.Mutex // answers
	var group sync.WaitGroup
	defer group.Wait()
	for i, w := range ways {
		group.Go(func() {
			outside, err := w.ask(ctx)
			if err == nil && reach.OfRouter(outside) == reach.NoAddress {
				err = errNoAddress
			}
			if err != nil {
				s.log(w, s.network.v4).WithError(err).Debug("the router does not answer as it should")
			}
			mu.Lock()
			answers[i] = &answer{outside, err}
			mu.Unlock()
			came <- i
		})
	}
	began, tried, left := time.Now(), make([]bool, len(ways)), len(ways)
	wake := time.NewTicker(s.m.conf.head)
	defer wake.Stop()
	for {
		mu.Lock()
		next := s.next(answers, tried, time.Since(began))
		known := slices.Clone(answers)
		mu.Unlock()
		switch {
		case s.door == nil && next >= 0:
			tried[next] = true
			s.open(ctx, ways[next], func() { s.m.set(s.router(known)) })
			continue
		case left == 0:
			return s.router(known)
		}
		select {
		case <-came:
			left--
		case <-wake.C:
		}
	}
}

// next is the way to take now, or -1: the first that has answered, if those before it
// have failed or had their time.
func (s *networkSession) next(answers []*answer, tried []bool, passed time.Duration) int {
	for i, a := range answers {
		switch {
		case tried[i] || a != nil && a.err != nil:
		case a != nil:
			return i
		case passed < time.Duration(i+1)*s.m.conf.head:
			return -1
		}
	}
	return -1
}

// open opens all ports by a way, and calls opened when the door's is open: the link is
// of use then. Guests know the others by their number inside alone: at another one they
// are of no use, and media takes the door's port.
func (s *networkSession) open(ctx context.Context, w way, opened func()) {
	log := s.log(w, s.network.v4)
	for i, p := range s.m.conf.Ports {
		m, err := s.openOne(ctx, w, p, i == 0)
		switch {
		case err == nil:
			h := s.hold(w, m)
			if i == 0 {
				s.door = h
				s.expect(h)
				opened()
			}
			opening := logrus.Fields{"port": p, "outside": m.outside, "lease": m.lease}
			log.WithFields(opening).Debug("the router has opened a port")
		case i == 0:
			log.WithError(err).Debug("the router does not open the door's port")
			return
		default:
			log.WithError(err).WithField("port", p).Info("the router does not open a port of media")
		}
	}
}

// expect holds the ports that are asked for next: if the end comes before the answer,
// they are given back all the same, as those of a server that has crashed.
func (s *networkSession) expect(door *heldMapping) {
	for _, p := range s.m.conf.Ports[1:] {
		s.m.hold(&heldMapping{mapping{port: p, outside: netip.AddrPortFrom(door.outside.Addr(), p.Number)}, door.way})
	}
}

// openOne opens a port at its own number, or, if it may, at another one.
func (s *networkSession) openOne(ctx context.Context, w way, p Port, anywhere bool) (mapping, error) {
	m, err := w.open(ctx, p, p.Number, wantedLease)
	if !anywhere {
		if err == nil && m.outside.Port() != p.Number {
			s.giveUp(ctx, w, m)
			err = errTaken
		}
		return m, err
	}
	// The other protocols choose themselves.
	for try := uint16(1); errors.Is(err, errTaken) && try <= otherNumbers; try++ {
		const private = 49152 // up to the end nobody has a number for good (RFC 6335, 6)
		m, err = w.open(ctx, p, private+(p.Number*31+try*4099)%(65535-private), wantedLease)
	}
	return m, err
}

func (s *networkSession) giveUp(ctx context.Context, w way, m mapping) {
	if err := w.shut(ctx, m); err != nil {
		s.log(w, s.network.v4).WithError(err).Debug("the router does not take a mapping back")
	}
}

// router says what the answers mean.
func (s *networkSession) router(answers []*answer) reach.Router {
	var outside []netip.Addr
	closed := reach.Router{State: reach.Silent}
	for _, a := range answers {
		if a == nil || errors.Is(a.err, errSilent) || errors.Is(a.err, errUnsupported) {
			continue
		}
		if a.err == nil {
			outside = append(outside, a.outside.Unmap())
		}
		if now := whyClosed(a); closed.Outside == "" && (now.Outside != "" || closed.State != reach.NoAddress) {
			closed = now // the best that is known
		}
	}
	if s.door == nil {
		return closed
	}
	at := s.door.outside
	r := reach.Router{State: reach.OfRouter(at.Addr()), Outside: at.String(), By: s.door.way.name()}
	switch others := slices.ContainsFunc(outside, func(a netip.Addr) bool { return a != at.Addr() }); {
	case r.State != reach.Opened:
		r.Outside = at.Addr().String()
	case others:
		r.State = reach.Doubtful
	}
	return r
}

// whyClosed is what one answer says if no port was opened.
func whyClosed(a *answer) reach.Router {
	switch state := reach.OfRouter(a.outside); {
	case state == reach.SecondNAT || state == reach.SharedAddress:
		return reach.Router{State: state, Outside: a.outside.Unmap().String()}
	case errors.Is(a.err, errNoAddress):
		return reach.Router{State: reach.NoAddress}
	}
	return reach.Router{State: reach.Refused}
}
