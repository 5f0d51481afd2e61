package host

import (
	"context"
	"errors"
	"net/netip"

	"foyer/engine/call"
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

// maxBearer bounds what is hashed to compare it, in bytes; the admin key is
// shorter.
const maxBearer = 1 << 10

// look waits for the turn of an address. The caller calls done when it has looked
// at what was shown. It fails with ctx alone.
func (d *door) look(ctx context.Context, from netip.Prefix) (done func(), err error) {
	if d.failedAttempts.Left(from, d.now()) {
		return func() {}, nil
	}
	select {
	case d.suspects <- struct{}{}:
		return func() { <-d.suspects }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// missed counts a wrong key against the address, and returns err, or that there
// were too many.
func (d *door) missed(from netip.Prefix, err error) error {
	if !d.failedAttempts.Take(from, d.now()) {
		return call.ErrTooManyTries
	}
	return err
}

// unusable counts what is no guess, but no good either: a token that has run out,
// a request without one, a signature that fits nothing.
func (d *door) unusable(from netip.Prefix, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errForged):
		return d.missed(from, err)
	case !d.refusals.Take(from, d.now()):
		return call.ErrTooManyTries
	}
	return err
}

// mayCall bounds the calls of one caller, and those of all guests behind an
// address. The host's tools share no bound with them.
func (d *door) mayCall(from netip.Prefix, who roomservice.Place) error {
	now := d.now()
	if !d.calls.Take(calling{from, who}, now) || who != (roomservice.Place{}) && !d.guestCalls.Take(from, now) {
		return call.ErrTooManyTries
	}
	return nil
}

// calling is who calls from where; the host's tools are nobody.
type calling struct {
	from netip.Prefix
	who  roomservice.Place
}
