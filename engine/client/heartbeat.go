package client

import (
	"maps"
	"time"

	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/data"
	"foyer/engine/client/roster"
	"foyer/engine/client/rtp"
)

// A participant who sends no heartbeats any more, or, without them, whose every open
// track has stopped, is marked as lost (contract O4: within 5 s). LiveKit's own
// judgement comes too late for that: it looks every 5 s, at a longer history
// (livekit-server, pkg/sfu/connectionquality), and not at those who publish nothing. Even with
// Opus' DTX a packet comes each 400 ms. Screens are left out: one that nobody
// touches may rest.
const (
	silenceTick  = 500 * time.Millisecond
	sleepTimeout = 2 * time.Second // a tick that comes so late finds a program that was stopped
)

// liveness looks who is there still. Only the loop uses it.
type liveness struct {
	s           *session
	heardSince  time.Time                       // nobody was silent before, as far as we know
	listenedAt  time.Time                       // when we last looked who is silent
	interrupted map[call.SID][]*rtp.RemoteTrack // tracks of participants who have timed out
}

// onTick looks for people whose packets have stopped coming.
func (lv *liveness) onTick() {
	lv.s.alarms.Set(alarmSilence, silenceTick)
	now := time.Now()
	slept := now.Sub(lv.listenedAt) > sleepTimeout
	lv.listenedAt = now
	if slept || lv.s.phase != phaseUp || lv.s.transport == nil || !lv.s.transport.Connected() {
		lv.heardSince = now // it is us who hear nothing
		return
	}
	events, dead := lv.s.roster.Listen(lv.lastPackets(), lv.heardSince, now, lv.s.limits.gone)
	lv.s.emit(events...)
	for _, id := range dead {
		lv.timeOut(id, now)
	}
	for _, sid := range lv.s.roster.KeptByServer(lv.heardSince, now, lv.s.limits.kept) {
		lv.bringBack(sid)
	}
	maps.DeleteFunc(lv.interrupted, func(sid call.SID, _ []*rtp.RemoteTrack) bool { return !lv.s.roster.TimedOut(sid) })
}

// lastPackets is when the last packets of each person's came.
func (lv *liveness) lastPackets() map[call.Identity]roster.Packets {
	packets := map[call.Identity]roster.Packets{}
	for _, r := range lv.s.transport.Remote {
		last, p := r.LastPacket(), packets[r.Owner()]
		if last.After(p.Any) {
			p.Any = last
		}
		if lv.s.subscriptions.mustSend(r) && last.After(p.Due) {
			p.Due = last
		}
		packets[r.Owner()] = p
	}
	return packets
}

// onHeartbeat takes a sign of life.
func (lv *liveness) onHeartbeat(h data.Heartbeat, now time.Time) {
	if h.Next > 0 && lv.s.roster.TimedOut(h.SID) {
		lv.bringBack(h.SID)
	}
	lv.s.roster.Heartbeat(h.SID, h.Next, now)
}

// onHeartbeatDue sends a heartbeat if anybody is there to hear it.
func (lv *liveness) onHeartbeatDue() {
	every := lv.s.roster.HeartbeatEvery()
	lv.s.alarms.Set(alarmHeartbeat, every)
	if lv.s.phase == phaseUp && lv.s.roster.Len() > 0 {
		lv.sendHeartbeat(every)
	}
}

// sendHeartbeat reports whether it could send one; if not, another one follows.
func (lv *liveness) sendHeartbeat(next time.Duration) bool {
	t := lv.s.transport
	if lv.s.limits.noHeartbeat || lv.s.dialer.observe || lv.s.permissions.current.Muted || t == nil ||
		t.Lossy.ReadyState() != webrtc.DataChannelStateOpen || t.Lossy.BufferedAmount() > rtp.LowBuffered {
		return false
	}
	raw, err := data.WriteHeartbeat(lv.s.roster.Self().Identity, next)
	if err == nil {
		err = t.Lossy.Send(raw)
	}
	if err != nil {
		lv.s.log.WithError(err).Debug("heartbeat could not be sent")
	}
	return err == nil
}

// LiveKit lets the dead go after 10, 5 and 5 s (livekit-server, pkg/rtc/transport.go,
// participant.go). But pion looks at the first two every 2 s only, and so it is
// 22 s now and then, past the 21 s of contract O4. Therefore we do not wait: a
// peer that used to send heartbeats and has given no sign of life for as long is taken for
// gone. It beats once a second, and we look twice a second: 19 to 20.5 s after
// its death. What LiveKit says about it afterwards is no news. If it beats again
// it is back, and also if LiveKit keeps it: that knows better.
const (
	goneTimeout = 20 * time.Second
	keptTimeout = 10 * time.Second
)

// timeOut lets somebody go who must have died.
func (lv *liveness) timeOut(id call.Identity, now time.Time) {
	p, ok := lv.s.roster.Get(id)
	if !ok {
		return
	}
	lv.s.log.WithField("peer", p.SID).Info("no sign of life: taken for gone")
	lv.interrupted[p.SID] = lv.s.subscriptions.tracksOf(p.SID)
	for _, event := range lv.s.roster.TimeOut(id, now) {
		if left, ok := event.(call.ParticipantLeft); ok {
			lv.s.subscriptions.dropAllOf(left.Participant)
			event, _ = lv.s.departures.Left(left, now) // lost, not removed: it does not wait
		}
		lv.s.emit(event)
	}
}

// bringBack takes in again somebody who has timed out and is there, with the
// tracks that are still announced.
func (lv *liveness) bringBack(sid call.SID) {
	lv.s.log.WithField("peer", sid).Info("was not gone")
	tracks := lv.interrupted[sid]
	delete(lv.interrupted, sid)
	lv.s.emit(lv.s.roster.BringBack(sid)...)
	if lv.s.transport == nil {
		return
	}
	for _, r := range tracks {
		_, _, announced := lv.s.roster.Track(sid, r.SID())
		if announced && lv.s.transport.Remote[r.SID()] == nil {
			lv.s.subscriptions.takeTrack(lv.s.transport, r.Again())
		}
	}
	lv.s.subscriptions.followRoster()
}
