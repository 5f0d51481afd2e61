// Package roomservice is the door's client of LiveKit's room service: it makes and
// closes rooms, lists and removes people, and sends notices. LiveKit's errors become
// those of package call.
package roomservice
