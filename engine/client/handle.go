package client

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
)

// Bounds of the clocks that a server may set.
const (
	defaultPing     = 5 * time.Second
	defaultSilence  = 15 * time.Second
	shortestPing    = time.Second
	longestSilence  = time.Minute
	maxRefreshToken = maxToken
)

func (s *session) pingInterval() time.Duration {
	d := time.Duration(s.joinInfo.GetPingInterval()) * time.Second
	if d <= 0 {
		return defaultPing
	}
	return max(d, shortestPing)
}

func (s *session) pingTimeout() time.Duration {
	d := time.Duration(s.joinInfo.GetPingTimeout()) * time.Second
	if d <= 0 {
		d = defaultSilence
	}
	return min(max(d, 2*s.pingInterval()), longestSilence)
}

// onMessage takes one message of the server's. Unknown kinds are ignored.
func (s *session) onMessage(w *wire, msg *livekit.SignalResponse) {
	if s.wire != w {
		return // of a connection that was given up
	}
	if s.phase == phaseLeaving {
		if _, ok := msg.GetMessage().(*livekit.SignalResponse_Leave); ok {
			s.left()
		}
		return
	}
	if s.phase == phaseEnded {
		return
	}
	s.alarms.set(alarmPong, s.pingTimeout()) // whatever it says, it is there
	switch m := msg.GetMessage().(type) {
	case *livekit.SignalResponse_Answer:
		s.onAnswer(m.Answer)
	case *livekit.SignalResponse_Offer:
		s.onOffer(m.Offer)
	case *livekit.SignalResponse_Trickle:
		s.onTrickle(m.Trickle)
	case *livekit.SignalResponse_MediaSectionsRequirement:
		s.onSections(m.MediaSectionsRequirement)
	case *livekit.SignalResponse_TrackPublished:
		s.onPublished(m.TrackPublished)
	case *livekit.SignalResponse_TrackUnpublished:
		s.onUnpublished(m.TrackUnpublished)
	case *livekit.SignalResponse_RequestResponse:
		s.onRefused(m.RequestResponse)
	case *livekit.SignalResponse_Mute:
		s.onMuted(m.Mute)
	case *livekit.SignalResponse_SubscribedQualityUpdate:
		s.onQualities(m.SubscribedQualityUpdate)
	default:
		s.onNews(msg)
	}
}

// onNews takes what concerns the room and the session.
func (s *session) onNews(msg *livekit.SignalResponse) {
	switch m := msg.GetMessage().(type) {
	case *livekit.SignalResponse_Update:
		s.onUpdate(m.Update)
	case *livekit.SignalResponse_SpeakersChanged:
		s.emit(s.roster.speak(m.SpeakersChanged.GetSpeakers())...)
	case *livekit.SignalResponse_ConnectionQuality:
		s.emit(s.roster.judge(m.ConnectionQuality.GetUpdates())...)
	case *livekit.SignalResponse_RefreshToken:
		if t := m.RefreshToken; t != "" && len(t) <= maxRefreshToken && headerSafe(t) {
			s.ticket.token = t
		}
	case *livekit.SignalResponse_PongResp:
		s.onPong(m.PongResp)
	case *livekit.SignalResponse_StreamStateUpdate:
		s.onStreamStates(m.StreamStateUpdate)
	case *livekit.SignalResponse_Leave:
		s.onLeave(m.Leave)
	case *livekit.SignalResponse_SubscriptionResponse:
		s.log.WithField("track", m.SubscriptionResponse.GetTrackSid()).WithField("err", m.SubscriptionResponse.GetErr().String()).
			Debug("track cannot be received")
	default:
	}
}

// onUpdate turns new states of participants into events. Media of what is gone
// is taken back before the news of it.
func (s *session) onUpdate(u *livekit.ParticipantUpdate) {
	var events []call.SessionEvent
	muted, shows := s.roster.self.Muted, s.roster.shows
	if s.fullUpdate && containsSID(u.GetParticipants(), string(s.roster.self.SID)) {
		s.fullUpdate = false
		events = s.roster.replace(u.GetParticipants())
	} else {
		for _, info := range u.GetParticipants() {
			events = append(events, s.roster.apply(info)...)
		}
	}
	s.followRights(muted, shows)
	for _, event := range events {
		switch e := event.(type) {
		case call.ParticipantLeft:
			s.foresee(e.Reason)
			late := s.reasonMayBeLate(e)
			e = s.depart(e)
			if late {
				s.holdLeft(e)
				continue
			}
			event = e
		case call.TrackUnpublished:
			s.forget(e.Track.SID)
			if s.transport != nil && s.transport.remote[e.Track.SID] != nil {
				s.dropTrack(s.transport.remote[e.Track.SID])
			}
		default:
		}
		s.emit(event)
	}
	s.followRoster()
}

// followRights takes what the server lets us do now, and did before, into our
// standing. A notice may have promised it, or be lost on who has no data channel
// yet.
func (s *session) followRights(muted, shows bool) {
	s.stand(func(st *call.Standing) {
		if s.roster.self.Muted != muted {
			st.Muted = !muted
		}
		switch {
		case s.roster.shows == shows || st.Role == "" || st.Role.Publishes() == s.roster.shows:
		case s.roster.shows:
			st.Role = cmp.Or(s.promised, call.RoleParticipant)
			s.promised = ""
		default:
			st.Role = call.RoleListener
		}
	})
}

// depart takes back what is known of somebody who goes.
func (s *session) depart(e call.ParticipantLeft) call.ParticipantLeft {
	s.dropTracksOf(e.Participant.SID)
	for _, t := range e.Participant.Tracks {
		s.forget(t.SID)
	}
	return s.refine(e)
}

// foresee remembers that somebody went for a reason that is everybody's. Our own
// leave may not come: a server that stops closes sockets before it has written
// all it had to say.
func (s *session) foresee(reason call.LeaveReason) {
	if reason == call.ReasonServerStopped || reason == call.ReasonDismissed {
		s.fate, s.fateAt = reason, time.Now()
	}
}

// doomed tells whether the session ends for a reason that others have had.
func (s *session) doomed(reason call.LeaveReason) bool {
	const recent = 5 * time.Second
	return s.fate == reason && time.Since(s.fateAt) < recent
}

func containsSID(infos []*livekit.ParticipantInfo, sid string) bool {
	for _, i := range infos {
		if i.GetSid() == sid {
			return true
		}
	}
	return false
}

// onLeave obeys the server (LeaveRequest in livekit_rtc.proto).
func (s *session) onLeave(l *livekit.LeaveRequest) {
	switch {
	case l.GetAction() == livekit.LeaveRequest_RESUME:
		s.lost(fmt.Errorf("%w: server asks to resume", call.ErrConnectionLost), false)
	case l.GetAction() == livekit.LeaveRequest_RECONNECT, l.GetCanReconnect():
		s.lost(fmt.Errorf("%w: server asks to reconnect", call.ErrConnectionLost), true)
	case s.asksWhy: // the end is under way
	default:
		s.putOut(ending(l))
	}
}

// ending gives a server's leave its reason. Errors go with the reasons that
// contract section 6 explains in words.
func ending(l *livekit.LeaveRequest) call.SessionEnded {
	e := call.SessionEnded{Reason: call.ReasonFromDisconnect(int32(l.GetReason()))}
	switch e.Reason {
	case call.ReasonConnectionLost:
		e.Err = fmt.Errorf("%w: %v", call.ErrConnectionLost, l.GetReason())
	case call.ReasonMediaFailed:
		e.Err = call.ErrMediaBlocked
	case call.ReasonJoinFailed:
		e.Err = fmt.Errorf("%w: %v", call.ErrRefused, l.GetReason())
	default:
	}
	return e
}

// end is the one way into phaseEnded from the server's side.
func (s *session) end(e call.SessionEnded) {
	if s.over() {
		return
	}
	e = s.judged(e)
	s.log.WithField("reason", e.Reason.String()).Info("session ended")
	s.halted.Store(true)
	s.emit(e)
	s.phase = phaseEnded
	if s.wire != nil {
		s.wire.close()
	}
	s.retire()
}

// onClosed takes the end of a signal connection.
func (s *session) onClosed(w *wire, err error) {
	w.close()
	if s.wire != w {
		return
	}
	if s.phase == phaseLeaving {
		s.left()
		return
	}
	if s.doomed(call.ReasonDismissed) && !s.asksWhy {
		s.putOut(call.SessionEnded{Reason: call.ReasonDismissed})
		return
	}
	var cut *call.CutOffError
	if errors.As(err, &cut) && s.cutAgain() && !s.asksWhy {
		s.end(refusal(err))
		return
	}
	s.lost(fmt.Errorf("%w: signal: %w", call.ErrConnectionLost, err), isCallError(err))
}

// cutWithin is how soon after a cut another one ends the session.
const cutWithin = 5 * time.Minute

// cutAgain notes that the server has cut us off, and reports whether that is not
// the first time lately. One cut may be due to a slow network, and a reconnect
// mends that; what is cut again would be so forever.
func (s *session) cutAgain() bool {
	before := s.lastCut
	s.lastCut = time.Now()
	return !before.IsZero() && s.lastCut.Sub(before) < cutWithin
}

func (s *session) onPong(p *livekit.Pong) {
	sent := time.UnixMilli(p.GetLastPingTimestamp())
	if rtt := time.Since(sent); rtt >= 0 && rtt < longestSilence {
		s.rtt.Store(int64(rtt))
	}
}

func (s *session) ping() {
	s.alarms.set(alarmPing, s.pingInterval())
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{
		Timestamp: time.Now().UnixMilli(), Rtt: s.RTT().Milliseconds(),
	}}})
}

func (s *session) onAlarm(a alarm) {
	if s.over() {
		return
	}
	switch a {
	case alarmPing:
		s.ping()
	case alarmPong:
		s.lost(fmt.Errorf("%w: no answer to pings", call.ErrConnectionLost), false)
	case alarmMedia:
		s.onMediaLate()
	case alarmAnswer:
		s.lost(fmt.Errorf("%w: offer not answered", call.ErrConnectionLost), true)
	case alarmQuiet:
		if s.transport != nil && !s.transport.connected() {
			s.lost(fmt.Errorf("%w: media is silent", call.ErrConnectionLost), false)
		}
	case alarmRetry:
		s.retry()
	case alarmMend:
		s.giveUp()
	case alarmSilence:
		s.onSilenceTick()
	case alarmBeat:
		s.onBeatDue()
	case alarmLeft:
		s.tellLeft("")
	case alarmVerdict:
		s.onVerdictDue()
	case alarmSections:
		s.offerSections()
	case alarmCount:
	}
}

// onMediaLate ends a join that never got media, and begins a resume anew that
// did not get it back.
func (s *session) onMediaLate() {
	if s.phase == phaseMending {
		s.lost(fmt.Errorf("%w: no media after the resume", call.ErrConnectionLost), true)
		return
	}
	if !s.everConnected {
		s.sendLeave()
		s.end(call.SessionEnded{Reason: call.ReasonMediaFailed, Err: call.ErrMediaBlocked})
	}
}
