// Package door is the room server's public port: HTTP and WebSockets over TLS, and
// nothing that is not about them. It checks invitations and keys, signs tokens, and
// checks every connect before LiveKit sees it.
//
//	serveJoin        POST /foyer/v1/join         invitation -> token
//	serveInvitation  POST /foyer/v1/invitations  admin key -> invitation
//	serveOperation   POST /foyer/v1/...          moderation, by admin key or token
//	serveRTC         GET  /rtc*                  admit, then proxy to LiveKit
//	serveRoomService POST /twirp/...             LiveKit's own API, by its key
//
// One function, Door.admit, decides about every connect to /rtc*, and one,
// Door.fail, answers with every refusal.
package door
