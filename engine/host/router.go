package host

import (
	"context"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/call/reach"
	"foyer/engine/host/portmap"
	"foyer/engine/host/relayed"
)

// giveBackTimeout is how long the server's end may wait for the router. What it does
// not take back ends with its lease.
const giveBackTimeout = 300 * time.Millisecond

// router is what brings in guests from elsewhere: what the server asks the router of its
// network, and its relay.
type router struct {
	s      *Server
	port   uint16
	mapper *portmap.Mapper // nil: the router is left alone
	relay  *relayed.Line   // nil: none is used

	mu   sync.Mutex
	last Reach
	came bool // somebody from outside, since a way in was lost
}

// newRouter asks for nothing yet.
func (s *Server) newRouter(data *folder, media *mediaServer, port uint16) *router {
	r := &router{s: s, port: port}
	if s.relay != nil {
		r.relay = s.newLine(data, media, func(reach.Relay) { r.changed() })
	}
	if ports := s.portsToOpen(media, port); len(ports) > 0 {
		r.mapper = portmap.New(portmap.Config{
			Log: s.Log.WithField("part", "router"), Ports: ports, Listen: s.listen.Addr(), Key: []byte(data.admin.Key),
			Changed: func(reach.Router) { r.changed() },
		})
	}
	r.last = r.reach()
	return r
}

// portsToOpen are those that the router is asked for. In front of another computer's media
// server nothing is asked: what the router leads to this computer would be half of what a
// guest needs.
func (s *Server) portsToOpen(media *mediaServer, port uint16) []portmap.Port {
	if s.NoPortMapping || media == nil || s.listen.Addr().IsLoopback() {
		return nil
	}
	ports := []portmap.Port{{Protocol: portmap.TCP, Number: port}}
	if at := media.ports(); at.UDP != 0 {
		ports = append(ports, portmap.Port{Protocol: portmap.UDP, Number: uint16(at.UDP)})
		if at.TCP != 0 {
			ports = append(ports, portmap.Port{Protocol: portmap.TCP, Number: uint16(at.TCP)})
		}
	}
	return ports
}

// changed tells how the server is reached now.
func (r *router) changed() {
	r.mu.Lock()
	defer r.mu.Unlock() // they are told in their order
	now := r.reach()
	if reach.Lost(r.last.Hosts, r.last.Router, now.Hosts, now.Router) {
		r.came = false
	}
	r.last = now
	if r.s.Reached != nil {
		r.s.Reached(now)
	}
}

// moved is told that the addresses of this computer are others, of which the mapper takes
// notice itself.
func (r *router) moved() {
	if r.relay != nil {
		r.relay.Moved()
	}
	r.changed()
}

// noteOutside tells that the server can be reached from outside: once, and again when a way
// in has been lost since.
func (r *router) noteOutside(room call.RoomID, id call.Identity, name string) {
	r.mu.Lock()
	first := !r.came
	r.came = true
	r.mu.Unlock()
	if !first {
		return
	}
	r.s.Log.WithField("room", room).WithField("identity", id).Info("the first guest came in from outside")
	if r.s.Came != nil {
		r.s.Came(id, name)
	}
}

// reach is how the server is reached now.
func (r *router) reach() Reach {
	var now reach.Router
	if r.mapper != nil {
		now = r.mapper.State()
	}
	if r.relay != nil {
		now.Relay = r.relay.State()
	}
	return Reach{Hosts: linkHosts(r.s.settings, r.port, now), Router: now}
}

// run keeps the ports open, and the relay at hand, until ctx ends.
func (r *router) run(ctx context.Context) {
	var group sync.WaitGroup
	if r.mapper != nil {
		group.Go(func() { r.mapper.Run(ctx) })
	}
	if r.relay != nil {
		group.Go(func() { r.relay.Run(ctx) })
	}
	group.Wait()
}

// giveBack closes them, after run.
func (r *router) giveBack() {
	if r.mapper != nil {
		ctx, cancel := context.WithTimeout(context.Background(), giveBackTimeout)
		defer cancel()
		r.mapper.GiveBack(ctx)
	}
}
