// Package host is the room server that `foyer serve` runs.
//
//	            +----------------------- Server ------------------------+
//	clients --->| door (TLS)  --/rtc*, /twirp-->  sfu (loopback)        |
//	            |    |--> moderation --> roomservice (LiveKit's API)    |
//	            |    |--> keeper, one a room, a hidden participant      |
//	            |    '--> register (SQLite or PostgreSQL)               |
//	            +-------------------------------------------------------+
//
// This package has what a process needs to serve: configuration, data folder,
// ports, and the order in which the parts start and stop. The parts are packages of
// their own. The door is the only port for signalling that leaves the machine. In
// front of an existing LiveKit (Config.LiveKitURL) it is the same door without an
// SFU of its own.
//
// A [Server] belongs to the goroutine that calls Run; its HTTP handlers run on
// their own.
package host
