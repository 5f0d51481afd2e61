package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// media is a guest's side of the connection for audio, frames and data. The
// zero value has none.
type media struct {
	mu        sync.Mutex
	pc        *webrtc.PeerConnection
	offers    uint32
	answered  chan struct{} // 1-slot: an answer was applied
	connected chan struct{}
	open      map[string]chan struct{} // data channels by label, closed when open
	reliable  *webrtc.DataChannel
	lossy     *webrtc.DataChannel
	failed    error // of what the server answered
}

// Labels of LiveKit's data channels.
const (
	Reliable = "_reliable"
	Lossy    = "_lossy"
)

// sendOnly is how tracks are offered.
var sendOnly = webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}

var messageSize = regexp.MustCompile(`a=max-message-size:\d+`)

// NewPeer makes one end of a media connection, on loopback.
func NewPeer() (*webrtc.PeerConnection, error) {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(codecs))
	return api.NewPeerConnection(webrtc.Configuration{})
}

// answer takes what the server says about media.
func (m *media) answer(said *livekit.SignalResponse) {
	m.mu.Lock()
	pc, answered := m.pc, m.answered
	m.mu.Unlock()
	if pc == nil {
		return
	}
	var err error
	switch v := said.GetMessage().(type) {
	case *livekit.SignalResponse_Answer:
		// It sends messages that the server does not want.
		sdp := messageSize.ReplaceAllString(v.Answer.GetSdp(), "a=max-message-size:4000000")
		if err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err == nil {
			select {
			case answered <- struct{}{}:
			default:
			}
		}
	case *livekit.SignalResponse_Trickle:
		var c webrtc.ICECandidateInit
		if json.Unmarshal([]byte(v.Trickle.GetCandidateInit()), &c) == nil && pc.RemoteDescription() != nil {
			_ = pc.AddICECandidate(c) // those of the answer are enough
		}
	}
	if err != nil {
		m.mu.Lock()
		m.failed = err
		m.mu.Unlock()
	}
}

func (m *media) close() {
	m.mu.Lock()
	pc := m.pc
	m.pc = nil
	m.mu.Unlock()
	if pc != nil {
		_ = pc.GracefulClose()
	}
}

// Prepare makes the guest's end of a media connection, for offers that are not kept to.
func (g *Guest) Prepare() error {
	pc, err := NewPeer()
	if err != nil {
		return err
	}
	g.media.mu.Lock()
	g.media.pc = pc
	g.media.mu.Unlock()
	_, err = pc.CreateDataChannel(Reliable, nil)
	return err
}

// Media connects for data and, later, tracks.
func (g *Guest) Media(ctx context.Context) error {
	pc, err := NewPeer()
	if err != nil {
		return err
	}
	m := &g.media
	once := sync.OnceFunc(func() { close(m.connected) })
	m.mu.Lock()
	m.pc, m.answered, m.connected = pc, make(chan struct{}, 1), make(chan struct{})
	m.open = map[string]chan struct{}{Reliable: make(chan struct{}), Lossy: make(chan struct{})}
	m.mu.Unlock()
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once()
		}
	})
	unordered, never := false, uint16(0)
	if m.reliable, err = pc.CreateDataChannel(Reliable, nil); err != nil {
		return err
	}
	m.lossy, err = pc.CreateDataChannel(Lossy, &webrtc.DataChannelInit{Ordered: &unordered, MaxRetransmits: &never})
	if err != nil {
		return err
	}
	for _, c := range []*webrtc.DataChannel{m.reliable, m.lossy} {
		c.OnOpen(func() { close(m.open[c.Label()]) })
	}
	if err := g.Offer(ctx); err != nil {
		return err
	}
	for _, opened := range []chan struct{}{m.connected, m.open[Reliable], m.open[Lossy]} {
		if err := g.wait(ctx, opened); err != nil {
			return fmt.Errorf("connect for media: %w", err)
		}
	}
	return nil
}

func (g *Guest) wait(ctx context.Context, until <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	select {
	case <-until:
		return nil
	case <-g.done:
		return fmt.Errorf("the server hung up: %w", g.Cut())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Offer offers what there is now, with all candidates, and waits for the answer.
func (g *Guest) Offer(ctx context.Context) error { return g.offer(ctx, nil) }

// Restart begins the media connection anew, as after a change of network.
func (g *Guest) Restart(ctx context.Context) error {
	return g.offer(ctx, &webrtc.OfferOptions{ICERestart: true})
}

func (g *Guest) offer(ctx context.Context, how *webrtc.OfferOptions) error {
	m := &g.media
	gathered := webrtc.GatheringCompletePromise(m.pc)
	offer, err := m.pc.CreateOffer(how)
	if err != nil {
		return err
	}
	if err := m.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	m.mu.Lock()
	m.offers++
	id := m.offers
	m.mu.Unlock()
	if err := g.Say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: m.pc.LocalDescription().SDP, Id: id},
	}}); err != nil {
		return err
	}
	if err := g.wait(ctx, m.answered); err != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		return fmt.Errorf("no answer to offer %d: %w (%v)", id, err, m.failed)
	}
	return nil
}

// Channel is the data channel of that label, after Media.
func (g *Guest) Channel(label string) *webrtc.DataChannel {
	if label == Lossy {
		return g.media.lossy
	}
	return g.media.reliable
}

// Peer is the connection itself, after Media.
func (g *Guest) Peer() *webrtc.PeerConnection { return g.media.pc }

// Track is one that a guest publishes.
type Track struct {
	*webrtc.TrackLocalStaticRTP
	SID string
}

// AddTrack tells the server of a track and returns what it calls it.
func (g *Guest) AddTrack(ctx context.Context, q *livekit.AddTrackRequest) (sid string, err error) {
	if err := g.Say(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: q}}); err != nil {
		return "", err
	}
	said, err := g.Hear(ctx, func(m *livekit.SignalResponse) bool {
		refused := m.GetRequestResponse().GetAddTrack()
		return m.GetTrackPublished().GetCid() == q.GetCid() || refused.GetCid() == q.GetCid() && q.GetCid() != ""
	})
	if err != nil {
		return "", err
	}
	if sid = said.GetTrackPublished().GetTrack().GetSid(); sid == "" {
		return "", fmt.Errorf("track %s: %s", q.GetCid(), said.GetRequestResponse().GetReason())
	}
	return sid, nil
}

// Publish publishes tracks after Media, in one offer.
func (g *Guest) Publish(ctx context.Context, mime string, all ...*livekit.AddTrackRequest) ([]Track, error) {
	capability := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}
	if mime == webrtc.MimeTypeOpus {
		capability.ClockRate, capability.Channels = 48000, 2
	}
	tracks := make([]Track, 0, len(all))
	for _, q := range all {
		sid, err := g.AddTrack(ctx, q)
		if err != nil {
			return nil, err
		}
		local, err := webrtc.NewTrackLocalStaticRTP(capability, q.GetCid(), "bad")
		if err != nil {
			return nil, err
		}
		if _, err := g.media.pc.AddTransceiverFromTrack(local, sendOnly); err != nil {
			return nil, err
		}
		tracks = append(tracks, Track{local, sid})
	}
	return tracks, g.Offer(ctx)
}
