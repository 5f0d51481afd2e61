// Package signalconn is the signal connection: one websocket to a LiveKit server,
// which carries protobuf messages both ways. It limits what a stranger's server may
// send before it is read, and knows what the server's refusals mean.
package signalconn
