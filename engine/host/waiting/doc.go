// Package waiting holds people outside a room until a host or co-host lets them in, if the
// room's rules ask for that. It knows nothing of rooms, rules and invitations: the door asks
// for somebody who may not enter yet, and the moderator decides about them.
//
//	join of somebody who has to wait --> Ask: told to wait at once, and from then on held
//	                                      |  until: Admit, TurnAway, End, Wake, doorapi.Hold
//	hosts and co-hosts <-- notices, at most one a second and room
//
// A client that waits asks again and again. A guest who stops asking is soon forgotten.
package waiting
