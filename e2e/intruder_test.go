//go:build linux

package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/internal/drive"
	"foyer/internal/testenv"
)

// intruder is a participant of any make who keeps to LiveKit's protocol as far
// as the server insists, and publishes a track whose packets the test writes.
type intruder struct {
	t    *testing.T
	ws   *websocket.Conn
	pc   *webrtc.PeerConnection
	once sync.Once

	saying sync.Mutex // a WebSocket takes one message at a time

	track    *webrtc.TrackLocalStaticRTP
	reliable *webrtc.DataChannel
	sending  chan struct{} // closed when packets reach the server
	talking  chan struct{} // closed when data does
	done     chan struct{} // closed when the server has hung up
}

const trackCID = "bad-track"

var messageSize = regexp.MustCompile(`a=max-message-size:\d+`)

// intrude joins and publishes one track of that MIME type.
func intrude(t *testing.T, server *testenv.Server, room, id, mime string) *intruder {
	t.Helper()
	token, err := server.Token(id, id, drive.Grants{"roomJoin": true, "room": room})
	must(t, err)
	i := &intruder{t: t, sending: make(chan struct{}), talking: make(chan struct{}), done: make(chan struct{})}
	i.connect(server.Drive.URL, token)
	t.Cleanup(i.leave)
	i.prepare(mime)
	go i.read()
	kind, source := livekit.TrackType_VIDEO, livekit.TrackSource_CAMERA
	if mime == webrtc.MimeTypeOpus {
		kind, source = livekit.TrackType_AUDIO, livekit.TrackSource_MICROPHONE
	}
	must(t, i.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid: trackCID, Name: "bad", Type: kind, Source: source, Width: 640, Height: 360,
	}}}))
	select {
	case <-i.sending:
	case <-i.done:
		t.Fatalf("the server hung up on %s", id)
	case <-time.After(testenv.Limit):
		t.Fatalf("%s cannot send", id)
	}
	return i
}

// connect opens the signal connection, for one PeerConnection.
func (i *intruder) connect(server, token string) {
	i.t.Helper()
	inner, err := proto.Marshal(&livekit.JoinRequest{
		ClientInfo:         &livekit.ClientInfo{Sdk: livekit.ClientInfo_GO, Protocol: 17, Version: "2.4.0"},
		ConnectionSettings: &livekit.ConnectionSettings{}, // sees nobody
	})
	must(i.t, err)
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	must(i.t, err)
	// The server was started by us and has a certificate of its own making.
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, HandshakeTimeout: testenv.Limit} //nolint:gosec // see above
	address := "wss" + strings.TrimPrefix(server, "https") + "/rtc/v1?join_request=" +
		url.QueryEscape(base64.URLEncoding.EncodeToString(outer))
	i.ws, _, err = dialer.Dial(address, http.Header{"Authorization": {"Bearer " + token}})
	must(i.t, err)
}

// prepare makes the media connection and the track.
func (i *intruder) prepare(mime string) {
	i.t.Helper()
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	media := &webrtc.MediaEngine{}
	must(i.t, media.RegisterDefaultCodecs())
	var err error
	i.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(media)).NewPeerConnection(webrtc.Configuration{})
	must(i.t, err)
	i.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			i.once.Do(func() { close(i.sending) })
		}
	})
	capability := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000}
	if mime == webrtc.MimeTypeOpus {
		capability.ClockRate, capability.Channels = 48000, 2
	}
	i.track, err = webrtc.NewTrackLocalStaticRTP(capability, trackCID, "bad")
	must(i.t, err)
	i.reliable, err = i.pc.CreateDataChannel("_reliable", nil)
	must(i.t, err)
	i.reliable.OnOpen(func() { close(i.talking) })
}

func (i *intruder) say(m *livekit.SignalRequest) error {
	raw, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	i.saying.Lock()
	defer i.saying.Unlock()
	return i.ws.WriteMessage(websocket.BinaryMessage, raw)
}

// read answers the server until it hangs up.
func (i *intruder) read() {
	defer close(i.done)
	for {
		_, raw, err := i.ws.ReadMessage()
		if err != nil {
			return
		}
		m := &livekit.SignalResponse{}
		if err := proto.Unmarshal(raw, m); err != nil {
			i.t.Errorf("the server says nonsense: %v", err)
			return
		}
		if err := i.answer(m); err != nil {
			i.t.Errorf("intruder: %v", err)
			return
		}
	}
}

func (i *intruder) answer(m *livekit.SignalResponse) error {
	switch m := m.GetMessage().(type) {
	case *livekit.SignalResponse_TrackPublished:
		return i.offer()
	case *livekit.SignalResponse_Answer:
		// It sends messages that the server does not want.
		sdp := messageSize.ReplaceAllString(m.Answer.GetSdp(), "a=max-message-size:4000000")
		return i.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
	case *livekit.SignalResponse_Trickle:
		var c webrtc.ICECandidateInit
		if err := json.Unmarshal([]byte(m.Trickle.GetCandidateInit()), &c); err != nil {
			return err
		}
		if i.pc.RemoteDescription() == nil {
			return nil // it stands in the answer, too
		}
		return i.pc.AddICECandidate(c)
	}
	return nil
}

// offer adds the track and offers it, with all candidates.
func (i *intruder) offer() error {
	send := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
	if _, err := i.pc.AddTransceiverFromTrack(i.track, send); err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(i.pc)
	offer, err := i.pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := i.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	return i.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{
		Offer: &livekit.SessionDescription{Type: "offer", Sdp: i.pc.LocalDescription().SDP, Id: 1},
	}})
}

// leave says goodbye and closes everything.
func (i *intruder) leave() {
	_ = i.say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED, Action: livekit.LeaveRequest_DISCONNECT,
	}}}) // after the first time the connection is closed
	select {
	case <-i.done:
	case <-time.After(testenv.Limit):
		i.t.Error("the server does not let the intruder go")
	}
	_ = i.ws.Close()
	if err := i.pc.GracefulClose(); err != nil {
		i.t.Error(fmt.Errorf("intruder: %w", err))
	}
}
