package door

import (
	"context"
	"errors"

	"foyer/engine/call"
	"foyer/engine/doorapi"
	"foyer/engine/host/register"
	"foyer/engine/host/seats"
	"foyer/engine/host/waiting"
)

// waitToJoin is [Door.mayJoin] for somebody whom a host has to let in first. No token
// is made for them before that. g has what is not in the request; found is what is known of the room.
func waitToJoin(
	ctx context.Context, d *Door, g waiting.Guest, req *doorapi.JoinRequest, inv register.Invitation, found roomLookup,
) (roomLookup, error) {
	holding, cancel := context.WithTimeout(ctx, doorapi.Hold)
	defer cancel()
	defer context.AfterFunc(d.accepting, cancel)()
	said := call.CleanName(req.Name)
	name, err := d.register.ToldApart(ctx, register.Member{Room: req.Room, Identity: req.Identity, Name: said}, d.now())
	if err != nil {
		return found, err
	}
	g.Room, g.Identity, g.Key, g.Said, g.Name = req.Room, req.Identity, req.Key, said, name
	g.Waits, g.Held = req.Wait, req.Held
	for {
		if errors.Is(found.err, call.ErrNoSuchRoom) && (inv.Existing || req.Existing) {
			err = found.err // and nobody opens it for them
			break
		}
		if err := d.moderator.Waiting().Ask(holding, g); err != nil {
			if d.accepting.Err() != nil {
				err = call.ErrServerStopping
			}
			return found, err
		}
		g.Seen = d.moderator.Waiting().Seen()
		if found, err = d.mayJoin(ctx, req, inv.Role); !errors.Is(err, call.ErrWaiting) {
			break
		}
	}
	if _, refusal := doorapi.ErrorFrom(err); err == nil || refusal {
		d.moderator.Waiting().Leave(g)
	}
	return found, err
}

// openedRoom makes a room, whose session begins.
func openedRoom(ctx context.Context, d *Door, room call.RoomID) (call.SID, error) {
	session, err := d.rooms.Ensure(ctx, room)
	if err != nil {
		return session, err
	}
	if err := d.register.BeginLetIn(ctx, room, session, d.now()); err != nil { // a full disk closes no room
		d.log.WithError(err).WithField("room", room).Warn("it is not noted that the room was opened")
	}
	return session, nil
}

// isLetIn reports whether a host has let somebody in since the room was opened.
func isLetIn(ctx context.Context, d *Door, room call.RoomID, e seats.Entrant) (bool, error) {
	session, err := d.rooms.Find(ctx, room)
	if err != nil && !errors.Is(err, call.ErrNoSuchRoom) {
		return false, err
	}
	return d.register.IsLetIn(ctx, room, session, register.LetIn{Key: e.Key, Name: e.Name}, d.now())
}
