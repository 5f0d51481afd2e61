// Package data is the data side of a session: what travels over LiveKit's data
// channels, beside the media. It has no lock and no goroutine: the session's loop
// hands it packets and does what they say.
//
//	packet --> Receiver.Receive --> items: data, chat, the keeper's batches, heartbeats, notices
//	packet <-- Sender.Write, kept for a resume or a full reconnect
//	ChatOrder puts chat into the keeper's order
package data
