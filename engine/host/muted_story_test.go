package host

import (
	"bytes"
	"encoding/json"
	"flag"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
	"foyer/engine/doorapi"
)

var mutedTries = flag.Int("muted.tries", 20, "tries of a muted person to be heard")

// rawGuest is a participant who keeps to LiveKit's protocol as far as the server
// insists, with a connection for what it sends and one for what it gets.
type rawGuest struct {
	t        testing.TB
	conn     *websocket.Conn
	writing  sync.Mutex
	pub, sub *webrtc.PeerConnection
	offered  atomic.Uint32
	answered chan struct{}
	named    chan *livekit.TrackPublishedResponse
	refused  chan struct{}
	cut      chan struct{} // closed when the server has hung up, or close was called
	audio    atomic.Int64  // packets of audio that came
	closing  chan struct{}
	working  sync.WaitGroup
	sid      string
	disguise func(sdp string) string // what is offered, if it is not what the connection says
}

// voice is what is said: LiveKit makes packets of silence for tracks that are muted.
func voice() []byte { return []byte("x a voice that is heard") }

// rawEnter joins with a token; nil if it is not let in.
func (s *testServer) rawEnter(token, extra string) *rawGuest {
	w, status, err := s.dial(token, extra)
	if err != nil {
		s.t.Logf("a connect: status %d, %v", status, err)
		return nil
	}
	g := &rawGuest{
		t: s.t, conn: w.conn, answered: make(chan struct{}, 8), named: make(chan *livekit.TrackPublishedResponse, 64),
		refused: make(chan struct{}, 64), cut: make(chan struct{}), closing: make(chan struct{}),
	}
	if extra == "" {
		g.sid = w.next(func(m *livekit.SignalResponse) bool { return m.GetJoin() != nil }).GetJoin().GetParticipant().GetSid()
	}
	g.pub, g.sub = newRawPeer(s.t), newRawPeer(s.t)
	g.sub.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			packet, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			if bytes.Equal(packet.Payload, voice()) { // whatever kind of track it comes as
				g.audio.Add(1)
			}
		}
	})
	_ = g.conn.SetReadDeadline(time.Time{})
	g.working.Go(g.read)
	return g
}

func newRawPeer(t testing.TB) *webrtc.PeerConnection {
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(defaultCodecs(t))).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	return pc
}

func defaultCodecs(t testing.TB) *webrtc.MediaEngine {
	codecs := &webrtc.MediaEngine{}
	if err := codecs.RegisterDefaultCodecs(); err != nil {
		t.Fatal(err)
	}
	return codecs
}

func (g *rawGuest) read() {
	defer close(g.cut)
	for {
		_, raw, err := g.conn.ReadMessage()
		m := &livekit.SignalResponse{}
		if err != nil || proto.Unmarshal(raw, m) != nil {
			return
		}
		switch v := m.GetMessage().(type) {
		case *livekit.SignalResponse_Answer:
			if g.pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: v.Answer.GetSdp()}) == nil {
				g.answered <- struct{}{}
			}
		case *livekit.SignalResponse_Offer:
			if g.sub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: v.Offer.GetSdp()}) != nil {
				continue
			}
			answer, err := g.sub.CreateAnswer(nil)
			if err == nil && g.sub.SetLocalDescription(answer) == nil {
				<-webrtc.GatheringCompletePromise(g.sub)
				g.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{
					Type: "answer", Sdp: g.sub.LocalDescription().SDP, Id: v.Offer.GetId(),
				}}})
			}
		case *livekit.SignalResponse_Trickle:
			var c webrtc.ICECandidateInit
			pc := g.pub
			if v.Trickle.GetTarget() == livekit.SignalTarget_SUBSCRIBER {
				pc = g.sub
			}
			if json.Unmarshal([]byte(v.Trickle.GetCandidateInit()), &c) == nil && pc.RemoteDescription() != nil {
				_ = pc.AddICECandidate(c)
			}
		case *livekit.SignalResponse_TrackPublished:
			g.named <- v.TrackPublished
		case *livekit.SignalResponse_RequestResponse:
			g.refused <- struct{}{}
		}
	}
}

func (g *rawGuest) say(m *livekit.SignalRequest) {
	raw, _ := proto.Marshal(m) // a value of ours
	g.writing.Lock()
	defer g.writing.Unlock()
	_ = g.conn.WriteMessage(websocket.BinaryMessage, raw) // it may have been cut
}

// announce tells of a track and returns its SID; empty if it is refused.
func (g *rawGuest) announce(q *livekit.AddTrackRequest) string {
	g.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: q}})
	select {
	case p := <-g.named:
		return p.GetTrack().GetSid()
	case <-g.refused:
	case <-g.cut:
	case <-time.After(2 * time.Second):
	}
	return ""
}

// send sends audio or video as a track of that name, until close.
func (g *rawGuest) send(cid, mime string) {
	capability := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 48000, Channels: 2}
	if mime == webrtc.MimeTypeVP8 {
		capability = webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}
	}
	track, err := webrtc.NewTrackLocalStaticRTP(capability, cid, "raw")
	if err == nil {
		_, err = g.pub.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	}
	if err != nil {
		g.t.Fatal(err)
	}
	offer, err := g.pub.CreateOffer(nil)
	if err == nil {
		gathered := webrtc.GatheringCompletePromise(g.pub)
		if err = g.pub.SetLocalDescription(offer); err == nil {
			<-gathered
		}
	}
	if err != nil {
		g.t.Fatal(err)
	}
	said := g.pub.LocalDescription().SDP
	if g.disguise != nil {
		said = g.disguise(said)
	}
	g.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{
		Type: "offer", Sdp: said, Id: g.offered.Add(1),
	}}})
	select {
	case <-g.answered:
	case <-g.cut:
	case <-time.After(2 * time.Second): // what is disguised may have no answer
	}
	g.working.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for n := uint32(0); ; n++ {
			select {
			case <-tick.C:
			case <-g.closing:
				return
			}
			_ = track.WriteRTP(&rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: 960 * n, Marker: n == 0},
				Payload: voice(),
			})
		}
	})
}

func (g *rawGuest) unmute(sid string) {
	g.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: sid}}})
}

func (g *rawGuest) close() {
	close(g.closing)
	_ = g.conn.Close()
	_, _ = g.pub.Close(), g.sub.Close()
	g.working.Wait()
}

func addTrack(cid string, kind livekit.TrackType, source livekit.TrackSource) *livekit.AddTrackRequest {
	return &livekit.AddTrackRequest{Cid: cid, Type: kind, Source: source, Name: cid}
}

// mutedWays are what somebody tries to be heard who is muted. join lets them in,
// under their ID or another of their installation.
func mutedWays(join func(id string) *rawGuest) map[string]func() *rawGuest {
	const audio, video = livekit.TrackType_AUDIO, livekit.TrackType_VIDEO
	speak := func(id string, q *livekit.AddTrackRequest, mime string, unmutes int) func() *rawGuest {
		return func() *rawGuest {
			g := join(id)
			sid := g.announce(q)
			g.send(q.GetCid(), mime)
			for range unmutes {
				g.unmute(sid)
				time.Sleep(2 * time.Millisecond)
			}
			return g
		}
	}
	// disguised is audio under the name of a video track, in a description with changes.
	disguised := func(cid string, changes ...string) func() *rawGuest {
		return func() *rawGuest {
			g := join("bob")
			g.disguise = strings.NewReplacer(changes...).Replace
			g.announce(addTrack(cid, video, livekit.TrackSource_CAMERA))
			g.send(cid, webrtc.MimeTypeOpus)
			return g
		}
	}
	silent := func(q *livekit.AddTrackRequest) *livekit.AddTrackRequest { q.Muted = true; return q }
	mic, screen := livekit.TrackSource_MICROPHONE, livekit.TrackSource_SCREEN_SHARE_AUDIO
	return map[string]func() *rawGuest{
		"microphone":              speak("bob", addTrack("a", audio, mic), webrtc.MimeTypeOpus, 0),
		"screen's audio":          speak("bob", addTrack("a", audio, screen), webrtc.MimeTypeOpus, 0),
		"no source":               speak("bob", addTrack("a", audio, livekit.TrackSource_UNKNOWN), webrtc.MimeTypeOpus, 0),
		"audio of a camera":       speak("bob", addTrack("a", audio, livekit.TrackSource_CAMERA), webrtc.MimeTypeOpus, 0),
		"audio of a screen":       speak("bob", addTrack("a", audio, livekit.TrackSource_SCREEN_SHARE), webrtc.MimeTypeOpus, 0),
		"video that is audio":     speak("bob", addTrack("a", video, livekit.TrackSource_CAMERA), webrtc.MimeTypeOpus, 0),
		"muted, then opened":      speak("bob", silent(addTrack("a", audio, mic)), webrtc.MimeTypeOpus, 50),
		"another ID":              speak("bobby", addTrack("a", audio, mic), webrtc.MimeTypeOpus, 0),
		"a name without a stream": disguised("a", "msid:raw ", "msid: "),
		"a name with a tab":       disguised("a\tb"),
		"a return in a line":      disguised("a", "a=mid:", "a=x:\rm=video\r\na=mid:"),
		"a line within a line":    disguised("a", "a=msid:raw", "c=IN IP4 0.0.0.0 a=msid:raw", " msid:raw a", " cname:x"),
		"another ID, opened":      speak("robert", silent(addTrack("a", audio, mic)), webrtc.MimeTypeOpus, 50),
	}
}

// TestK10_NobodyHearsWhoIsMuted: from the moment at which the mute is answered, not
// one packet of audio reaches anybody, whatever the muted person announced before
// and sends then.
func TestK10_NobodyHearsWhoIsMuted(t *testing.T) {
	t.Parallel()
	s := startServer(t, noLimits)
	link, bob := s.invite(nil), newGuest(t, "bob")
	ear := s.rawEnter(s.mustJoin(newGuest(t, "ear"), link).Token, "")
	t.Cleanup(ear.close)
	s.kept()
	join := func(id string) *rawGuest {
		g := s.rawEnter(s.mustJoin(bob.self(id), link).Token, "")
		if g == nil {
			t.Fatal("not let in")
		}
		return g
	}
	mute := doorapi.MuteRequest{Room: "hall", IDs: []call.Identity{"bob"}}
	heard, tries := 0, 0
	listen := func(way string) {
		t.Helper()
		before := ear.audio.Load()
		time.Sleep(300 * time.Millisecond)
		if n := ear.audio.Load() - before; n > 0 {
			heard++
			t.Errorf("%s: %d packets are heard", way, n)
		}
	}
	before := ear.audio.Load()
	g := join("bob")
	sid := g.announce(addTrack("a", livekit.TrackType_AUDIO, livekit.TrackSource_MICROPHONE))
	g.send("a", webrtc.MimeTypeOpus)
	eventually(t, "who is not muted is heard", waitTimeout, func() bool { return ear.audio.Load() > before+5 })
	// Announced before, sent afterwards: one that LiveKit does not list yet.
	g.announce(addTrack("b", livekit.TrackType_AUDIO, livekit.TrackSource_SCREEN_SHARE_AUDIO))
	s.mustDo(call.OpMute, "", mute, call.ResultDone)
	listen("at the mute")
	for range 100 {
		g.unmute(sid)
	}
	listen("opened again and again")
	g.send("b", webrtc.MimeTypeOpus)
	listen("announced before")
	if again := s.rawEnter(s.mustJoin(bob, link).Token, ""); again != nil { // ends the first
		again.close()
	}
	g.close()

	ways := mutedWays(join)
	names := make([]string, 0, len(ways))
	for name := range ways {
		names = append(names, name)
	}
	slices.Sort(names)
	for tries < *mutedTries {
		name := names[tries%len(names)]
		tries++
		before := ear.audio.Load()
		g := ways[name]()
		time.Sleep(250 * time.Millisecond)
		if n := ear.audio.Load() - before; n > 0 {
			heard++
			t.Errorf("%s: %d packets are heard", name, n)
		}
		g.close()
	}
	t.Logf("%d of %d heard", heard, tries)
	s.mustDo(call.OpUnmute, "", mute, call.ResultDone)
	before = ear.audio.Load()
	free := join("bob")
	defer free.close()
	free.announce(addTrack("a", livekit.TrackType_AUDIO, livekit.TrackSource_MICROPHONE))
	free.send("a", webrtc.MimeTypeOpus)
	eventually(t, "who may speak again is heard", waitTimeout, func() bool { return ear.audio.Load() > before+5 })
}
