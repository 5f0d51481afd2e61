package client

import (
	"encoding/json"
	"fmt"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/rtp"
)

// negotiation settles with the server what the media connections carry. The loop's
// alone.
type negotiation struct {
	s             *session
	everConnected bool // media, since the last join
}

// offer offers what has changed on the publishing connection. One offer is
// out at a time; what changes meanwhile goes into the next one.
func (ng *negotiation) offer() {
	t := ng.s.transport
	if t == nil || ng.s.over() {
		return
	}
	p := t.Pub
	if p.Offering || ng.s.signal == nil {
		p.Again = true
		return
	}
	if p.Restart {
		t.Restarting()
	}
	offer, err := p.PC.CreateOffer(&webrtc.OfferOptions{ICERestart: p.Restart})
	if err == nil {
		err = p.PC.SetLocalDescription(offer)
	}
	if err != nil {
		ng.s.lost(fmt.Errorf("offer: %w", err), true)
		return
	}
	p.Again, p.Restart = false, false
	ng.sendOffer(p, offer)
}

func (ng *negotiation) sendOffer(p *rtp.Peer, offer webrtc.SessionDescription) {
	p.Offering = true
	p.OfferID++
	ng.s.alarms.Set(alarmAnswer, ng.s.limits.answer)
	ng.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: offer.Type.String(), Sdp: rtp.WithLayerNames(offer.SDP), Id: p.OfferID},
	}})
}

// onAnswer takes the server's answer to our offer.
func (ng *negotiation) onAnswer(d *livekit.SessionDescription) {
	t := ng.s.transport
	if t == nil || !t.Pub.Offering || (d.GetId() != 0 && d.GetId() != t.Pub.OfferID) {
		return // the answer to an offer that a reconnect has overtaken
	}
	p := t.Pub
	if err := p.SetRemote(webrtc.SDPTypeAnswer, d.GetSdp(), ng.unusableCandidate); err != nil {
		ng.s.lost(fmt.Errorf("answer: %w", err), true)
		return
	}
	p.Offering = false
	ng.s.alarms.Clear(alarmAnswer)
	ng.tryWays()
	ng.s.publications.armTracks()
	if p.Again || p.Restart || ng.tooEarly(t, len(d.GetMidToTrackId())) {
		ng.offer()
	}
	ng.s.reconnection.checkDone()
}

// earlyOffers is how many offers a new connection makes at most before it waits for
// the server to ask for one.
const earlyOffers = 3

// tooEarly reports whether a new connection's offer was answered without tracks that
// we asked for just before it. LiveKit subscribes beside its signalling and is often
// a moment late; of that it tells only 150 ms after the connection was made
// (negotiationFrequency in livekit-server, pkg/rtc/transport.go).
func (ng *negotiation) tooEarly(t *rtp.Transport, tracks int) bool {
	return t.Sub == nil && t.Pub.OfferID < earlyOffers && tracks < len(ng.s.subscriptions.told)
}

// onOffer answers the server's offer on the receiving connection.
func (ng *negotiation) onOffer(d *livekit.SessionDescription) {
	t := ng.s.transport
	if t == nil || t.Sub == nil {
		return // with one connection only we offer
	}
	p := t.Sub
	err := p.SetRemote(webrtc.SDPTypeOffer, d.GetSdp(), ng.unusableCandidate)
	var answer webrtc.SessionDescription
	if err == nil {
		ng.tryWays()
		answer, err = p.PC.CreateAnswer(nil)
	}
	if err == nil {
		err = p.PC.SetLocalDescription(answer)
	}
	if err != nil {
		ng.s.lost(fmt.Errorf("server's offer: %w", err), true)
		return
	}
	ng.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: answer.Type.String(), Sdp: answer.SDP, Id: d.GetId()},
	}})
}

// onTrickle takes one of the server's candidates.
func (ng *negotiation) onTrickle(m *livekit.TrickleRequest) {
	t := ng.s.transport
	if t == nil {
		return
	}
	var c webrtc.ICECandidateInit
	if json.Unmarshal([]byte(m.GetCandidateInit()), &c) != nil || c.Candidate == "" {
		return
	}
	if err := t.Peer(m.GetTarget()).AddCandidate(c, ng.unusableCandidate); err != nil {
		ng.s.lost(err, true)
	}
}

// tryWays tries the ways to the server's media that we know ourselves, one after the
// other for as long as media does not come through.
func (ng *negotiation) tryWays() {
	s, c := ng.s, &ng.s.credentials
	if s.signal != nil && s.transport.Try(rtp.Ways(s.signal.PeerIP(), c.host, c.media)) && !s.alarms.IsSet(alarmPath) {
		s.alarms.Set(alarmPath, rtp.WayDelay)
	}
}

func (ng *negotiation) unusableCandidate(err error) {
	ng.s.log.WithError(err).Debug("candidate of the server's not usable")
}

// onCandidate tells the server one of ours.
func (ng *negotiation) onCandidate(p *rtp.Peer, c *webrtc.ICECandidate) {
	if c == nil || ng.s.signal == nil {
		return
	}
	raw, err := json.Marshal(c.ToJSON())
	if err != nil {
		return
	}
	ng.s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
		Trickle: &livekit.TrickleRequest{CandidateInit: string(raw), Target: p.Target},
	}})
}

// onState follows the media connection.
func (ng *negotiation) onState(p *rtp.Peer, state webrtc.PeerConnectionState) {
	p.State = state
	ng.s.log.WithFields(map[string]any{"peer": p.Target.String(), "state": state.String()}).Debug("media connection")
	switch state {
	case webrtc.PeerConnectionStateConnected:
		ng.onConnected()
	case webrtc.PeerConnectionStateDisconnected:
		if ng.s.phase == phaseUp && !ng.s.alarms.IsSet(alarmQuiet) {
			ng.s.alarms.Set(alarmQuiet, ng.s.limits.silence)
		}
	case webrtc.PeerConnectionStateFailed:
		switch {
		case ng.s.phase == phaseUp && ng.everConnected:
			ng.s.lost(fmt.Errorf("%w: no media", call.ErrConnectionLost), false)
		case ng.s.phase == phaseReconnecting && ng.s.signal != nil:
			ng.s.lost(fmt.Errorf("%w: no media", call.ErrConnectionLost), true)
		}
	default:
	}
}

func (ng *negotiation) onConnected() {
	if ng.s.transport == nil || !ng.s.transport.Connected() {
		return
	}
	ng.s.alarms.Clear(alarmQuiet)
	ng.everConnected = true
	if ng.s.phase == phaseUp {
		ng.s.alarms.Clear(alarmMedia)
	}
	for _, t := range ng.s.publications.byCID {
		t.AskKeyFrames()
	}
	ng.s.reconnection.checkDone()
}
