package client

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

const (
	maxSDP = 1 << 20 // bytes
	// maxTransceivers bounds all sections together: what we subscribe to, twice,
	// as LiveKit fills ended ones again, and what we publish. maxSections is how
	// many a server may ask for at once.
	maxTransceivers = 2*maxSubscriptions + 32
	maxSections     = maxSubscriptions
)

// negotiate offers what has changed on the publishing connection. One offer is
// out at a time; what changes meanwhile goes into the next one.
func (s *session) negotiate() {
	t := s.transport
	if t == nil || s.over() {
		return
	}
	p := t.pub
	if p.offering || s.wire == nil {
		p.again = true
		return
	}
	if p.restart {
		clear(p.candidates) // the server gathers anew
	}
	offer, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: p.restart})
	if err == nil {
		err = p.pc.SetLocalDescription(offer)
	}
	if err != nil {
		s.lost(fmt.Errorf("offer: %w", err), true)
		return
	}
	p.again, p.restart = false, false
	s.sendOffer(p, offer)
}

func (s *session) sendOffer(p *peer, offer webrtc.SessionDescription) {
	p.offering = true
	p.offerID++
	s.alarms.set(alarmAnswer, s.limits.answer)
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: offer.Type.String(), Sdp: withLayerNames(offer.SDP), Id: p.offerID},
	}})
}

// IDs of the header extensions that name section and layer of a packet. pion
// numbers its own from 1.
const (
	extensionMID = 13
	extensionRID = 14
)

// withLayerNames offers the extensions that tell simulcast layers apart, for the
// sections that have layers. They are not registered with pion, because it would
// then look for them in every early packet: one that overtakes the answer makes
// it read up to ten packets away from the real receiver and end that one's
// retransmissions (peerconnection.go handleIncomingSSRC). The packets are marked
// by our own sender.
func withLayerNames(description string) string {
	const mark = "a=simulcast:send "
	names := fmt.Sprintf("a=extmap:%d %s\r\na=extmap:%d %s\r\n",
		extensionMID, sdp.SDESMidURI, extensionRID, sdp.SDESRTPStreamIDURI)
	return strings.ReplaceAll(description, mark, names+mark)
}

// onAnswer takes the server's answer to our offer.
func (s *session) onAnswer(d *livekit.SessionDescription) {
	t := s.transport
	if t == nil || !t.pub.offering || (d.GetId() != 0 && d.GetId() != t.pub.offerID) {
		return // the answer to an offer that a reconnect has overtaken
	}
	p := t.pub
	if err := s.setRemote(p, webrtc.SDPTypeAnswer, d); err != nil {
		s.lost(fmt.Errorf("answer: %w", err), true)
		return
	}
	p.offering = false
	s.alarms.clear(alarmAnswer)
	s.armTracks()
	if p.again || p.restart {
		s.negotiate()
	}
	s.checkMended()
}

// onOffer answers the server's offer on the receiving connection.
func (s *session) onOffer(d *livekit.SessionDescription) {
	t := s.transport
	if t == nil || t.sub == nil {
		return // with one connection only we offer
	}
	p := t.sub
	err := s.setRemote(p, webrtc.SDPTypeOffer, d)
	var answer webrtc.SessionDescription
	if err == nil {
		answer, err = p.pc.CreateAnswer(nil)
	}
	if err == nil {
		err = p.pc.SetLocalDescription(answer)
	}
	if err != nil {
		s.lost(fmt.Errorf("server's offer: %w", err), true)
		return
	}
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: answer.Type.String(), Sdp: answer.SDP, Id: d.GetId()},
	}})
}

func (s *session) setRemote(p *peer, kind webrtc.SDPType, d *livekit.SessionDescription) error {
	if len(d.GetSdp()) > maxSDP {
		return fmt.Errorf("%w: description of %d bytes", call.ErrServerGarbage, len(d.GetSdp()))
	}
	if err := p.checkDescription(d.GetSdp()); err != nil {
		return err
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: d.GetSdp()}); err != nil {
		return err
	}
	for _, c := range p.waiting {
		s.addCandidate(p, c)
	}
	p.waiting = nil
	return nil
}

// checkDescription refuses what pion would take, whatever it costs: each section
// and each candidate is an object with buffers or timers of its own.
func (p *peer) checkDescription(description string) error {
	sections := 0
	for line := range strings.Lines(description) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "m=") {
			if sections++; sections > maxTransceivers {
				return fmt.Errorf("%w: more than %d media sections", call.ErrServerGarbage, maxTransceivers)
			}
		}
		if candidate, ok := strings.CutPrefix(line, "a="); ok && strings.HasPrefix(candidate, "candidate:") {
			if err := p.admitCandidate(candidate); err != nil {
				return err
			}
		}
	}
	return nil
}

// admitCandidate counts the server's different candidates.
func (p *peer) admitCandidate(candidate string) error {
	if _, known := p.candidates[candidate]; known {
		return nil
	}
	if len(p.candidates) >= maxCandidates || len(candidate) > call.MaxIDBytes {
		return fmt.Errorf("%w: more than %d candidates", call.ErrServerGarbage, maxCandidates)
	}
	p.candidates[candidate] = struct{}{}
	return nil
}

// onTrickle takes one of the server's candidates.
func (s *session) onTrickle(m *livekit.TrickleRequest) {
	t := s.transport
	if t == nil {
		return
	}
	var c webrtc.ICECandidateInit
	if json.Unmarshal([]byte(m.GetCandidateInit()), &c) != nil || c.Candidate == "" {
		return
	}
	p := t.peer(m.GetTarget())
	if err := p.admitCandidate(c.Candidate); err != nil {
		s.lost(err, true)
		return
	}
	if p.pc.RemoteDescription() == nil {
		if len(p.waiting) < maxCandidates {
			p.waiting = append(p.waiting, c)
		}
		return
	}
	s.addCandidate(p, c)
}

func (s *session) addCandidate(p *peer, c webrtc.ICECandidateInit) {
	if err := p.pc.AddICECandidate(c); err != nil {
		s.log.WithError(err).Debug("candidate of the server's not usable")
	}
}

// onCandidate tells the server one of ours.
func (s *session) onCandidate(p *peer, c *webrtc.ICECandidate) {
	if c == nil || s.wire == nil {
		return
	}
	raw, err := json.Marshal(c.ToJSON())
	if err != nil {
		return
	}
	s.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
		Trickle: &livekit.TrickleRequest{CandidateInit: string(raw), Target: p.target},
	}})
}

// onState follows the media connection.
func (s *session) onState(p *peer, state webrtc.PeerConnectionState) {
	p.state = state
	s.log.WithFields(map[string]any{"peer": p.target.String(), "state": state.String()}).Debug("media connection")
	switch state {
	case webrtc.PeerConnectionStateConnected:
		s.onConnected()
	case webrtc.PeerConnectionStateDisconnected:
		if s.phase == phaseUp && !s.alarms.isSet(alarmQuiet) {
			s.alarms.set(alarmQuiet, s.limits.silence)
		}
	case webrtc.PeerConnectionStateFailed:
		switch {
		case s.phase == phaseUp && s.everConnected:
			s.lost(fmt.Errorf("%w: no media", call.ErrConnectionLost), false)
		case s.phase == phaseMending && s.wire != nil:
			s.lost(fmt.Errorf("%w: no media", call.ErrConnectionLost), true)
		}
	default:
	}
}

func (s *session) onConnected() {
	if s.transport == nil || !s.transport.connected() {
		return
	}
	s.alarms.clear(alarmQuiet)
	s.everConnected = true
	if s.phase == phaseUp {
		s.alarms.clear(alarmMedia)
	}
	for _, t := range s.pubs {
		t.askKeyFrames()
	}
	s.checkMended()
}

// splitStream takes a stream's ID apart: participant's SID, then track's SID
// (livekit_rtc.proto: "PA_..|TR_..").
func splitStream(streamID, trackID string) (owner, track call.SID) {
	o, t, found := strings.Cut(streamID, "|")
	if !found {
		t = trackID
	}
	if !strings.HasPrefix(t, "TR_") && strings.HasPrefix(trackID, "TR_") {
		t = trackID
	}
	return call.SID(o), call.SID(t)
}
