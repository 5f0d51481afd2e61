package words

import (
	"strconv"

	"foyer/engine/call"
)

// HandsUp says that somebody raises a hand, and how many hands are up.
func (b *Book) HandsUp(name string, hands int) string {
	if hands <= 1 {
		return b.T("room.hand", "name", name)
	}
	return b.T("room.hands", "name", name, "n", strconv.Itoa(hands))
}

// WantsIn says who wants to come in, and how many others do.
func (b *Book) WantsIn(name string, more int) string {
	if more <= 0 {
		return b.T("room.admission", "name", name)
	}
	return b.T("room.admissions", "name", name, "n", strconv.Itoa(more))
}

// Reaction is the name of a reaction.
func (b *Book) Reaction(r call.Reaction) string {
	switch r {
	case call.ReactionYes:
		return b.T("react.yes")
	case call.ReactionClap:
		return b.T("react.clap")
	case call.ReactionHeart:
		return b.T("react.heart")
	case call.ReactionLaugh:
		return b.T("react.laugh")
	case call.ReactionWow:
		return b.T("react.wow")
	case call.ReactionParty:
		return b.T("react.party")
	default:
		return ""
	}
}

// Done says what an operation of that word has done to people of these names.
func (b *Book) Done(op string, names []string) string {
	key := map[call.Operation]string{
		call.OpRemove: "done.remove", call.OpBan: "done.ban", call.OpUnban: "done.unban", call.OpMute: "done.mute",
		call.OpUnmute: "done.unmute", call.OpLower: "done.lower",
		call.OpAdmit: "done.admit", call.OpTurnAway: "done.turn_away",
	}[call.Operation(op)]
	if len(names) == 1 {
		return b.T(key, "name", names[0])
	}
	return b.T(key+"_many", "people", b.People(len(names)))
}

// NotDone says why an operation was not done for somebody.
func (b *Book) NotDone(name, result string) string {
	key := "undone.failed"
	switch result {
	case call.ResultAlreadyGone:
		key = "undone.already_gone"
	case call.ResultForbidden:
		key = "undone.forbidden"
	case call.ResultNotBanned:
		key = "undone.not_banned"
	case call.ResultUnknown:
		key = "undone.unknown"
	}
	return b.T(key, "name", name)
}
