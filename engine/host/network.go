package host

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"foyer/engine/host/door"
)

// lookAtNetwork is how often the interfaces are looked at: no system has the same
// event for them, and a look takes a tenth of a millisecond.
const lookAtNetwork = 2 * time.Second

// networkWatch notices that the addresses of this computer have changed, as at the end of its
// start, in another Wi-Fi or with a VPN. If the media server does not listen on new ones, it
// is restarted when no room is open. Until then, new guests get media by TCP.
type networkWatch struct {
	s       *Server
	door    *door.Door
	control *control
	media   *mediaServer // nil: another computer's
	router  *router

	listening []netip.Addr // at the start of the media server
	seen      []netip.Addr // at the last look
	settled   []netip.Addr // that the router was told of
	told      []netip.Addr // to the log, as one on which nothing listens yet
}

// run watches until ctx ends.
func (w *networkWatch) run(ctx context.Context) {
	ticker := time.NewTicker(w.s.networkEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.step(ctx)
		}
	}
}

// step tells of changed addresses, and renews the media server if it has to be and may be.
func (w *networkWatch) step(ctx context.Context) {
	now := w.s.addresses()
	stays := slices.Equal(now, w.seen) // for two looks: a new IPv6 address cannot be used for a second
	w.seen = now
	if stays && !slices.Equal(now, w.settled) {
		w.settled = now
		w.router.moved()
	}
	if w.media == nil {
		return
	}
	if len(without(now, w.listening)) == 0 {
		w.told = nil
		return
	}
	if !stays {
		return
	}
	w.door.Pause(func() {
		rooms, err := w.control.rooms.List(ctx)
		if err != nil || len(rooms) > 0 {
			return
		}
		w.listening = now // before it starts: an address that comes meanwhile is new
		err = w.media.renew(ctx)
		switch {
		case ctx.Err() != nil: // the server ends
			return
		case err != nil:
			w.s.Log.WithError(err).Error("the media server does not start again on the changed network")
			return
		}
		w.s.Log.WithField("addresses", now).Info("the network has changed: media is received on all of its addresses")
	})
	if still := without(now, w.listening); len(still) > 0 && !slices.Equal(still, w.told) {
		w.told = still
		w.s.Log.WithField("addresses", still).
			Warn("the network has changed: media is received at the new addresses over TCP alone until no room is open")
	}
}

// mediaAddresses are those on which a media server listens that begins now.
func mediaAddresses() []netip.Addr {
	list := reachable(interfaceAddresses(), true)
	slices.SortFunc(list, netip.Addr.Compare)
	return list
}

// without is the addresses of a that are not in b.
func without(a, b []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(a), func(x netip.Addr) bool { return slices.Contains(b, x) })
}
