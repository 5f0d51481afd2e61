// Package attack is somebody who means no good: outside a room server, in one of
// its rooms, or at the other end of a client's connection. It keeps to LiveKit's
// and the door's protocols as far as an attack needs it, and not further.
//
// Its tests are the attacks that the program has to stand, docs/attacks.md has
// their last measurement. They run against real processes; see [Door] and
// [Guest] for what an attack is made of.
package attack
