package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/ending"
	"foyer/engine/door"
)

// mending is the state of reconnecting.
type mending struct {
	since   time.Time
	full    bool // join anew; otherwise resume
	tries   int
	dialing bool
	refused bool // nobody listens there now
	last    error
}

// reconnect begins or goes on with reconnecting. full gives up the participant
// that we are and joins anew.
func (s *session) reconnect(cause error, full bool) {
	if s.wire != nil {
		s.wire.close()
		s.wire = nil
	}
	s.alarms.clear(alarmPing, alarmPong, alarmMedia, alarmAnswer, alarmQuiet, alarmSections)
	s.resuming = false
	s.mend.full = s.mend.full || full || s.halfPublished()
	s.mend.last = cause
	if s.phase == phaseMending {
		if !s.mend.dialing && !s.alarms.isSet(alarmRetry) {
			s.alarms.set(alarmRetry, s.delay())
		}
		return
	}
	s.log.WithError(cause).Info("connection lost")
	s.phase = phaseMending
	said := s.sendBeat(0)
	s.mend = mending{since: time.Now(), full: s.mend.full, last: cause}
	s.emit(call.SessionReconnecting{})
	s.alarms.set(alarmMend, s.limits.mend)
	if said && s.mend.full {
		// The others must hear that we reconnect before our next self puts the
		// old one out, or they take it for another device.
		s.alarms.set(alarmRetry, s.limits.ahead)
		return
	}
	s.retry()
}

// halfPublished tells whether a publication is in the air. The server might
// know it or not, and would wait for the other half: a fresh join is cleaner.
func (s *session) halfPublished() bool {
	for _, t := range s.pubs {
		if t.ext.Load() == nil {
			return true
		}
	}
	return false
}

// delay before the next try.
func (s *session) delay() time.Duration {
	list := s.limits.delays
	d := list[min(s.mend.tries, len(list)-1)]
	if s.mend.refused {
		d = s.limits.knock
	} else {
		s.mend.tries++
	}
	return time.Duration(float64(d) * (0.5 + rand.Float64()))
}

// retry dials in the background.
func (s *session) retry() {
	if s.mend.dialing {
		return
	}
	if time.Since(s.mend.since) > s.limits.resume {
		s.mend.full = true
	}
	s.mend.dialing = true
	full, t := s.mend.full, s.ticket
	req := s.req
	e := entry{sid: string(s.roster.Self().SID), reason: livekit.ReconnectReason_RR_SIGNAL_DISCONNECTED}
	s.spawn(func() {
		ctx, cancel := context.WithTimeout(s.ctx, s.limits.attempt)
		defer cancel()
		var adm *admission
		var err error
		if full {
			adm, err = s.dialer.admit(ctx, req, t, rejoinGeneration(t))
		} else {
			adm, err = s.dialer.enter(ctx, t, e)
		}
		if !s.post(func() { s.redialed(full, adm, err) }) && adm != nil {
			adm.wire.abandon()
		}
	})
}

// rejoinGeneration is what a rejoin shows to the door.
func rejoinGeneration(t ticket) int64 {
	if t.generation > 0 {
		return t.generation
	}
	return door.RejoinUnknown
}

// redialed takes the result of a try.
func (s *session) redialed(full bool, adm *admission, err error) {
	s.mend.dialing = false
	if s.phase != phaseMending {
		if adm != nil {
			adm.wire.abandon()
		}
		return
	}
	if err != nil {
		s.notRedialed(full, err)
		return
	}
	s.heardOf(true)
	switch {
	case full && adm.joined.join != nil:
		err = s.rejoin(adm)
	case !full && adm.joined.reconnect != nil && !s.mend.full:
		s.resume(adm)
	default:
		adm.wire.abandon()
		err = fmt.Errorf("%w: not the answer to a reconnect", call.ErrConnectionLost)
	}
	if err != nil {
		s.lost(err, true)
	}
}

// notRedialed decides whether another try can help.
func (s *session) notRedialed(full bool, err error) {
	s.log.WithError(err).WithField("full", full).Debug("reconnect failed")
	s.mend.last = err
	switch d := s.ending.ReconnectRefused(refusalOf(err, full), time.Now()); d.Action {
	case ending.Retry:
		s.heardOf(!errors.Is(err, door.ErrNobodyListens))
		s.alarms.set(alarmRetry, s.delay())
	case ending.FullReconnect:
		s.mend.full = true
		s.alarms.set(alarmRetry, s.soon(full))
	default:
		s.decide(d)
	}
}

// heardOf shortens the bound of mending while nobody listens at the server's
// address: it was stopped or killed, and a restart is quick or does not come.
func (s *session) heardOf(listening bool) {
	if s.mend.refused != listening {
		return
	}
	s.mend.refused = !listening
	bound := s.limits.mend - time.Since(s.mend.since)
	if !listening {
		bound = min(bound, s.limits.refused)
	}
	s.alarms.set(alarmMend, bound)
}

// soon is at once for the step from resume to join, and the usual delay when
// joining itself is sent back.
func (s *session) soon(full bool) time.Duration {
	if full {
		return s.delay()
	}
	return 0
}

// rejoin goes on as a new participant: everything of the old one is gone.
func (s *session) rejoin(adm *admission) error {
	s.carryData()
	s.dropMedia()
	clear(s.subs)
	clear(s.paused)
	if err := s.install(adm); err != nil {
		adm.wire.abandon()
		return err
	}
	s.mend.full = false
	s.attach(s.wire)
	s.announce(true)
	s.wake()
	s.alarms.set(alarmPing, s.pingInterval())
	s.alarms.set(alarmPong, s.pingTimeout())
	s.alarms.set(alarmMedia, s.limits.remedia)
	s.showPresence()
	s.follow()
	s.negotiate()
	return nil
}

// resume goes on as the participant that we are, over a new signal connection
// (livekit-server, pkg/rtc/room.go, ResumeParticipant).
func (s *session) resume(adm *admission) {
	s.wire = adm.wire
	s.fullUpdate, s.resuming = true, true
	s.attach(s.wire)
	s.alarms.set(alarmPing, s.pingInterval())
	s.alarms.set(alarmPong, s.pingTimeout())
	s.alarms.set(alarmMedia, s.limits.remedia)
	p := s.transport.pub
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{SyncState: s.syncState()}})
	p.restart = true
	if p.offering {
		// The old offer may have been heard or not. pion cannot take it back,
		// so it goes out again; the restart follows its answer.
		p.again = true
		s.sendOffer(p, *p.pc.LocalDescription())
	} else {
		s.negotiate()
	}
	s.followAnew()
	for _, t := range s.pubs {
		s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{
			Mute: &livekit.MuteTrackRequest{Sid: string(t.SID()), Muted: t.muted.Load()},
		}})
	}
	s.resendData(adm.joined.reconnect.GetLastMessageSeq())
}

// checkMended ends the mending when signal and media are both there.
func (s *session) checkMended() {
	if s.phase != phaseMending || s.wire == nil || s.transport == nil ||
		!s.transport.connected() || !s.transport.settled() {
		return
	}
	s.log.WithField("took", time.Since(s.mend.since)).Info("connection mended")
	s.phase, s.resuming = phaseUp, false
	s.alarms.clear(alarmMend, alarmRetry, alarmMedia, alarmQuiet)
	s.mend = mending{}
	s.emit(call.SessionReconnected{})
	s.wake()
}

// syncState tells the server what we think we have (SyncState in livekit_rtc.proto).
func (s *session) syncState() *livekit.SyncState {
	t := s.transport
	state := &livekit.SyncState{Subscription: &livekit.UpdateSubscription{}}
	pc := t.pub.pc
	if t.sub != nil {
		pc = t.sub.pc
	}
	offer, answer := pc.CurrentLocalDescription(), pc.CurrentRemoteDescription()
	if t.sub != nil {
		offer, answer = answer, offer // the server offers there
	}
	state.Offer, state.Answer = describe(offer), describe(answer)
	for _, p := range s.pubs {
		state.PublishTracks = append(state.PublishTracks, &livekit.TrackPublishedResponse{Cid: p.cid, Track: p.info})
	}
	for sid, sub := range s.subs {
		if sub.Paused {
			state.TrackSidsDisabled = append(state.TrackSidsDisabled, string(sid))
		}
	}
	for _, dc := range []*webrtc.DataChannel{t.reliable, t.lossy} {
		if id := dc.ID(); id != nil {
			state.DataChannels = append(state.DataChannels, &livekit.DataChannelInfo{
				Label: dc.Label(), Id: uint32(*id), Target: livekit.SignalTarget_PUBLISHER,
			})
		}
	}
	for sid, sequence := range s.data.heard {
		state.DatachannelReceiveStates = append(state.DatachannelReceiveStates, &livekit.DataChannelReceiveState{
			PublisherSid: sid, LastSeq: sequence,
		})
	}
	return state
}

func describe(d *webrtc.SessionDescription) *livekit.SessionDescription {
	if d == nil {
		return nil
	}
	return &livekit.SessionDescription{Type: d.Type.String(), Sdp: withLayerNames(d.SDP)}
}
