// Package waiting is where those wait whom a room's rules keep outside until a host or
// co-host lets them in. It knows nothing of rooms, rules and invitations: the door asks
// for somebody who may not enter yet, and the moderator decides about them.
//
//	join of somebody who has to wait --> Ask: told to wait at once, and from then on held
//	                                      |  until: Admit, TurnAway, End, Wake, doorapi.Hold
//	hosts and co-hosts <-- notices, at most one a second and room
//
// A client that waits asks again and again. Who has stopped asking is forgotten soon.
package waiting
