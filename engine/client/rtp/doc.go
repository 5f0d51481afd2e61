// Package rtp is the media side of a session over pion: the PeerConnections of one
// join, and the tracks that are sent and received on them.
//
// The session's loop owns a [Transport] and the life of its tracks. The methods of
// [call.LocalTrack] and [call.RemoteTrack] are for the media goroutines, and guard
// themselves; pion's goroutines call [Events], which only post.
package rtp
