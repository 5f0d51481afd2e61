package door

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"foyer/engine/call"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/seats"
	"foyer/engine/host/stream"
)

// guestLimits limits what guests send to LiveKit once they are connected: by person,
// whatever connections they have, by address, and of all together.
type guestLimits struct {
	work    *limits.Rates[roomservice.Place] // see stream.Limits
	named   *limits.Rates[roomservice.Place] // candidates of one person
	bytes   *limits.Rates[roomservice.Place] // of one person
	sending *limits.Rates[netip.Prefix]      // bytes of one address
	all     *rate.Limiter                    // bytes
	offered *limits.Rates[netip.Prefix]      // sections of one address
	offers  *rate.Limiter                    // sections of all
	cuts    *limits.Rates[netip.Prefix]      // lines in the log about connections that were cut
	crowd   *seats.Crowd
}

func newGuestLimits(l limits.Limits) guestLimits {
	return guestLimits{
		work:    limits.NewRates[roomservice.Place](l.Work, l.WorkBurst, l.Addresses),
		named:   limits.NewRates[roomservice.Place](l.Candidates, l.CandidateBurst, l.Addresses),
		bytes:   limits.NewRates[roomservice.Place](l.Bytes, l.ByteBurst, l.Addresses),
		sending: limits.NewRates[netip.Prefix](l.AddressBytes, l.AddressByteBurst, l.Addresses),
		all:     rate.NewLimiter(l.AllBytes, l.AllByteBurst),
		offered: limits.NewRates[netip.Prefix](l.AddressSections, l.AddressSectionBurst, l.Addresses),
		offers:  rate.NewLimiter(l.AllSections, l.AllSectionBurst),
		cuts:    limits.NewRates[netip.Prefix](l.CutLines, 1, l.Addresses),
		crowd:   seats.NewCrowd(l.Guests),
	}
}

// limitsOf are the limits of one connect.
func (d *Door) limitsOf(ctx context.Context, c *connect) stream.Limits {
	who := roomservice.Place{Room: c.room(), Identity: c.identity()}
	return stream.Limits{
		Work:  d.guests.work.Of(who),
		Own:   d.limits.JoinWork,
		Bytes: []*rate.Limiter{d.guests.bytes.Of(who), d.guests.sending.Of(c.from), d.guests.all},
		Media: d.enforcer.Media(who, func(n int) error { return d.guests.awaitSections(ctx, c.from, n) }),
		Inspect: func(m *livekit.SignalRequest) error {
			if m.GetTrickle() != nil && !d.guests.named.Take(who, d.now()) {
				return &stream.Violation{Status: stream.StatusPolicy, Reason: "too many candidates"}
			}
			return d.enforcer.Inspect(who, m)
		},
		Cut: func(why error) {
			d.logCut(c, why)
			if stream.Misbehaved(why) {
				d.expel(ctx, c, why)
			}
		},
	}
}

// mayOffer looks at the offer that comes with a connect, if there is one.
func mayOffer(d *Door, c *connect) error {
	if c.said == nil {
		return nil
	}
	pay := func(n int) error {
		if now := d.now(); !d.guests.offered.Of(c.from).AllowN(now, n) || !d.guests.offers.AllowN(now, n) {
			return call.ErrTooManyTries
		}
		return nil
	}
	if !c.resumes {
		return pay(c.said.Spare(1))
	}
	who := roomservice.Place{Room: c.room(), Identity: c.identity()}
	err := d.enforcer.Media(who, pay).Sections(c.sections)
	if errors.As(err, new(*stream.Violation)) {
		err = fmt.Errorf("%w: %w", call.ErrBadArgument, err)
	}
	return err
}

// sectionsTimeout is how long an offer may wait because of the address that it comes from.
const sectionsTimeout = time.Minute

// awaitSections waits until somebody may offer n sections that their room does not need.
func (g guestLimits) awaitSections(ctx context.Context, from netip.Prefix, n int) error {
	ctx, cancel := context.WithTimeout(ctx, sectionsTimeout)
	defer cancel()
	for _, l := range []*rate.Limiter{g.offered.Of(from), g.offers} {
		if l.WaitN(ctx, min(n, l.Burst())) != nil {
			return &stream.Violation{Status: stream.StatusPolicy, Reason: "too many sections, all guests of an address together"}
		}
	}
	return nil
}

// logCut logs a cut connection, at most now and then per address, so that repeated cuts
// do not fill the disk.
func (d *Door) logCut(c *connect, why error) {
	log := d.log.WithFields(logrus.Fields{
		"part": "door", "address": c.from.String(), "room": c.room(), "identity": c.identity(),
	}).WithError(why)
	if d.guests.cuts.Take(c.from, d.now()) {
		log.Warn("a connection was cut")
		return
	}
	log.Debug("a connection was cut")
}

// expel begins to remove a participant whose connection is cut for what they sent.
// LiveKit would keep them, and forward their media, for as long as it takes a lost
// network to come back. Their tokens die before they hear of it, so that whoever
// comes back at once does so with a new one, which stays good.
func (d *Door) expel(ctx context.Context, c *connect, why error) {
	who := roomservice.Place{Room: c.room(), Identity: c.identity()}
	text := "the server cut the connection off"
	if v, ok := errors.AsType[*stream.Violation](why); ok {
		text += ": " + v.Reason
	}
	remove := d.moderator.BeginExpulsion(context.WithoutCancel(ctx), who, c.generation, text)
	c.expel.Store(&remove)
}

// endExpulsion removes whom expel was about, when their connection has ended.
func (d *Door) endExpulsion(ctx context.Context, c *connect) {
	remove := c.expel.Load()
	if remove == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), roomservice.Timeout)
	defer cancel()
	if err := (*remove)(ctx); err != nil {
		d.log.WithError(err).WithFields(logrus.Fields{"part": "door", "room": c.room(), "identity": c.identity()}).
			Warn("a participant stays without a connection")
	}
}
