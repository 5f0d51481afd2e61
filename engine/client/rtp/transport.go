package rtp

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/bandwidth"
	"foyer/engine/client/congestion"
)

// Payload types are ours to choose: we make the offers. With two connections
// the server's offers bring its own.
const (
	payloadOpus = 111
	payloadRED  = 63
	payloadVP8  = 96
)

// Labels of the data channels (livekit-server, pkg/rtc/transport.go).
const (
	labelReliable = "_reliable"
	labelLossy    = "_lossy"
)

// LowBuffered is how few bytes must wait in the data channel for more to be sent.
const LowBuffered = 256 << 10

// Clocks of the media connection.
const (
	iceDisconnected = 4 * time.Second // without any packet: 2 keepalives missed
	iceFailed       = 8 * time.Second
	iceKeepalive    = 2 * time.Second
	dtlsRetransmit  = 100 * time.Millisecond
	dataRetransmit  = 3 * time.Second // at most; pion's own minute outlasts an outage
	maxCandidates   = 128             // of the server's, between two restarts of ICE; a server has a few for each address
)

// Transport is the media side of one join: one PeerConnection, or two with old
// servers. The loop alone uses it, except for close.
type Transport struct {
	Pub      *Peer // sends, and with one connection receives too
	Sub      *Peer // receives; nil with one connection
	Reliable *webrtc.DataChannel
	Lossy    *webrtc.DataChannel
	Remote   map[call.SID]*RemoteTrack // media that has arrived, by the track's SID
	Retired  map[call.SID]*RemoteTrack // of these, what was unsubscribed: interrupted
	Lacking  Sections
	tried    int // of the ways to the server, see Try
	once     sync.Once
}

// Peer is one PeerConnection and its negotiation.
type Peer struct {
	PC     *webrtc.PeerConnection
	Target livekit.SignalTarget

	Offering bool   // an offer of ours is out
	Again    bool   // something changed meanwhile
	Restart  bool   // the next offer restarts ICE
	OfferID  uint32 // of our last offer

	waiting    []webrtc.ICECandidateInit // until the remote description is there
	candidates map[string]struct{}       // the server's, all since the last restart
	State      webrtc.PeerConnectionState
}

// Config is what the media side needs to know.
type Config struct {
	Dual    bool
	Server  net.IP // of the signal connection; nil if unknown
	Servers []*livekit.ICEServer
	Events  Events
	Log     PionLog
	Budget  *bandwidth.Budget // of what is sent
	Keep    func(func())      // runs what outlives the session
}

// Events are called from pion's goroutines and only post.
type Events struct {
	Candidate func(*Transport, *Peer, *webrtc.ICECandidate)
	State     func(*Transport, *Peer, webrtc.PeerConnectionState)
	Track     func(*Transport, *webrtc.TrackRemote, *webrtc.RTPReceiver)
	Data      func(t *Transport, data []byte, lossy bool)
	DataReady func(*Transport)
	Flood     func(*Transport)
}

// NewTransport makes the connections of one join; nothing is negotiated yet.
func NewTransport(c Config) (*Transport, error) {
	t := &Transport{Remote: map[call.SID]*RemoteTrack{}, Retired: map[call.SID]*RemoteTrack{}}
	var err error
	if t.Pub, err = t.newPeer(c, livekit.SignalTarget_PUBLISHER); err != nil {
		return nil, err
	}
	if c.Dual {
		if t.Sub, err = t.newPeer(c, livekit.SignalTarget_SUBSCRIBER); err != nil {
			t.Close(0, c.Keep)
			return nil, err
		}
		t.Sub.PC.OnDataChannel(func(dc *webrtc.DataChannel) { t.listen(c, dc) })
	}
	if err = t.openData(c); err != nil {
		t.Close(0, c.Keep)
		return nil, err
	}
	return t, nil
}

func (t *Transport) newPeer(c Config, target livekit.SignalTarget) (*Peer, error) {
	buffers := &receiveBuffers{flood: func() { c.Events.Flood(t) }}
	api, err := newAPI(c, buffers)
	if err != nil {
		return nil, fmt.Errorf("prepare the media connection: %w", err)
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{ICEServers: iceServers(c)})
	if err != nil {
		return nil, fmt.Errorf("make the media connection: %w", err)
	}
	p := &Peer{PC: pc, Target: target, State: webrtc.PeerConnectionStateNew, candidates: map[string]struct{}{}}
	pc.OnICECandidate(func(cand *webrtc.ICECandidate) { c.Events.Candidate(t, p, cand) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { c.Events.State(t, p, s) })
	pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) { c.Events.Track(t, track, receiver) })
	return p, nil
}

func (t *Transport) openData(c Config) error {
	ordered, unordered, never := true, false, uint16(0)
	var err error
	t.Reliable, err = t.Pub.PC.CreateDataChannel(labelReliable, &webrtc.DataChannelInit{Ordered: &ordered})
	if err != nil {
		return fmt.Errorf("make a data channel: %w", err)
	}
	t.Lossy, err = t.Pub.PC.CreateDataChannel(labelLossy, &webrtc.DataChannelInit{
		Ordered: &unordered, MaxRetransmits: &never,
	})
	if err != nil {
		return fmt.Errorf("make a data channel: %w", err)
	}
	t.Reliable.SetBufferedAmountLowThreshold(LowBuffered)
	t.Reliable.OnBufferedAmountLow(func() { c.Events.DataReady(t) })
	t.Reliable.OnOpen(func() { c.Events.DataReady(t) })
	t.listen(c, t.Reliable)
	t.listen(c, t.Lossy)
	return nil
}

func (t *Transport) listen(c Config, dc *webrtc.DataChannel) {
	if label := dc.Label(); label != labelReliable && label != labelLossy {
		return
	}
	lossy := dc.Label() == labelLossy
	dc.OnMessage(func(m webrtc.DataChannelMessage) { c.Events.Data(t, m.Data, lossy) })
}

// Peers lists the connections there are.
func (t *Transport) Peers() []*Peer {
	if t.Sub == nil {
		return []*Peer{t.Pub}
	}
	return []*Peer{t.Pub, t.Sub}
}

// Peer is the connection that the server calls target.
func (t *Transport) Peer(target livekit.SignalTarget) *Peer {
	if target == livekit.SignalTarget_SUBSCRIBER && t.Sub != nil {
		return t.Sub
	}
	return t.Pub
}

// Receiver is the connection on which media comes.
func (t *Transport) Receiver() *Peer {
	if t.Sub != nil {
		return t.Sub
	}
	return t.Pub
}

// Connected reports whether media can flow, on every connection.
func (t *Transport) Connected() bool {
	for _, p := range t.Peers() {
		if p.State != webrtc.PeerConnectionStateConnected {
			return false
		}
	}
	return true
}

// Closed reports whether a connection or a data channel has been closed.
func (t *Transport) Closed() bool {
	for _, p := range t.Peers() {
		if p.State == webrtc.PeerConnectionStateClosed {
			return true
		}
	}
	closed := webrtc.DataChannelStateClosed
	return t.Reliable.ReadyState() == closed || t.Lossy.ReadyState() == closed
}

// Settled reports whether no offer of ours waits for an answer.
func (t *Transport) Settled() bool { return !t.Pub.Offering && !t.Pub.Restart && !t.Pub.Again }

// HangUp ends the data channels and waits for it, but not for longer than timeout.
// What it leaves behind ends by itself and runs in keep.
func (t *Transport) HangUp(timeout time.Duration, keep func(func())) {
	done := make(chan struct{}, len(t.Peers()))
	for _, p := range t.Peers() {
		keep(func() {
			_ = p.PC.SCTP().Stop() // what was never begun is ended
			done <- struct{}{}
		})
	}
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	for range t.Peers() {
		select {
		case <-done:
		case <-limit.C:
			return
		}
	}
}

// Close ends both connections side by side and waits for pion's goroutines, but
// not for longer than timeout: what is left, which sends no media any more, ends in
// keep. GracefulClose is the one way in which a connection ends here: pion's own,
// after the other side's DTLS alert, takes turns with it, but closing the ICE
// transport beside them can close a channel twice (pion/ice v4, taskloop
// Loop.Close) and panic. Any goroutine, any number of times.
func (t *Transport) Close(timeout time.Duration, keep func(func())) {
	t.once.Do(func() {
		var open []*Peer
		for _, p := range t.Peers() {
			if p != nil {
				open = append(open, p)
			}
		}
		done := make(chan struct{}, len(open))
		for _, p := range open {
			keep(func() {
				_ = p.PC.GracefulClose() // what cannot be closed is gone already
				done <- struct{}{}
			})
		}
		limit := time.NewTimer(timeout)
		defer limit.Stop()
		for range open {
			select {
			case <-done:
			case <-limit.C:
				return
			}
		}
	})
}

func newAPI(c Config, buffers *receiveBuffers) (*webrtc.API, error) {
	media := &webrtc.MediaEngine{}
	if err := registerCodecs(media); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if err := registerInterceptors(registry, c); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings(c, buffers)),
	), nil
}

func settings(c Config, buffers *receiveBuffers) webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.BufferFactory = buffers.make
	s.LoggerFactory = c.Log
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	s.SetDTLSRetransmissionInterval(dtlsRetransmit)
	s.SetSCTPRTOMax(dataRetransmit)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	// TCP is for the candidates of our own making alone, see Ways.
	s.SetNetworkTypes([]webrtc.NetworkType{
		webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6,
	})
	s.SetIncludeLoopbackCandidate(c.Server.IsLoopback())
	return s
}

// registerCodecs offers Opus and VP8 only: what is offered is what comes, and
// the decoders that can be trusted with a stranger's bytes are those two. Opus may come
// with copies of what was sent before (RFC 2198), as browsers send it.
func registerCodecs(m *webrtc.MediaEngine) error {
	opus := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: webrtc.TypeRTCPFBTransportCC}},
		},
		PayloadType: payloadOpus,
	}
	if err := m.RegisterCodec(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	red := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: call.MIMERED, ClockRate: 48000, Channels: 2, SDPFmtpLine: fmt.Sprintf("%d/%[1]d", payloadOpus),
			RTCPFeedback: opus.RTCPFeedback,
		},
		PayloadType: payloadRED,
	}
	if err := m.RegisterCodec(red, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	vp8 := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
			RTCPFeedback: []webrtc.RTCPFeedback{
				{Type: webrtc.TypeRTCPFBTransportCC},
				{Type: webrtc.TypeRTCPFBGoogREMB},
				{Type: webrtc.TypeRTCPFBCCM, Parameter: "fir"},
				{Type: webrtc.TypeRTCPFBNACK},
				{Type: webrtc.TypeRTCPFBNACK, Parameter: "pli"},
			},
		},
		PayloadType: payloadVP8,
	}
	if err := m.RegisterCodec(vp8, webrtc.RTPCodecTypeVideo); err != nil {
		return err
	}
	return registerExtensions(m)
}

// registerExtensions leaves out the names of section and layer on purpose, see
// withLayerNames.
func registerExtensions(m *webrtc.MediaEngine) error {
	for _, ext := range []struct {
		uri  string
		kind webrtc.RTPCodecType
	}{
		{sdp.TransportCCURI, webrtc.RTPCodecTypeVideo},
		{sdp.TransportCCURI, webrtc.RTPCodecTypeAudio},
		{sdp.ABSSendTimeURI, webrtc.RTPCodecTypeVideo}, // by which we measure the line to us
		{sdp.AudioLevelURI, webrtc.RTPCodecTypeAudio},  // without it we never count as speaking
	} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: ext.uri}, ext.kind); err != nil {
			return err
		}
	}
	return nil
}

// registerInterceptors adds retransmission, reports and congestion control, both
// ways. The first one is the last before the network: what is sent again gets a new
// number there, and is spaced like everything else.
func registerInterceptors(r *interceptor.Registry, c Config) error {
	responder, err := nack.NewResponderInterceptor(nack.WithResponderLoggerFactory(c.Log))
	if err != nil {
		return err
	}
	receiver, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(c.Log))
	if err != nil {
		return err
	}
	sender, err := report.NewSenderInterceptor(report.WithSenderLoggerFactory(c.Log))
	if err != nil {
		return err
	}
	feedback, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(c.Log))
	if err != nil {
		return err
	}
	for _, factory := range []interceptor.Factory{
		congestion.NewSender(c.Budget, c.Log.Log), responder, receiver, sender, feedback,
		congestion.NewReceiver(c.Log.Log), congestion.NewNackRequester(c.Log.Log),
	} {
		r.Add(factory)
	}
	return nil
}

// iceServers are the server's, unless it is in our own network: then they are
// strangers' public ones that can only slow the gathering (livekit-server, pkg/service/roommanager.go).
func iceServers(c Config) []webrtc.ICEServer {
	if c.Server.IsLoopback() || c.Server.IsPrivate() || c.Server.IsLinkLocalUnicast() {
		return nil
	}
	const maxServers = 16
	var list []webrtc.ICEServer
	for _, s := range c.Servers {
		if len(list) < maxServers && len(s.GetUrls()) > 0 {
			list = append(list, webrtc.ICEServer{URLs: s.GetUrls(), Username: s.GetUsername(), Credential: s.GetCredential()})
		}
	}
	return list
}
