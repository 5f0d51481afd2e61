package portmap

import (
	"context"
	"slices"
	"time"

	"foyer/engine/call/reach"
)

// wait waits for some time, and reports whether there is another network before.
func (s *networkSession) wait(ctx context.Context, again time.Duration) bool {
	look, late := time.NewTicker(s.m.conf.look), time.NewTimer(again)
	defer look.Stop()
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-late.C:
			return false
		case <-look.C:
			if !s.m.conf.network().equal(s.network) {
				return true
			}
		}
	}
}

// keep renews what is open, until it has to be asked for anew: in another network, by
// a router that has restarted or has another address, or one that does not renew.
func (s *networkSession) keep(ctx context.Context) {
	look, check := time.NewTicker(s.m.conf.look), time.NewTicker(s.m.conf.check)
	renew := time.NewTimer(s.half())
	defer look.Stop()
	defer check.Stop()
	defer renew.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if now := s.m.conf.network(); !now.equal(s.network) {
				s.m.conf.Log.Info("the network has changed: the router is asked anew")
				s.leave(now)
				return
			}
		case <-check.C:
			if !s.stands(ctx) {
				return
			}
		case <-renew.C:
			if !s.renew(ctx) {
				return
			}
			renew.Reset(s.half())
		}
	}
}

// half is when the first lease has half of its time behind it.
func (s *networkSession) half() time.Duration {
	shortest := wantedLease
	for _, h := range s.got {
		shortest = min(shortest, h.lease)
	}
	return shortest / 2
}

// leave forgets what was told to routers that this network does not have.
func (s *networkSession) leave(now network) {
	s.m.forget(func(h *heldMapping) bool { return h.way.at() != now.v4 && !slices.Contains(now.v6, h.way.at()) })
	if now.v4 != s.network.v4 {
		s.m.set(reach.Router{})
	}
}

// stands asks the routers whether the ports of the door are still open.
func (s *networkSession) stands(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	doors := s.pinholes
	if s.door != nil {
		doors = append([]*heldMapping{s.door}, doors...)
	}
	for _, h := range doors {
		if err := h.way.stands(limited, h.mapping); err != nil && ctx.Err() == nil {
			s.m.conf.Log.WithError(err).Info("the router is asked anew")
			return false
		}
	}
	return true
}

// renew renews all mappings with what they have.
func (s *networkSession) renew(ctx context.Context) bool {
	limited, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	for i, h := range s.got {
		now, err := h.way.open(limited, h.port, h.outside.Port(), wantedLease)
		if err != nil || now.outside != h.outside {
			s.m.conf.Log.WithError(err).WithField("port", h.port).Info("the router does not renew a port, and is asked anew")
			return false
		}
		s.got[i].lease = now.lease
	}
	return true
}
