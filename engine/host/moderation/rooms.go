package moderation

import (
	"context"
	"errors"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
)

// knownRoom fails with call.ErrNoSuchRoom for a room that never was.
func (mod *Moderator) knownRoom(ctx context.Context, room call.RoomID) error {
	_, err := mod.register.Room(ctx, room)
	if err == nil {
		return nil
	}
	_, open := mod.rooms.Find(ctx, room) // also when the register fails: people can be removed without it
	if open != nil && !errors.Is(err, register.ErrNotFound) {
		return err
	}
	return open
}

func (mod *Moderator) opRooms(ctx context.Context, _ Caller, _ call.RoomID, _ struct{}) (doorapi.RoomsAnswer, error) {
	open, err := mod.rooms.All(ctx)
	if err != nil {
		return doorapi.RoomsAnswer{}, err
	}
	answer := doorapi.RoomsAnswer{Rooms: make([]doorapi.RoomRow, 0, len(open))}
	for _, r := range open {
		row := doorapi.RoomRow{
			Room: call.RoomID(r.GetName()), Session: call.SID(r.GetSid()),
			People: int(r.GetNumParticipants()), Since: r.GetCreationTimeMs(),
		}
		room, err := mod.register.Room(ctx, row.Room)
		if err != nil && !errors.Is(err, register.ErrNotFound) {
			return doorapi.RoomsAnswer{}, err
		}
		row.Title = room.Title
		answer.Rooms = append(answer.Rooms, row)
	}
	return answer, nil
}
