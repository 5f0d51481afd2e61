package host

import (
	"context"
	"sync"
	"time"

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
}

// newRouter asks for nothing yet. In front of another computer's media server nothing
// is asked: what the router leads to this computer would be half of what a guest needs.
func (s *Server) newRouter(data *folder, media *mediaServer, port uint16) *router {
	r := &router{s: s, port: port}
	if s.relay != nil {
		r.relay = s.newLine(data, media, func(reach.Relay) { r.changed() })
	}
	if s.NoPortMapping || media == nil || s.listen.Addr().IsLoopback() {
		return r
	}
	ports := []portmap.Port{{Protocol: portmap.TCP, Number: port}}
	if at := media.ports(); at.UDP != 0 {
		ports = append(ports, portmap.Port{Protocol: portmap.UDP, Number: uint16(at.UDP)})
		if at.TCP != 0 {
			ports = append(ports, portmap.Port{Protocol: portmap.TCP, Number: uint16(at.TCP)})
		}
	}
	r.mapper = portmap.New(portmap.Config{
		Log: s.Log.WithField("part", "router"), Ports: ports, Listen: s.listen.Addr(), Key: []byte(data.admin.Key),
		Changed: func(reach.Router) { r.changed() },
	})
	return r
}

func (r *router) changed() {
	if r.s.Reached != nil {
		r.s.Reached(r.reach())
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
