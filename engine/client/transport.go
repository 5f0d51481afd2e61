package client

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
)

// Payload types are ours to choose: we make the offers. With two connections
// the server's offers bring its own.
const (
	payloadOpus = 111
	payloadVP8  = 96
)

// Labels of the data channels (livekit-server, pkg/rtc/transport.go).
const (
	labelReliable = "_reliable"
	labelLossy    = "_lossy"
)

// Clocks of the media connection.
const (
	iceDisconnected = 4 * time.Second // without any packet: 2 keepalives missed
	iceFailed       = 8 * time.Second
	iceKeepalive    = 2 * time.Second
	dtlsRetransmit  = 100 * time.Millisecond
	maxCandidates   = 128 // of the server's, between two restarts of ICE; a server has a few for each address
)

// transport is the media side of one join: one PeerConnection, or two with old
// servers. The loop alone uses it, except for close.
type transport struct {
	pub      *peer // sends, and with one connection receives too
	sub      *peer // receives; nil with one connection
	reliable *webrtc.DataChannel
	lossy    *webrtc.DataChannel
	remote   map[call.SID]*remoteTrack // media that has arrived, by the track's SID
	retired  map[call.SID]*remoteTrack // of these, what was unsubscribed: interrupted
	lacking  sections
	once     sync.Once
}

// peer is one PeerConnection and its negotiation.
type peer struct {
	pc     *webrtc.PeerConnection
	target livekit.SignalTarget

	offering bool   // an offer of ours is out
	again    bool   // something changed meanwhile
	restart  bool   // the next offer restarts ICE
	offerID  uint32 // of our last offer

	waiting    []webrtc.ICECandidateInit // until the remote description is there
	candidates map[string]struct{}       // the server's, all since the last restart
	state      webrtc.PeerConnectionState
}

// transportConfig is what the media side needs to know.
type transportConfig struct {
	double  bool
	server  net.IP // of the signal connection; nil if unknown
	servers []*livekit.ICEServer
	events  transportEvents
	log     pionLog
	keep    func(func()) // runs what outlives the session
}

// transportEvents are called from pion's goroutines and only post.
type transportEvents struct {
	candidate func(*transport, *peer, *webrtc.ICECandidate)
	state     func(*transport, *peer, webrtc.PeerConnectionState)
	track     func(*transport, *webrtc.TrackRemote, *webrtc.RTPReceiver)
	data      func(t *transport, data []byte, lossy bool)
	dataReady func(*transport)
	flood     func(*transport)
}

func newTransport(c transportConfig) (*transport, error) {
	t := &transport{remote: map[call.SID]*remoteTrack{}, retired: map[call.SID]*remoteTrack{}}
	var err error
	if t.pub, err = t.newPeer(c, livekit.SignalTarget_PUBLISHER); err != nil {
		return nil, err
	}
	if c.double {
		if t.sub, err = t.newPeer(c, livekit.SignalTarget_SUBSCRIBER); err != nil {
			t.close(0, c.keep)
			return nil, err
		}
		t.sub.pc.OnDataChannel(func(dc *webrtc.DataChannel) { t.listen(c, dc) })
	}
	if err = t.openData(c); err != nil {
		t.close(0, c.keep)
		return nil, err
	}
	return t, nil
}

func (t *transport) newPeer(c transportConfig, target livekit.SignalTarget) (*peer, error) {
	buffers := &receiveBuffers{flood: func() { c.events.flood(t) }}
	api, err := newAPI(c, buffers)
	if err != nil {
		return nil, fmt.Errorf("prepare the media connection: %w", err)
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{ICEServers: iceServers(c)})
	if err != nil {
		return nil, fmt.Errorf("make the media connection: %w", err)
	}
	p := &peer{pc: pc, target: target, state: webrtc.PeerConnectionStateNew, candidates: map[string]struct{}{}}
	pc.OnICECandidate(func(cand *webrtc.ICECandidate) { c.events.candidate(t, p, cand) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) { c.events.state(t, p, s) })
	pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) { c.events.track(t, track, receiver) })
	return p, nil
}

func (t *transport) openData(c transportConfig) error {
	ordered, unordered, never := true, false, uint16(0)
	var err error
	if t.reliable, err = t.pub.pc.CreateDataChannel(labelReliable, &webrtc.DataChannelInit{Ordered: &ordered}); err != nil {
		return fmt.Errorf("make a data channel: %w", err)
	}
	t.lossy, err = t.pub.pc.CreateDataChannel(labelLossy, &webrtc.DataChannelInit{Ordered: &unordered, MaxRetransmits: &never})
	if err != nil {
		return fmt.Errorf("make a data channel: %w", err)
	}
	t.reliable.SetBufferedAmountLowThreshold(lowBuffered)
	t.reliable.OnBufferedAmountLow(func() { c.events.dataReady(t) })
	t.reliable.OnOpen(func() { c.events.dataReady(t) })
	t.listen(c, t.reliable)
	t.listen(c, t.lossy)
	return nil
}

func (t *transport) listen(c transportConfig, dc *webrtc.DataChannel) {
	if label := dc.Label(); label != labelReliable && label != labelLossy {
		return
	}
	lossy := dc.Label() == labelLossy
	dc.OnMessage(func(m webrtc.DataChannelMessage) { c.events.data(t, m.Data, lossy) })
}

// peers lists the connections there are.
func (t *transport) peers() []*peer {
	if t.sub == nil {
		return []*peer{t.pub}
	}
	return []*peer{t.pub, t.sub}
}

func (t *transport) peer(target livekit.SignalTarget) *peer {
	if target == livekit.SignalTarget_SUBSCRIBER && t.sub != nil {
		return t.sub
	}
	return t.pub
}

// receiver is the connection on which media comes.
func (t *transport) receiver() *peer {
	if t.sub != nil {
		return t.sub
	}
	return t.pub
}

func (t *transport) connected() bool {
	for _, p := range t.peers() {
		if p.state != webrtc.PeerConnectionStateConnected {
			return false
		}
	}
	return true
}

// settled tells whether no offer of ours waits for an answer.
func (t *transport) settled() bool { return !t.pub.offering && !t.pub.restart && !t.pub.again }

// hangUp ends the data channels and waits for it, but not for longer than bound.
// What it leaves behind ends by itself and runs in keep.
func (t *transport) hangUp(bound time.Duration, keep func(func())) {
	done := make(chan struct{}, len(t.peers()))
	for _, p := range t.peers() {
		keep(func() {
			_ = p.pc.SCTP().Stop() // what was never begun is ended
			done <- struct{}{}
		})
	}
	limit := time.NewTimer(bound)
	defer limit.Stop()
	for range t.peers() {
		select {
		case <-done:
		case <-limit.C:
			return
		}
	}
}

// close ends both connections side by side and waits for pion's goroutines, but
// not for longer than bound: what is left, which sends no media any more, ends in
// keep. GracefulClose is the one way in which a connection ends here: pion's own,
// after the other side's DTLS alert, takes turns with it, but closing the ICE
// transport beside them can close a channel twice (pion/ice v4, taskloop
// Loop.Close) and panic. Any goroutine, any number of times.
func (t *transport) close(bound time.Duration, keep func(func())) {
	t.once.Do(func() {
		var open []*peer
		for _, p := range t.peers() {
			if p != nil {
				open = append(open, p)
			}
		}
		done := make(chan struct{}, len(open))
		for _, p := range open {
			keep(func() {
				_ = p.pc.GracefulClose() // what cannot be closed is gone already
				done <- struct{}{}
			})
		}
		limit := time.NewTimer(bound)
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

func newAPI(c transportConfig, buffers *receiveBuffers) (*webrtc.API, error) {
	media := &webrtc.MediaEngine{}
	if err := registerCodecs(media); err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if err := registerInterceptors(registry, c.log); err != nil {
		return nil, err
	}
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings(c, buffers)),
	), nil
}

func settings(c transportConfig, buffers *receiveBuffers) webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.BufferFactory = buffers.make
	s.LoggerFactory = c.log
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	s.SetDTLSRetransmissionInterval(dtlsRetransmit)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetIncludeLoopbackCandidate(c.server.IsLoopback())
	return s
}

// registerCodecs offers Opus and VP8 only: what is offered is what comes, and
// the decoders that can be trusted with a stranger's bytes are those two.
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
	vp8 := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
			RTCPFeedback: []webrtc.RTCPFeedback{
				{Type: webrtc.TypeRTCPFBTransportCC},
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
		{sdp.AudioLevelURI, webrtc.RTPCodecTypeAudio}, // without it we never count as speaking
	} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: ext.uri}, ext.kind); err != nil {
			return err
		}
	}
	return nil
}

// registerInterceptors adds retransmission, reports and transport-wide
// congestion control, both ways.
func registerInterceptors(r *interceptor.Registry, log pionLog) error {
	generator, err := nack.NewGeneratorInterceptor(nack.WithGeneratorLoggerFactory(log))
	if err != nil {
		return err
	}
	responder, err := nack.NewResponderInterceptor(nack.WithResponderLoggerFactory(log))
	if err != nil {
		return err
	}
	receiver, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(log))
	if err != nil {
		return err
	}
	sender, err := report.NewSenderInterceptor(report.WithSenderLoggerFactory(log))
	if err != nil {
		return err
	}
	numbers, err := twcc.NewHeaderExtensionInterceptor()
	if err != nil {
		return err
	}
	feedback, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(log))
	if err != nil {
		return err
	}
	for _, factory := range []interceptor.Factory{responder, generator, receiver, sender, numbers, feedback} {
		r.Add(factory)
	}
	return nil
}

// iceServers are the server's, unless it is in our own network: then they are
// strangers' public ones that can only slow the gathering (livekit-server, pkg/service/roommanager.go).
func iceServers(c transportConfig) []webrtc.ICEServer {
	if c.server.IsLoopback() || c.server.IsPrivate() || c.server.IsLinkLocalUnicast() {
		return nil
	}
	const maxServers = 16
	var list []webrtc.ICEServer
	for _, s := range c.servers {
		if len(list) < maxServers && len(s.GetUrls()) > 0 {
			list = append(list, webrtc.ICEServer{URLs: s.GetUrls(), Username: s.GetUsername(), Credential: s.GetCredential()})
		}
	}
	return list
}
