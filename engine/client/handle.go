package client

import (
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"

	"foyer/engine/call"
	"foyer/engine/client/ending"
	"foyer/engine/client/signalconn"
	"foyer/engine/doorclient"
)

// Limits of the timeouts that a server may set.
const (
	defaultPing    = 5 * time.Second
	defaultSilence = 15 * time.Second
	shortestPing   = time.Second
	slowPong       = 2 * time.Second
	longestSilence = time.Minute
)

// pings tell the server that we are here, and us that it is. Only the loop uses them.
type pings struct{ s *session }

func (pg *pings) interval() time.Duration {
	d := time.Duration(pg.s.joinInfo.GetPingInterval()) * time.Second
	if d <= 0 {
		return defaultPing
	}
	return max(d, shortestPing)
}

func (pg *pings) timeout() time.Duration {
	d := time.Duration(pg.s.joinInfo.GetPingTimeout()) * time.Second
	if d <= 0 {
		d = defaultSilence
	}
	return min(max(d, 2*pg.interval()), longestSilence)
}

// onMessage takes one message of the server's. Unknown kinds are ignored.
func (s *session) onMessage(w *signalconn.Conn, msg *livekit.SignalResponse) {
	if s.signal != w || s.phase == phaseEnded {
		return // of a connection that was given up
	}
	if s.phase == phaseLeaving {
		if _, ok := msg.GetMessage().(*livekit.SignalResponse_Leave); ok {
			s.left()
		}
		return
	}
	s.heard = time.Now()
	s.alarms.Set(alarmPong, s.pings.timeout()) // whatever it says, it is there
	switch m := msg.GetMessage().(type) {
	case *livekit.SignalResponse_Answer:
		s.negotiation.onAnswer(m.Answer)
	case *livekit.SignalResponse_Offer:
		s.negotiation.onOffer(m.Offer)
	case *livekit.SignalResponse_Trickle:
		s.negotiation.onTrickle(m.Trickle)
	case *livekit.SignalResponse_MediaSectionsRequirement:
		s.negotiation.onSections(m.MediaSectionsRequirement)
	case *livekit.SignalResponse_TrackPublished:
		s.publications.onPublished(m.TrackPublished)
	case *livekit.SignalResponse_TrackUnpublished:
		s.publications.onUnpublished(m.TrackUnpublished)
	case *livekit.SignalResponse_RequestResponse:
		s.publications.onRefused(m.RequestResponse)
	case *livekit.SignalResponse_Mute:
		s.publications.onMuted(m.Mute)
	case *livekit.SignalResponse_SubscribedQualityUpdate:
		s.publications.onQualities(m.SubscribedQualityUpdate)
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
		if t := m.RefreshToken; doorclient.UsableToken(t) {
			s.credentials.token = t
		}
	case *livekit.SignalResponse_PongResp:
		s.pings.onPong(m.PongResp)
	case *livekit.SignalResponse_StreamStateUpdate:
		s.subscriptions.onStreamStates(m.StreamStateUpdate)
	case *livekit.SignalResponse_Leave:
		s.onLeave(m.Leave)
	case *livekit.SignalResponse_SubscriptionResponse:
		r := m.SubscriptionResponse
		s.log.WithField("track", r.GetTrackSid()).WithField("err", r.GetErr().String()).Debug("track cannot be received")
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
	s.permissions.follow(muted, canPublish)
	for _, event := range events {
		switch e := event.(type) {
		case call.ParticipantLeft:
			s.ending.OthersLeft(e.Reason, now)
			s.subscriptions.dropAllOf(e.Participant)
			explained, wait := s.departures.Left(e, now)
			if wait {
				s.alarms.Set(alarmLeft, ending.NoticeLag)
				continue
			}
			event = explained
		case call.TrackUnpublished:
			s.subscriptions.forget(e.Track.SID)
			if s.transport != nil && s.transport.Remote[e.Track.SID] != nil {
				s.subscriptions.dropTrack(s.transport.Remote[e.Track.SID])
			}
		case call.TrackMuted:
			s.subscriptions.refreshInfo(e.Track)
		case call.TrackUnmuted:
			s.subscriptions.refreshInfo(e.Track)
		default:
		}
		s.emit(event)
	}
	s.subscriptions.followRoster()
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
func (s *session) onClosed(w *signalconn.Conn, err error) {
	w.Close()
	if s.signal != w {
		return
	}
	if s.phase == phaseLeaving {
		s.left()
		return
	}
	s.decide(s.ending.ConnectionClosed(err, doorclient.IsCallError(err), time.Now()))
}

func (pg *pings) onPong(p *livekit.Pong) {
	sent := time.UnixMilli(p.GetLastPingTimestamp())
	if rtt := time.Since(sent); rtt >= 0 && rtt < longestSilence {
		pg.s.rtt.Store(int64(rtt))
	}
}

func (pg *pings) send() {
	pg.s.alarms.Set(alarmPing, pg.interval())
	pg.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{
		Timestamp: time.Now().UnixMilli(), Rtt: time.Duration(pg.s.rtt.Load()).Milliseconds(),
	}}})
}

func (s *session) onAlarm(a alarmKind) {
	if s.over() {
		return
	}
	switch a {
	case alarmPing:
		s.pings.send()
	case alarmPong:
		s.lost(fmt.Errorf("%w: no answer to pings", call.ErrConnectionLost), false)
	case alarmMedia:
		s.onMediaLate()
	case alarmAnswer:
		// If the server is there, alarmMedia limits the join.
		if s.negotiation.everConnected || time.Since(s.heard) > s.pings.interval()+slowPong {
			s.lost(fmt.Errorf("%w: offer not answered", call.ErrConnectionLost), true)
		}
	case alarmQuiet:
		if s.transport != nil && !s.transport.Connected() {
			s.lost(fmt.Errorf("%w: media is silent", call.ErrConnectionLost), false)
		}
	case alarmRetry:
		s.reconnection.try()
	case alarmGiveUp:
		s.decide(s.ending.GiveUp(s.reconnection.last))
	case alarmSilence:
		s.liveness.onTick()
	case alarmHeartbeat:
		s.liveness.onHeartbeatDue()
	case alarmData:
		s.data.onTick(time.Now())
	case alarmLeft:
		s.reportLeft(s.departures.Due(time.Now()))
	case alarmRemoval:
		s.onRemovalOverdue()
	case alarmSections:
		s.negotiation.offerSections()
	case alarmPath:
		if s.transport.Widen() {
			s.negotiation.tryWays()
		}
	}
}

// onMediaLate ends a join that never got media, and begins a resume anew that
// did not get it back.
func (s *session) onMediaLate() {
	if s.phase == phaseReconnecting {
		s.lost(fmt.Errorf("%w: no media after the resume", call.ErrConnectionLost), true)
	} else if !s.negotiation.everConnected {
		s.sendLeave()
		s.decide(s.ending.Failed(call.ReasonMediaFailed, call.ErrMediaBlocked))
	}
}
