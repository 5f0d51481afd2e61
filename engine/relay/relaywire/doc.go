// Package relaywire is what a relay and the room servers that use it say to each other.
// docs/protocol.md describes it.
//
// A server dials the relay by TLS, which the relay's link pins, and names the relay's key
// in a [Hello]. From then on the connection carries streams (yamux): one for each
// connection of a guest, begun by the relay with a [WriteGuest]. Datagrams of guests go by
// UDP between the same two ports, sealed in a [Box].
package relaywire
