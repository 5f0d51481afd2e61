package host

import (
	"context"
	"time"

	"foyer/engine/call/reach"
	"foyer/engine/host/portmap"
)

// giveBackTimeout is how long the server's end may wait for the router. What it does
// not take back ends with its lease.
const giveBackTimeout = 300 * time.Millisecond

// router is what the server asks the router of its network.
type router struct {
	s      *Server
	port   uint16
	mapper *portmap.Mapper // nil: the router is left alone
}

// newRouter asks for nothing yet. In front of another computer's media server nothing
// is asked: what the router leads to this computer would be half of what a guest needs.
func (s *Server) newRouter(data *folder, media *mediaServer, port uint16) *router {
	r := &router{s: s, port: port}
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
		Changed: func(reach.Router) {
			if s.Reached != nil {
				s.Reached(r.reach())
			}
		},
	})
	return r
}

// reach is how the server is reached now.
func (r *router) reach() Reach {
	var now reach.Router
	if r.mapper != nil {
		now = r.mapper.State()
	}
	return Reach{Hosts: linkHosts(r.s.settings, r.port, now), Router: now}
}

// run keeps the ports open until ctx ends.
func (r *router) run(ctx context.Context) {
	if r.mapper != nil {
		r.mapper.Run(ctx)
	}
}

// giveBack closes them, after run.
func (r *router) giveBack() {
	if r.mapper != nil {
		ctx, cancel := context.WithTimeout(context.Background(), giveBackTimeout)
		defer cancel()
		r.mapper.GiveBack(ctx)
	}
}
