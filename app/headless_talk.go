package app

import (
	"fmt"
	"time"

	"foyer/engine"
	"foyer/engine/call"
	"foyer/engine/eventqueue"
)

// wireModeration is what a line of stdin says about people and the room.
type wireModeration struct {
	IDs    []call.Identity `json:"ids"` // or "id" for one
	For    string          `json:"for"` // of a ban, such as "10m"; none: until lifted
	Tell   bool            `json:"tell"`
	All    bool            `json:"all"`
	Except []call.Identity `json:"except"`
	Role   call.Role       `json:"role"`
	call.RulesRequest
}

// moderation maps a command's word to the door's operation.
func moderation() map[string]call.DoorOp {
	return map[string]call.DoorOp{
		"remove": call.OpRemove, "ban": call.OpBan, "unban": call.OpUnban, "bans": call.OpBans,
		"mute_participant": call.OpMute, "unmute_participant": call.OpUnmute,
		"allow": call.OpAllow, "disallow": call.OpDisallow,
		"role": call.OpRole, "rules": call.OpRules, "members": call.OpMembers, "dismiss": call.OpDismiss,
	}
}

func parseModeration(w wireCommand) (engine.Command, error) {
	op, known := moderation()[w.Cmd]
	if !known {
		return nil, fmt.Errorf("%w: unknown command %.64q", call.ErrBadArgument, w.Cmd)
	}
	m := engine.Moderate{
		Op: op, IDs: w.IDs, Text: w.Text, Tell: w.Tell, All: w.All, Except: w.Except, Role: w.Role, Rules: w.RulesRequest,
	}
	if w.ID != "" {
		m.IDs = append(m.IDs, w.ID)
	}
	if w.For != "" {
		d, err := time.ParseDuration(w.For)
		if err != nil || d <= 0 { // no length at all would mean for good
			return nil, fmt.Errorf("%w: a ban of %.32q", call.ErrBadArgument, w.For)
		}
		m.For = d
	}
	return m, nil
}

// describeTalk describes chat and moderation.
func describeTalk(e call.Event) (string, fields) {
	switch e := e.(type) {
	case call.ChatReceived:
		m := e.Message
		return "chat", fields{"id": m.ID, "from": m.From, "name": m.Name, "text": m.Text, "history": e.History}
	case call.RulesChanged:
		return "rules", standing(e.Standing)
	case call.Moderated:
		f := fields{"op": e.Op}
		switch e.Op {
		case call.OpMembers:
			f["members"], f["rules"] = orEmpty(e.Members), e.Rules
		case call.OpBans:
			f["bans"] = orEmpty(e.Bans)
		case call.OpRules:
			f["rules"] = e.Rules
		case call.OpDismiss:
		default:
			f["results"] = orEmpty(e.Results)
		}
		return "moderated", f
	default:
		return "", nil
	}
}

func standing(s call.Standing) fields {
	return fields{"role": s.Role, "muted": s.Muted, "chat_stored": !s.ChatOff, "rules": s.Rules}
}

// happened is when an event was: for chat, when it was said.
func happened(s eventqueue.Stamped) time.Time {
	if c, ok := s.Event.(call.ChatReceived); ok && !c.Message.At.IsZero() {
		return c.Message.At
	}
	return s.At
}
