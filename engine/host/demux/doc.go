// Package demux shares the door's port: with TLS for everything that the door
// answers, and with media over TCP for guests whose network lets nothing else out.
// The first byte tells them apart (RFC 7983, RFC 4571). Media is given to the
// media server of this process and to nobody else.
package demux
