package attack

import (
	"context"
	"sync/atomic"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Loose is a way to send packets of any stream. The server knows it as a microphone.
type Loose struct {
	*webrtc.TrackLocalStaticRTP
	out atomic.Pointer[webrtc.TrackLocalWriter]
}

// Bind implements webrtc.TrackLocal.
func (l *Loose) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	w := c.WriteStream()
	l.out.Store(&w)
	return l.TrackLocalStaticRTP.Bind(c)
}

// Send sends a packet.
func (l *Loose) Send(h *rtp.Header, payload []byte) error {
	_, err := (*l.out.Load()).WriteRTP(h, payload)
	return err
}

// Loose publishes a microphone, after Media, whose packets may be of any stream.
func (g *Guest) Loose(ctx context.Context, q *livekit.AddTrackRequest) (*Loose, error) {
	if _, err := g.AddTrack(ctx, q); err != nil {
		return nil, err
	}
	local, err := webrtc.NewTrackLocalStaticRTP(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, q.GetCid(), "bad")
	if err != nil {
		return nil, err
	}
	l := &Loose{TrackLocalStaticRTP: local}
	if _, err := g.media.pc.AddTransceiverFromTrack(l, sendOnly); err != nil {
		return nil, err
	}
	return l, g.Offer(ctx)
}

// OfferAs offers what there is now as change has it. It waits for no answer: nobody would
// understand it.
func (g *Guest) OfferAs(change func(sdp string) string) error {
	offer, err := g.media.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	return g.Say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: change(offer.SDP), Id: 1 << 20},
	}})
}
