package roster

import (
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// The server says nothing for about 20 s about somebody who has died, and media
// tells only of those who send some. So each Foyer client sends the others a
// heartbeat each second. Clients of other makes send none: only their media tell
// about them.
const (
	HeartbeatInterval    = time.Second
	MaxHeartbeatInterval = time.Minute
	// heartbeatsPerSecond is what all heartbeats of a room may cost its server
	// together: everybody's to everybody else, in packets. Up to 50 people all
	// send one each second, 100 people each 4 s.
	heartbeatsPerSecond = 2500
	// missedHeartbeats is how many heartbeats may be missing, and a half, before a
	// peer counts as lost: with 1 s this keeps the 5 s of contract O4, and two
	// lost packets in a row mean nothing.
	missedHeartbeats = 3
	// SilenceTimeout is after how long without a packet of a track that must be
	// sending a peer counts as lost.
	SilenceTimeout = 3 * time.Second
)

// HeartbeatEvery is the time between two heartbeats of ours.
func (r *Roster) HeartbeatEvery() time.Duration { return heartbeatEvery(len(r.people) + 1) }

func heartbeatEvery(people int) time.Duration {
	every := time.Duration(people) * time.Duration(people) * time.Second / heartbeatsPerSecond
	return min(max(every, HeartbeatInterval), MaxHeartbeatInterval)
}

// liveness is what is known of a peer's being there.
type liveness struct {
	heardAt      time.Time     // when the last heartbeat came; zero before the first
	timeout      time.Duration // without a heartbeat for so long: lost
	canSend      bool          // the server lets the peer send data
	reconnecting bool          // the peer says so
	quiet        bool          // half the time has passed after which it is lost
	lostServer   bool          // the server says that it is lost
	lostDoor     bool          // the door does: the socket has ended
	silent       bool          // we do: its packets have stopped
}

// Heartbeat takes a heartbeat. next is the time until the next one, 0 if the peer
// is reconnecting.
func (r *Roster) Heartbeat(sid call.SID, next time.Duration, now time.Time) {
	p := r.people[r.sids[sid]]
	if p == nil {
		return
	}
	p.liveness.heardAt, p.liveness.reconnecting = now, next == 0
	if next > 0 {
		p.liveness.timeout = missedHeartbeats*next + next/2
		p.liveness.lostDoor = false
	}
}

// HasHeartbeat reports whether somebody who is there sends heartbeats.
func (r *Roster) HasHeartbeat(id call.Identity) bool {
	p := r.people[id]
	return p != nil && !p.liveness.heardAt.IsZero()
}

// Packets says when packets of somebody's tracks last came.
type Packets struct {
	Due time.Time // of a track that must be sending now; zero if there is no such track
	Any time.Time // of any track
}

// Listen decides who has gone silent, and who has for so long, limit, that they
// must have died: for these call TimeOut. deaf is until when we could not hear
// anybody.
func (r *Roster) Listen(packets map[call.Identity]Packets, deaf, now time.Time, limit time.Duration) (
	events []call.SessionEvent, dead []call.Identity,
) {
	for id, p := range r.people {
		if p.liveness.dead(packets[id].Any, deaf, now, limit) {
			dead = append(dead, id)
			continue
		}
		p.liveness.listen(packets[id].Due, deaf, now)
		events = append(events, p.updateLost()...)
	}
	return events, dead
}

// listen decides whether a peer has gone silent. A peer that sends heartbeats is
// there, whatever its media do; in a large room they are too rare to wait for.
func (l *liveness) listen(media, deaf, now time.Time) {
	const often = missedHeartbeats*HeartbeatInterval + HeartbeatInterval/2
	last, timeout := media, SilenceTimeout
	if l.canSend && !l.heardAt.IsZero() && l.timeout > 0 && (media.IsZero() || l.timeout <= often) {
		timeout = l.timeout
		if l.heardAt.After(last) {
			last = l.heardAt
		}
	}
	if last.IsZero() {
		l.quiet, l.silent = false, false // nothing to go by
		return
	}
	if last.Before(deaf) {
		last = deaf
	}
	l.quiet, l.silent = now.Sub(last) > timeout/2, now.Sub(last) > timeout
}

// dead reports whether a peer must have died. One that has never sent a heartbeat,
// may not, or has said that it reconnects, is left to the server.
func (l *liveness) dead(media, deaf, now time.Time, limit time.Duration) bool {
	if !l.canSend || l.reconnecting || l.heardAt.IsZero() {
		return false
	}
	last := l.heardAt
	for _, t := range []time.Time{media, deaf} {
		if t.After(last) {
			last = t
		}
	}
	return now.Sub(last) > max(limit, l.timeout)
}

// healthy reports whether a peer was there until now, as far as we know.
func (l *liveness) healthy() bool {
	return !l.lostServer && !l.lostDoor && !l.silent && !l.quiet && !l.reconnecting
}

// timedOut is somebody who counts as gone while the server still has them.
type timedOut struct {
	*person
	at time.Time
}

// TimeOut lets somebody go who must have died. If they have not, BringBack takes
// them in again; what LiveKit says about their end afterwards is no news.
func (r *Roster) TimeOut(id call.Identity, now time.Time) []call.SessionEvent {
	p := r.people[id]
	if p == nil {
		return nil
	}
	r.timedOut[id] = &timedOut{person: p, at: now}
	return r.leave(p, call.ReasonConnectionLost)
}

// TimedOut reports whether that participant has timed out and may be back.
func (r *Roster) TimedOut(sid call.SID) bool { return r.findTimedOut(sid) != nil }

func (r *Roster) findTimedOut(sid call.SID) *timedOut {
	for _, p := range r.timedOut {
		if p.SID == sid {
			return p
		}
	}
	return nil
}

// KeptByServer lists the participants that have timed out for so long, and the
// server has them still: it knows better. deaf is as in Listen.
func (r *Roster) KeptByServer(deaf, now time.Time, limit time.Duration) (sids []call.SID) {
	for _, p := range r.timedOut {
		since := p.at
		if deaf.After(since) {
			since = deaf
		}
		if now.Sub(since) > limit {
			sids = append(sids, p.SID)
		}
	}
	return sids
}

// BringBack takes in again a participant that has timed out and is there. It
// begins anew to judge that: one that the server keeps without a heartbeat does
// not time out again.
func (r *Roster) BringBack(sid call.SID) []call.SessionEvent {
	p := r.findTimedOut(sid)
	if p == nil {
		return nil
	}
	delete(r.timedOut, p.Identity)
	p.Lost, p.liveness = false, liveness{canSend: !p.Muted}
	return r.add(p.person)
}

// applyTimedOut takes the server's news of somebody who has timed out.
func (r *Roster) applyTimedOut(p *timedOut, info *livekit.ParticipantInfo) []call.SessionEvent {
	gone := info.GetState() == livekit.ParticipantInfo_DISCONNECTED
	switch same := call.SID(info.GetSid()) == p.SID; {
	case same && gone:
		delete(r.timedOut, p.Identity)
	case same && info.GetVersion() >= p.version:
		p.Participant, p.version = r.participant(info, p.Tracks), info.GetVersion()
		p.noteName()
	case !same && !gone && !JoinedAt(info).Before(p.JoinedAt):
		delete(r.timedOut, p.Identity)
		return r.join(info)
	}
	return nil
}
