package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/ending"
	"foyer/engine/client/signalconn"
	"foyer/engine/doorapi"
	"foyer/engine/doorclient"
)

// reconnection gets a lost connection back. Only the loop uses it.
type reconnection struct {
	s        *session
	resuming bool // a new signal connection for the same participant is being settled
	attempts
}

// attempts are those to get one connection back.
type attempts struct {
	since   time.Time
	full    bool // join anew; otherwise resume
	tries   int
	dialing bool
	refused bool // nobody listens there now
	last    error
}

// begin begins or goes on with reconnecting. full gives up the participant
// that we are and joins anew.
func (rc *reconnection) begin(cause error, full bool) {
	if rc.s.signal != nil {
		rc.s.signal.Close()
		rc.s.signal = nil
	}
	rc.s.alarms.Clear(alarmPing, alarmPong, alarmMedia, alarmAnswer, alarmQuiet, alarmSections, alarmPath)
	rc.resuming = false
	rc.full = rc.full || full || rc.s.publications.halfPublished()
	rc.last = cause
	if rc.s.phase == phaseReconnecting {
		if !rc.dialing && !rc.s.alarms.IsSet(alarmRetry) {
			rc.s.alarms.Set(alarmRetry, rc.delay())
		}
		return
	}
	rc.s.log.WithError(cause).Info("connection lost")
	rc.s.phase = phaseReconnecting
	said := rc.s.liveness.sendHeartbeat(0)
	rc.attempts = attempts{since: time.Now(), full: rc.full, last: cause}
	rc.s.emit(call.SessionReconnecting{})
	rc.s.alarms.Set(alarmGiveUp, rc.s.limits.reconnect)
	if said && rc.full {
		// The others must hear that we reconnect before our next self ends the
		// old one, or they take it for another device.
		rc.s.alarms.Set(alarmRetry, rc.s.limits.ahead)
		return
	}
	rc.try()
}

// delay before the next try.
func (rc *reconnection) delay() time.Duration {
	list := rc.s.limits.delays
	d := list[min(rc.tries, len(list)-1)]
	if rc.refused {
		d = rc.s.limits.refusedDelay
	} else {
		rc.tries++
	}
	return time.Duration(float64(d) * (0.5 + rand.Float64()))
}

// try dials in the background.
func (rc *reconnection) try() {
	if rc.dialing {
		return
	}
	if time.Since(rc.since) > rc.s.limits.resume {
		rc.full = true
	}
	rc.dialing = true
	full, t := rc.full, rc.s.credentials
	req := rc.s.req
	e := signalconn.Entry{SID: string(rc.s.roster.Self().SID), Reason: livekit.ReconnectReason_RR_SIGNAL_DISCONNECTED}
	rc.s.spawn(func() {
		ctx, cancel := context.WithTimeout(rc.s.ctx, rc.s.limits.attempt)
		defer cancel()
		var adm *admission
		var err error
		if full {
			adm, err = rc.s.dialer.admit(ctx, req, t, rejoinGeneration(t))
		} else {
			adm, err = rc.s.dialer.enter(ctx, t, e)
		}
		if !rc.s.post(func() { rc.onAttempt(full, adm, err) }) && adm != nil {
			adm.conn.Abandon()
		}
	})
}

// rejoinGeneration is what a rejoin shows to the door.
func rejoinGeneration(t credentials) int64 {
	if t.generation > 0 {
		return t.generation
	}
	return doorclient.RejoinUnknown
}

// onAttempt takes the result of a try.
func (rc *reconnection) onAttempt(full bool, adm *admission, err error) {
	rc.dialing = false
	if rc.s.phase != phaseReconnecting {
		if adm != nil {
			adm.conn.Abandon()
		}
		return
	}
	if err != nil {
		rc.onRefused(full, err)
		return
	}
	rc.noteListening(true)
	switch {
	case full && adm.joined.Join != nil:
		err = rc.rejoin(adm)
	case !full && adm.joined.Reconnect != nil && !rc.full:
		rc.resume(adm)
	default:
		adm.conn.Abandon()
		err = fmt.Errorf("%w: not the answer to a reconnect", call.ErrConnectionLost)
	}
	if err != nil {
		rc.s.lost(err, true)
	}
}

// onRefused decides whether another try can help.
func (rc *reconnection) onRefused(full bool, err error) {
	rc.s.log.WithError(err).WithField("full", full).Debug("reconnect failed")
	rc.last = err
	switch d := rc.s.ending.ReconnectRefused(refusalOf(err, full), time.Now()); d.Action {
	case ending.Retry:
		rc.noteListening(!errors.Is(err, doorclient.ErrNobodyListens))
		if rc.tries > 0 && errors.Is(err, doorapi.ErrSaidByDoor) && len(rc.s.req.Link.Hosts) > 1 {
			rc.full = true // the participant we were is gone with this server; another one may let us join
		}
		rc.s.alarms.Set(alarmRetry, rc.delay())
	case ending.FullReconnect:
		rc.full = true
		rc.s.alarms.Set(alarmRetry, rc.soon(full))
	default:
		rc.s.decide(d)
	}
}

// noteListening shortens the time of reconnecting while nobody listens at the server's
// address: it was stopped or killed, and a restart is quick or does not come.
func (rc *reconnection) noteListening(listening bool) {
	if rc.refused != listening {
		return
	}
	rc.refused = !listening
	left := rc.s.limits.reconnect - time.Since(rc.since)
	if !listening {
		left = min(left, rc.s.limits.refused)
	}
	rc.s.alarms.Set(alarmGiveUp, left)
}

// soon is at once for the step from resume to join, and the usual delay when
// joining itself is sent back.
func (rc *reconnection) soon(full bool) time.Duration {
	if full {
		return rc.delay()
	}
	return 0
}

// rejoin goes on as a new participant: everything of the old one is gone.
func (rc *reconnection) rejoin(adm *admission) error {
	rc.s.data.carryOver()
	rc.s.dropMedia()
	clear(rc.s.subscriptions.told)
	clear(rc.s.subscriptions.paused)
	if err := rc.s.install(adm); err != nil {
		adm.conn.Abandon()
		return err
	}
	rc.full = false
	rc.s.attach(rc.s.signal)
	rc.s.announce(true)
	rc.s.wake()
	rc.s.alarms.Set(alarmPing, rc.s.pings.interval())
	rc.s.alarms.Set(alarmPong, rc.s.pings.timeout())
	rc.s.alarms.Set(alarmMedia, rc.s.limits.remedia)
	rc.s.showPresence()
	rc.s.subscriptions.follow()
	rc.s.negotiation.offer()
	return nil
}

// resume goes on as the participant that we are, over a new signal connection
// (livekit-server, pkg/rtc/room.go, ResumeParticipant).
func (rc *reconnection) resume(adm *admission) {
	rc.s.signal = adm.conn
	rc.s.fullUpdate, rc.resuming = true, true
	rc.s.attach(rc.s.signal)
	rc.s.alarms.Set(alarmPing, rc.s.pings.interval())
	rc.s.alarms.Set(alarmPong, rc.s.pings.timeout())
	rc.s.alarms.Set(alarmMedia, rc.s.limits.remedia)
	p := rc.s.transport.Pub
	rc.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{SyncState: rc.syncState()}})
	p.Restart = true
	if p.Offering {
		// The old offer may have been heard or not. pion cannot take it back,
		// so it goes out again; the restart follows its answer.
		p.Again = true
		rc.s.negotiation.sendOffer(p, *p.PC.LocalDescription())
	} else {
		rc.s.negotiation.offer()
	}
	rc.s.subscriptions.followAnew()
	for _, t := range rc.s.publications.byCID {
		rc.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{
			Mute: &livekit.MuteTrackRequest{Sid: string(t.SID()), Muted: t.Muted()},
		}})
	}
	rc.s.data.resend(adm.joined.Reconnect.GetLastMessageSeq())
}

// checkDone ends the reconnecting when signal and media are both there.
func (rc *reconnection) checkDone() {
	if rc.s.phase != phaseReconnecting || rc.s.signal == nil || rc.s.transport == nil ||
		!rc.s.transport.Connected() || !rc.s.transport.Settled() {
		return
	}
	rc.s.log.WithField("took", time.Since(rc.since)).Info("connection regained")
	rc.s.phase, rc.resuming = phaseUp, false
	rc.s.alarms.Clear(alarmGiveUp, alarmRetry, alarmMedia, alarmQuiet)
	rc.attempts = attempts{}
	rc.s.emit(call.SessionReconnected{})
	rc.s.wake()
}

// syncState tells the server what we think we have (SyncState in livekit_rtc.proto).
func (rc *reconnection) syncState() *livekit.SyncState {
	state := rc.s.transport.SyncState()
	for _, p := range rc.s.publications.byCID {
		state.PublishTracks = append(state.PublishTracks, &livekit.TrackPublishedResponse{Cid: p.CID(), Track: p.Info()})
	}
	for sid, sub := range rc.s.subscriptions.told {
		if sub.Paused {
			state.TrackSidsDisabled = append(state.TrackSidsDisabled, string(sid))
		}
	}
	state.DatachannelReceiveStates = rc.s.data.receiver.LastSequences()
	return state
}
