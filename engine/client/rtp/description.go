package rtp

import (
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

const (
	// MaxSubscriptions is how many tracks are received at once.
	MaxSubscriptions = call.MaxVoices + call.MaxVideos
	maxSDP           = 1 << 20 // bytes
	// maxTransceivers limits all sections together: what we subscribe to, twice, as
	// LiveKit fills ended ones again, and what we publish. maxSections is how many a
	// server may ask for at once.
	maxTransceivers = 2*MaxSubscriptions + 32
	maxSections     = MaxSubscriptions
)

// IDs of the header extensions that name section and layer of a packet. pion
// numbers its own from 1.
const (
	extensionMID = 13
	extensionRID = 14
)

// WithLayerNames offers the extensions that tell simulcast layers apart, for the
// sections that have layers. They are not registered with pion, because it would
// then look for them in every early packet: one that overtakes the answer makes
// it read up to ten packets away from the real receiver and end that one's
// retransmissions (peerconnection.go handleIncomingSSRC). The packets are marked
// by our own sender.
func WithLayerNames(description string) string {
	const mark = "a=simulcast:send "
	names := fmt.Sprintf("a=extmap:%d %s\r\na=extmap:%d %s\r\n",
		extensionMID, sdp.SDESMidURI, extensionRID, sdp.SDESRTPStreamIDURI)
	return strings.ReplaceAll(description, mark, names+mark)
}

// SetRemote takes the server's description, and the candidates that have waited
// for it. unusable is called for those that cannot be used.
func (p *Peer) SetRemote(kind webrtc.SDPType, description string, unusable func(error)) error {
	if len(description) > maxSDP {
		return fmt.Errorf("%w: description of %d bytes", call.ErrServerGarbage, len(description))
	}
	if err := p.checkDescription(description); err != nil {
		return err
	}
	description = withoutTCP(description)
	if err := p.PC.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: description}); err != nil {
		return err
	}
	for _, c := range p.waiting {
		if err := p.PC.AddICECandidate(c); err != nil {
			unusable(err)
		}
	}
	p.waiting = nil
	return nil
}

// AddCandidate takes one of the server's candidates, or keeps it until there is a
// description. It fails for more than a server has; unusable is called for one
// that cannot be used.
func (p *Peer) AddCandidate(c webrtc.ICECandidateInit, unusable func(error)) error {
	if err := p.admitCandidate(c.Candidate); err != nil || c.Candidate != "" && !overUDP(c.Candidate) {
		return err
	}
	if p.PC.RemoteDescription() == nil {
		if len(p.waiting) < maxCandidates {
			p.waiting = append(p.waiting, c)
		}
		return nil
	}
	if err := p.PC.AddICECandidate(c); err != nil {
		unusable(err)
	}
	return nil
}

// ForgetCandidates lets the server gather anew.
func (p *Peer) ForgetCandidates() { clear(p.candidates) }

// checkDescription refuses what pion would take, whatever it costs: each section
// and each candidate is an object with buffers or timers of its own.
func (p *Peer) checkDescription(description string) error {
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
func (p *Peer) admitCandidate(candidate string) error {
	if _, known := p.candidates[candidate]; known {
		return nil
	}
	if len(p.candidates) >= maxCandidates || len(candidate) > call.MaxIDBytes {
		return fmt.Errorf("%w: more than %d candidates", call.ErrServerGarbage, maxCandidates)
	}
	p.candidates[candidate] = struct{}{}
	return nil
}

// SplitStream takes a stream's ID apart: participant's SID, then track's SID
// (livekit_rtc.proto: "PA_..|TR_..").
func SplitStream(streamID, trackID string) (owner, track call.SID) {
	o, t, found := strings.Cut(streamID, "|")
	if !found {
		t = trackID
	}
	if !strings.HasPrefix(t, "TR_") && strings.HasPrefix(trackID, "TR_") {
		t = trackID
	}
	return call.SID(o), call.SID(t)
}
