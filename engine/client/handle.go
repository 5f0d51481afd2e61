package client

import (
	"cmp"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/ending"
	"foyer/engine/door"
)

// Bounds of the clocks that a server may set.
const (
	defaultPing    = 5 * time.Second
	defaultSilence = 15 * time.Second
	shortestPing   = time.Second
	longestSilence = time.Minute
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
		s.emit(s.roster.ApplySpeakers(m.SpeakersChanged.GetSpeakers())...)
	case *livekit.SignalResponse_ConnectionQuality:
		s.emit(s.roster.ApplyQualities(m.ConnectionQuality.GetUpdates())...)
	case *livekit.SignalResponse_RefreshToken:
		if t := m.RefreshToken; door.UsableToken(t) {
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
	now := time.Now()
	muted, canPublish := s.roster.Self().Muted, s.roster.CanPublish()
	if s.fullUpdate && containsSID(u.GetParticipants(), string(s.roster.Self().SID)) {
		s.fullUpdate = false
		events = s.roster.Replace(u.GetParticipants())
	} else {
		for _, info := range u.GetParticipants() {
			events = append(events, s.roster.Apply(info)...)
		}
	}
	s.followRights(muted, canPublish)
	for _, event := range events {
		switch e := event.(type) {
		case call.ParticipantLeft:
			s.ending.OthersLeft(e.Reason, now)
			s.dropAllOf(e.Participant)
			explained, wait := s.departures.Left(e, now)
			if wait {
				s.alarms.set(alarmLeft, ending.NoticeLag)
				continue
			}
			event = explained
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
func (s *session) followRights(muted, couldPublish bool) {
	s.stand(func(st *call.Standing) {
		if s.roster.Self().Muted != muted {
			st.Muted = !muted
		}
		switch can := s.roster.CanPublish(); {
		case can == couldPublish || st.Role == "" || st.Role.Publishes() == can:
		case can:
			st.Role = cmp.Or(s.promised, call.RoleParticipant)
			s.promised = ""
		default:
			st.Role = call.RoleListener
		}
	})
}

// dropAllOf takes back the media of somebody who leaves.
func (s *session) dropAllOf(p call.Participant) {
	s.dropTracksOf(p.SID)
	for _, t := range p.Tracks {
		s.forget(t.SID)
	}
}

func containsSID(infos []*livekit.ParticipantInfo, sid string) bool {
	for _, i := range infos {
		if i.GetSid() == sid {
			return true
		}
	}
	return false
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
	s.decide(s.ending.ConnectionClosed(err, door.IsCallError(err), time.Now()))
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
		s.decide(s.ending.GiveUp(s.mend.last))
	case alarmSilence:
		s.onSilenceTick()
	case alarmBeat:
		s.onBeatDue()
	case alarmLeft:
		s.reportLeft(s.departures.Due(time.Now()))
	case alarmVerdict:
		s.onRemovalOverdue()
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
		s.decide(s.ending.Failed(call.ReasonMediaFailed, call.ErrMediaBlocked))
	}
}
