package rtp

import (
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// SyncState is what a resuming client tells of its connections (SyncState in
// livekit_rtc.proto).
func (t *Transport) SyncState() *livekit.SyncState {
	state := &livekit.SyncState{Subscription: &livekit.UpdateSubscription{}}
	pc := t.Receiver().PC
	offer, answer := pc.CurrentLocalDescription(), pc.CurrentRemoteDescription()
	if t.Sub != nil {
		offer, answer = answer, offer // the server offers there
	}
	state.Offer, state.Answer = describe(offer), describe(answer)
	for _, dc := range []*webrtc.DataChannel{t.Reliable, t.Lossy} {
		if id := dc.ID(); id != nil {
			state.DataChannels = append(state.DataChannels, &livekit.DataChannelInfo{
				Label: dc.Label(), Id: uint32(*id), Target: livekit.SignalTarget_PUBLISHER,
			})
		}
	}
	return state
}

func describe(d *webrtc.SessionDescription) *livekit.SessionDescription {
	if d == nil {
		return nil
	}
	return &livekit.SessionDescription{Type: d.Type.String(), Sdp: WithLayerNames(d.SDP)}
}
