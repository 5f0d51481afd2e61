package keeper

import "foyer/engine/call"

// What the inbox holds beside the session's events.
type (
	said    struct{ message call.ChatMessage } // by the host's tools, through us
	flush   struct{ done chan<- error }
	refresh struct{}
)
