// Package seats counts who has a place: the connects of each identity and
// installation in a room, and those of each address.
package seats
