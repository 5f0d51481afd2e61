package door

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"foyer/engine/call"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
)

// What somebody shows to be let in (a key, a secret, a token, a signature) is
// looked at first, and only then counted: a right one always works, whatever
// others behind the same address have tried. Wrong ones are counted against the
// address. That tells nobody more than the answer to a single try does, and the
// secrets are too long to be guessed at any rate; the limits keep tries cheap.

// suspectTurns is how many tries of addresses with too many wrong ones are looked
// at at the same time: such a try costs a query or a signature.
const suspectTurns = 2

// maxBearer limits what is hashed to compare it, in bytes; the admin key is
// shorter.
const maxBearer = 1 << 10

// attempts counts what is shown at the door. It may be used from any goroutine.
type attempts struct {
	failed     *limits.Rates[netip.Prefix] // wrong keys
	unfit      *limits.Rates[netip.Prefix] // see unusable
	suspects   chan struct{}               // see look
	calls      *limits.Rates[calling]      // of the API
	guestCalls *limits.Rates[netip.Prefix]
	now        func() time.Time
}

func newAttempts(l limits.Limits, now func() time.Time) *attempts {
	return &attempts{
		failed:     limits.NewRates[netip.Prefix](l.FailedAttempts, l.FailedAttemptBurst, l.Addresses),
		unfit:      limits.NewRates[netip.Prefix](l.Connects, l.ConnectBurst, l.Addresses),
		suspects:   make(chan struct{}, suspectTurns),
		calls:      limits.NewRates[calling](l.Calls, l.CallBurst, l.Addresses),
		guestCalls: limits.NewRates[netip.Prefix](limits.GuestsMore*l.Calls, limits.GuestsMore*l.CallBurst, l.Addresses),
		now:        now,
	}
}

// look waits for the turn of an address. The caller calls done when it has looked
// at what was shown. It fails only with ctx.
func (a *attempts) look(ctx context.Context, from netip.Prefix) (done func(), err error) {
	if a.failed.Left(from, a.now()) {
		return func() {}, nil
	}
	select {
	case a.suspects <- struct{}{}:
		return func() { <-a.suspects }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// missed counts a wrong key against the address, and returns err, or that there
// were too many.
func (a *attempts) missed(from netip.Prefix, err error) error {
	if !a.failed.Take(from, a.now()) {
		return call.ErrTooManyTries
	}
	return err
}

// unusable counts what is no guess, but no good either: a token that has run out,
// a request without one, a signature that fits nothing.
func (a *attempts) unusable(from netip.Prefix, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errForged):
		return a.missed(from, err)
	case !a.unfit.Take(from, a.now()):
		return call.ErrTooManyTries
	}
	return err
}

// mayCall limits the calls of one caller, and those of all guests behind an
// address. The host's tools share no limit with them.
func (a *attempts) mayCall(from netip.Prefix, who roomservice.Place) error {
	now := a.now()
	if !a.calls.Take(calling{from, who}, now) || who != (roomservice.Place{}) && !a.guestCalls.Take(from, now) {
		return call.ErrTooManyTries
	}
	return nil
}

// calling is who calls from where; the host's tools are nobody.
type calling struct {
	from netip.Prefix
	who  roomservice.Place
}
