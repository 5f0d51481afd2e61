// Package stream follows the WebSockets between guests and LiveKit, which has
// no limits of its own for them. Bytes are passed on as they come, and each
// piece is looked at before it is: LiveKit acts on whole messages alone, so that
// a message with something wrong in it never becomes one.
package stream
