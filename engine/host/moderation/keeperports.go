package moderation

import (
	"context"
	"time"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/keeper"
	"foyer/engine/host/register"
	"foyer/engine/host/roomservice"
)

// Removed implements keeper.Remover.
func (mod *Moderator) Removed(ctx context.Context, e keeper.Exit) error {
	verdict := register.Verdict{Reason: e.Reason, At: e.At}
	if e.Reason == call.ReasonOfflineRemoved {
		s, err := mod.snapshot(ctx, Caller{Admin: true}, e.Room)
		if err != nil {
			return err
		}
		if p := s.here[e.ID]; p != nil && e.SID != "" && p.GetSid() != string(e.SID) {
			return keeper.ErrBack
		}
		return mod.remove(ctx, removal{room: e.Room, identity: e.ID, verdict: verdict, upTo: e.Generation}, s.here)
	}
	if e.Generation > 0 {
		_, _, err := mod.register.Revoke(ctx, e.Room, e.ID, verdict, e.Generation)
		return err
	}
	cut, err := mod.register.Cutoff(ctx, e.Room, e.ID)
	if err == nil && e.At.Sub(cut.At) < stillFresh {
		return nil // the door's own doing, with its words
	}
	return mod.register.SetCutoff(ctx, e.Room, e.ID, verdict)
}

// Dismissed implements keeper.Remover.
func (mod *Moderator) Dismissed(ctx context.Context, room call.RoomID, session call.SID, at time.Time) error {
	return mod.register.EndSession(ctx, room, session, register.Verdict{Reason: call.ReasonDismissed, At: at})
}

// Tell implements keeper.Teller.
func (mod *Moderator) Tell(ctx context.Context, room call.RoomID, n doorapi.Notice) error {
	return mod.rooms.Tell(ctx, room, nil, n)
}

// EnforceMute implements keeper.MuteEnforcer: LiveKit lets everybody unmute their own
// microphone, so those whom the host has muted are muted again.
func (mod *Moderator) EnforceMute(ctx context.Context, room call.RoomID, id call.Identity) error {
	return mod.enforceNow(ctx, roomservice.Place{Room: room, Identity: id})
}
