// Package moderation is what hosts, co-hosts and the host's tools do in a room:
// who is removed, banned, muted or given a role, what the rules are, who is there,
// and what was said. Each operation looks at the room once (a snapshot), stores
// what was decided, and then lets LiveKit and the people know.
//
//	door (HTTP) --> Moderator --> register    what is decided
//	keepers ----------^   |'----> roomservice  LiveKit, and notices
//	                      '-----> Enforce      what somebody may publish
//
// It knows nothing of HTTP.
package moderation
