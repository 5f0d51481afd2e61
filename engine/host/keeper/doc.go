// Package keeper keeps one room: who is a member and where, the offline rule
// (contract O1..O3), and chat in its order, which it stores and tells in
// batches. It does so as a hidden participant,
// so that it works in front of any LiveKit, and only it writes presence and
// chat of its room.
//
//	           +---------------- Keeper ----------------+
//	session -->| inbox -> loop: members, passive exit   |--> Remover, Teller
//	           |            '-> worker: group commits   |--> Store
//	           +----------------------------------------+
//
// [Keeper.Run] is the loop and owns everything; a session's goroutine and the
// door's handlers only put into the inbox. What waits for others (the register,
// LiveKit's API) runs in workers that Run waits for.
//
// A [Pool] gives every open room of a door a keeper, by leases in the register.
//
// [Passive] is only the offline rule, without goroutines, clock or I/O.
package keeper
