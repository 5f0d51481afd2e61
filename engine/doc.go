// Package engine is the pure core of Foyer: commands in, events out, one
// goroutine that owns everything of a stay, and one way out of it.
//
// # Who may call what
//
// [Engine.Run] is the owning goroutine. [Engine.Do], [Engine.Events] and
// [Engine.Close] may be called from any goroutine. Only the loop inside Run
// reads and writes state; it never blocks. What may block (opening and closing
// devices, dialing, publishing, telling the server) runs in workers, each of
// which brings one message back. Device and session callbacks only post a
// message.
//
// The loop has parts, which its goroutine owns as well: deviceTable, publications,
// subscriptions, chatSync, sessionReader (events of the session) and serverControl
// (the room server of this computer).
//
// # Wishes and facts
//
// Commands change wishes: which device a source shall use, whether it is
// published, whether it is muted. Each source is then settled: one step that
// brings facts closer to wishes is started, and its result settles again. So
// toggles that come while a step is under way coalesce, and the last one wins.
//
// # Generations
//
// A stay is one accepted Join. Messages remember the stay that they belong to;
// a message of an earlier stay changes nothing, and what its worker opened is
// closed at once.
//
// # One way out
//
//	Leave | SessionEnded | dial failed | panic | ctx done
//	  '------------------------.-----------------------'
//	leave(reason): the first reason wins
//	   StateChanged{leaving}
//	   in parallel: devices closed, session.Leave and Close, receivers closed
//	   all done, or grace over and the rest is stuck
//	   StateChanged{idle}, one Left, the Join that waits, if any
package engine
