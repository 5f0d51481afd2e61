package portmap

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call/reach"
)

// Times of asking.
const (
	lookEvery  = 2 * time.Second  // at the routes of this computer
	checkEvery = 30 * time.Second // whether the router has what it was told
	minRetry   = 30 * time.Second // after a router that opened nothing; doubled up to
	maxRetry   = 10 * time.Minute
	askTimeout = 4 * time.Second
)

// Config says what to ask for.
type Config struct {
	Log logrus.FieldLogger
	// Ports are to be reached from outside: the first is the door's, and without it the
	// others are of no use.
	Ports []Port
	// Listen is the address at which the server listens; unspecified: all.
	Listen netip.Addr
	// Key is the server's secret, from which its mappings have their names.
	Key []byte
	// Changed is told what the router says, each time that this changes. It must not
	// block.
	Changed func(reach.Router)

	network                  func() network // nil: this computer's
	ways                     func(target) []way
	look, check, again, head time.Duration // 0: as above
}

// Mapper keeps ports open in a router.
type Mapper struct {
	conf Config

	mu    sync.Mutex
	state reach.Router
	held  []*heldMapping
}

// New asks nothing before Run.
func New(conf Config) *Mapper {
	if conf.network == nil {
		conf.network = func() network { return lookUp(conf.Listen) }
	}
	if conf.ways == nil {
		conf.ways = func(t target) []way { return waysTo(t, conf) }
	}
	for value, usual := range map[*time.Duration]time.Duration{
		&conf.look: lookEvery, &conf.check: checkEvery, &conf.again: minRetry, &conf.head: headStart,
	} {
		if *value == 0 {
			*value = usual
		}
	}
	m := &Mapper{conf: conf}
	if n := conf.network(); n.v4 != (target{}) {
		m.state.State = reach.Asking
	}
	return m
}

// State is what the router says now.
func (m *Mapper) State() reach.Router {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *Mapper) set(r reach.Router) {
	m.mu.Lock()
	changed := m.state != r
	m.state = r
	m.mu.Unlock()
	if changed {
		m.conf.Log.WithFields(logrus.Fields{"state": r.State, "outside": r.Outside, "by": r.By}).Info("the router was asked")
		m.conf.Changed(r)
	}
}

// Run keeps the ports open until ctx ends. They stay open then: GiveBack ends that.
func (m *Mapper) Run(ctx context.Context) {
	again := m.conf.again
	for ctx.Err() == nil {
		s := &networkSession{m: m, network: m.conf.network()}
		if s.ask(ctx) {
			again = m.conf.again
			s.keep(ctx)
			continue
		}
		if s.wait(ctx, again) {
			again = m.conf.again
		} else {
			again = min(2*again, maxRetry)
		}
	}
}

// GiveBack closes what is open, for as long as ctx lasts. What cannot be given back
// ends with its lease. It is called after Run.
func (m *Mapper) GiveBack(ctx context.Context) {
	m.mu.Lock()
	held := m.held
	m.held = nil
	m.mu.Unlock()
	var group sync.WaitGroup
	for _, h := range held {
		group.Go(func() {
			if err := h.way.shut(ctx, h.mapping); err != nil {
				m.conf.Log.WithError(err).WithField("port", h.port).Info("the router was not told that the port may be closed")
			}
		})
	}
	group.Wait()
}

// heldMapping is a mapping that a router has.
type heldMapping struct {
	mapping
	way way
}

// same reports whether two are one entry of a router's table.
func (h *heldMapping) same(o *heldMapping) bool {
	return h.port == o.port && h.way.name() == o.way.name() && h.way.at() == o.way.at()
}

// hold keeps mappings in mind until they are given back, in place of their like.
func (m *Mapper) hold(all ...*heldMapping) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range all {
		m.held = slices.DeleteFunc(m.held, h.same)
		m.held = append(m.held, h)
	}
}

// forget drops mappings that end with their lease.
func (m *Mapper) forget(gone func(*heldMapping) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = slices.DeleteFunc(m.held, gone)
}
