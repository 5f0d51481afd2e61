package moderation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/limits"
	"foyer/engine/host/roomservice"
)

// A change of a hand is told to everybody in the room: so many of one person a
// second, and at once.
const (
	handsPerSecond = 1
	handsAtOnce    = 6
	handsKnown     = 65_536 // people whose pace is remembered
)

// hands gives raised hands their order. It may be used from any goroutine.
type hands struct {
	pace *limits.Rates[roomservice.Place]

	mu   sync.Mutex
	last int64
}

func newHands() *hands {
	return &hands{pace: limits.NewRates[roomservice.Place](handsPerSecond, handsAtOnce, handsKnown)}
}

// next is a place behind all that were given before, even if the clock goes back.
func (h *hands) next(now time.Time) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last+1, now.UnixMilli())
	return h.last
}

// opHand raises the caller's hand, or lowers it. A hand that is up keeps its place.
func (mod *Moderator) opHand(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.HandRequest,
) (struct{}, error) {
	place := roomservice.Place{Room: room, Identity: who.Identity}
	switch {
	case who.Identity == "":
		return struct{}{}, fmt.Errorf("%w: the admin key has no hand", call.ErrBadArgument)
	case !mod.hands.pace.Take(place, mod.now()):
		return struct{}{}, call.ErrTooManyTries
	}
	p, err := mod.rooms.Change(ctx, place, roomservice.Change{}) // as they are, not as LiveKit lists them
	if err != nil {
		return struct{}{}, err
	}
	up := p.GetAttributes()[doorapi.AttributeHand] != ""
	if up == q.Up {
		return struct{}{}, nil
	}
	value := ""
	if q.Up {
		value = strconv.FormatInt(mod.hands.next(mod.now()), 10)
	}
	return struct{}{}, mod.setHand(ctx, place, value)
}

// opLower lowers anybody's hands, whatever their role: they can raise them again.
func (mod *Moderator) opLower(
	ctx context.Context, who Caller, room call.RoomID, q doorapi.LowerRequest,
) (doorapi.PeopleAnswer, error) {
	var err error
	switch {
	case q.All && len(q.IDs) > 0:
		err = fmt.Errorf("%w: either some people, or all", call.ErrBadArgument)
	case !q.All:
		err = checkPeople(q.IDs)
	}
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	s, err := mod.snapshot(ctx, who, room)
	if err != nil {
		return doorapi.PeopleAnswer{}, err
	}
	ids := q.IDs
	if q.All {
		for id, p := range s.here {
			if p.GetAttributes()[doorapi.AttributeHand] != "" {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
	}
	answer := doorapi.PeopleAnswer{Results: []call.PersonResult{}}
	for batch := range slices.Chunk(ids, maxTellers) {
		part := each(batch, func(id call.Identity) string {
			return mod.resultOf(mod.setHand(ctx, roomservice.Place{Room: room, Identity: id}, ""), room, id)
		})
		answer.Results = append(answer.Results, part.Results...)
	}
	return answer, nil
}

func (mod *Moderator) setHand(ctx context.Context, who roomservice.Place, value string) error {
	_, err := mod.rooms.Change(ctx, who, roomservice.Change{
		Attributes: map[string]string{doorapi.AttributeHand: value},
	})
	return err
}
