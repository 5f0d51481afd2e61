package moderation

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/host/keeper"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
	"foyer/engine/host/waiting"
)

// Keepers are the rooms' keepers at this door.
type Keepers interface {
	// Of is the keeper of a room, nil if it is not here.
	Of(room call.RoomID) *keeper.Keeper
	// Refresh lets it look at what the host has decided.
	Refresh(room call.RoomID)
	// Say says something in a room as the host's tools.
	Say(ctx context.Context, room call.RoomID, text string) (call.ChatMessage, error)
}

// Config is what a [Moderator] works with.
type Config struct {
	Register *register.Register
	Rooms    *roomservice.Client
	Keepers  Keepers
	// Enforce makes LiveKit keep to what the register says about somebody. It returns
	// call.ErrAlreadyGone if they are not there.
	Enforce func(context.Context, roomservice.Place) error
	Log     logrus.FieldLogger
	Now     func() time.Time
}

// Moderator decides about the people of rooms. It may be used from any goroutine.
type Moderator struct {
	register *register.Register
	rooms    *roomservice.Client
	keepers  Keepers
	enforce  func(context.Context, roomservice.Place) error
	log      logrus.FieldLogger
	now      func() time.Time
	hands    *hands
	waiting  *waiting.Rooms
}

// New makes a moderator. It may be given its keepers later, with Use.
func New(c Config) *Moderator {
	mod := &Moderator{
		register: c.Register, rooms: c.Rooms, keepers: c.Keepers, enforce: c.Enforce, log: c.Log, now: c.Now,
		hands: newHands(),
	}
	mod.waiting = waiting.New(waiting.Config{Tell: outside{mod}.tellWaiting, Now: c.Now})
	return mod
}

// Waiting has the waiting rooms of all rooms. The moderator's owner closes it.
func (mod *Moderator) Waiting() *waiting.Rooms { return mod.waiting }

// Use gives the moderator the keepers, which are made with it, before anybody
// else uses either.
func (mod *Moderator) Use(k Keepers) { mod.keepers = k }

// Operations are those of moderation. docs/openapi.yaml describes them.
func (mod *Moderator) Operations() []Operation {
	return []Operation{
		{call.OpRooms, ForAdmin, withRequest(mod.opRooms)},
		{call.OpMembers, ForMembers, withRequest(mod.opMembers)},
		{call.OpRemove, ForModerators, withRequest(mod.opRemove)},
		{call.OpBan, ForModerators, withRequest(mod.opBan)},
		{call.OpUnban, ForModerators, withRequest(mod.opUnban)},
		{call.OpBans, ForModerators, withRequest(mod.opBans)},
		{call.OpWithdraw, ForHosts, withRequest(mod.opWithdraw)},
		{call.OpAllow, ForModerators, withRequest(mod.opAllow)},
		{call.OpDisallow, ForModerators, withRequest(mod.opDisallow)},
		{call.OpMute, ForModerators, withRequest(mod.opMute)},
		{call.OpUnmute, ForModerators, withRequest(mod.opUnmute)},
		{call.OpRole, ForModerators, withRequest(mod.opRole)},
		{call.OpHand, ForMembers, withRequest(mod.opHand)},
		{call.OpLower, ForModerators, withRequest(mod.opLower)},
		{call.OpRules, ForMembers, withRequest(mod.opRules)},
		{call.OpDismiss, ForHosts, withRequest(mod.opDismiss)},
		{call.OpWaiting, ForModerators, withRequest(outside{mod}.opWaiting)},
		{call.OpAdmit, ForModerators, withRequest(outside{mod}.opAdmit)},
		{call.OpTurnAway, ForModerators, withRequest(outside{mod}.opTurnAway)},
		{call.OpChat, ForMembers, withRequest(mod.opChat)},
		{call.OpSay, ForAdmin, withRequest(mod.opSay)},
	}
}
