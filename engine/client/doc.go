// Package client is Foyer's own LiveKit client: it joins a room through a Foyer
// door or at any LiveKit server, keeps the session alive, and carries tracks and
// data over pion. It implements [call.Dialer] and [call.Session].
//
// One goroutine, the session's loop, owns all state of a session: roster,
// negotiation, publications, reconnecting. The websocket's reader, pion's
// callbacks and the methods of [call.Session] only post closures to it; they
// may be called from any goroutine. The sink is called only by the loop.
// [call.LocalTrack] and [call.RemoteTrack] are used by media goroutines and
// guard themselves.
//
// The loop has parts (negotiation, publications, subscriptions, permissions ...)
// with a state of their own. What needs no loop is in packages below: who is there
// in roster, data channels in data, PeerConnections and tracks in rtp, and why a
// session ends in ending; signalconn is the websocket.
//
//	       Dial            join answered          signal or media lost
//	caller ----> admitted ---------------> up <-----------------------> reconnecting
//	                                        |  Leave                       |
//	                                        v                              v
//	                                     leaving         ended (one SessionEnded)
//	                                        '---------- Close -------------'
//
// The protocol is LiveKit's, 17 (livekit-server pkg/rtc/types/protocol_version.go):
// one PeerConnection first (path /rtc/v1), two when the server has no such path.
package client
