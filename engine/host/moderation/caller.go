package moderation

import (
	"context"
	"encoding/json"
	"fmt"

	"foyer/engine/call"
)

// Caller is the person or program that asks the door for an operation.
type Caller struct {
	Admin    bool        // the host's tools, by the admin key
	Room     call.RoomID // else: a member of this room
	Identity call.Identity
	Name     string
	Role     call.Role
}

// outranks reports whether the caller may moderate somebody of a role.
func (c Caller) outranks(other call.Role) bool { return c.Admin || c.Role.Outranks(other) }

// rank is the caller's role; the host's tools are a host.
func (c Caller) rank() call.Role {
	if c.Admin {
		return call.RoleHost
	}
	return c.Role
}

// notBelow lists the roles that the caller may not moderate.
func (c Caller) notBelow() (roles []call.Role) {
	for _, r := range []call.Role{call.RoleHost, call.RoleCoHost, call.RoleParticipant, call.RoleListener} {
		if !c.outranks(r) {
			roles = append(roles, r)
		}
	}
	return roles
}

// Access is who may use an operation.
type Access int

// The groups that may use an operation: each includes those before it.
const (
	ForAdmin      Access = iota // only the host's tools
	ForHosts                    // and the room's hosts
	ForModerators               // and co-hosts
	ForMembers                  // and everybody in the room
)

// May reports whether the caller may use an operation.
func (c Caller) May(a Access) bool {
	switch {
	case c.Admin:
		return true
	case a == ForHosts:
		return c.Role == call.RoleHost
	case a == ForModerators:
		return c.Role.Moderates()
	default:
		return a == ForMembers
	}
}

// Operation answers one of the door's operations. room is checked, and the
// caller may use the operation in it.
type Operation struct {
	Op     call.Operation
	Access Access
	Answer func(ctx context.Context, who Caller, room call.RoomID, body []byte) (any, error)
}

// withRequest reads the body as the request of an operation.
func withRequest[Q, A any](
	f func(context.Context, Caller, call.RoomID, Q) (A, error),
) func(context.Context, Caller, call.RoomID, []byte) (any, error) {
	return func(ctx context.Context, who Caller, room call.RoomID, body []byte) (any, error) {
		var q Q
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, fmt.Errorf("%w: body is not the expected JSON", call.ErrBadArgument)
		}
		return f(ctx, who, room, q)
	}
}
