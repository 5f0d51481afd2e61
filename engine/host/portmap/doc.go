// Package portmap asks the router of this network to pass ports on to this computer:
// by PCP (RFC 6887), NAT-PMP (RFC 6886) and UPnP (WANIPConnection), all at once. The
// first that opens the door's port opens the others, too.
//
// What a router is told ends by itself: each mapping has a lease, which is renewed at
// half of its time, given back at the end, and runs out after a crash. The name of a
// mapping comes from the server's key, so that its successor takes it over.
//
// Everything that a router says is hostile: an answer counts only if it comes from the
// default gateway, is short, comes in time and is about what was asked. Nothing that it
// says leads to another host.
package portmap
