package host

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

// publisher is somebody with a media connection, by hand.
type publisher struct {
	*wire
	pc    *webrtc.PeerConnection
	track *openTrack
}

// openTrack is a track whose packets may have any header.
type openTrack struct {
	*webrtc.TrackLocalStaticRTP
	out atomic.Pointer[webrtc.TrackLocalWriter]
}

func (o *openTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	w := c.WriteStream()
	o.out.Store(&w)
	return o.TrackLocalStaticRTP.Bind(c)
}

// publish connects somebody's media, with a track and one data channel.
func (s *testServer) publish(link call.Link, id string) *publisher {
	s.t.Helper()
	w, _ := s.mustDial(s.mustJoin(newGuest(s.t, id), link).Token)
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = pc.Close() })
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "a", "a")
	if err != nil {
		s.t.Fatal(err)
	}
	p := &publisher{wire: w, pc: pc, track: &openTrack{TrackLocalStaticRTP: track}}
	if _, err := pc.AddTrack(p.track); err != nil {
		s.t.Fatal(err)
	}
	open := make(chan struct{})
	first, err := pc.CreateDataChannel("_reliable", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	first.OnOpen(func() { close(open) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		s.t.Fatal(err)
	}
	<-gathered
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid: "a", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE,
	}}})
	w.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{
		Type: "offer", Sdp: pc.LocalDescription().SDP,
	}}})
	p.answered()
	select {
	case <-open:
	case <-time.After(waitTimeout):
		s.t.Fatal("the data channel does not open")
	}
	return p
}

// answered reads until LiveKit has answered and said where it listens.
func (p *publisher) answered() {
	p.t.Helper()
	var waiting []webrtc.ICECandidateInit
	for found := false; !found || p.pc.RemoteDescription() == nil; {
		m := p.next(func(m *livekit.SignalResponse) bool { return m.GetAnswer() != nil || m.GetTrickle() != nil })
		if a := m.GetAnswer(); a != nil {
			if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.GetSdp()}); err != nil {
				p.t.Fatal(err)
			}
		} else if m.GetTrickle().GetTarget() == livekit.SignalTarget_PUBLISHER {
			var c webrtc.ICECandidateInit
			if err := json.Unmarshal([]byte(m.GetTrickle().GetCandidateInit()), &c); err != nil {
				p.t.Fatal(err)
			}
			waiting, found = append(waiting, c), true
		}
		if p.pc.RemoteDescription() == nil {
			continue
		}
		for _, c := range waiting {
			if err := p.pc.AddICECandidate(c); err != nil {
				p.t.Fatal(err)
			}
		}
		waiting = nil
	}
}

// TestGuestsWhoOpenTooMuch: what LiveKit keeps for each guest without a bound
// ends with the guest, and nobody else notices.
func TestGuestsWhoOpenTooMuch(t *testing.T) {
	s := startServer(t, nil)
	link := s.invite(nil)
	ben, _ := s.mustDial(s.mustJoin(newGuest(t, "ben"), link).Token)
	for name, open := range map[string]func(*publisher, int) error{
		"channels": func(p *publisher, i int) error {
			_, err := p.pc.CreateDataChannel(fmt.Sprint("channel", i), nil)
			return err
		},
		"streams": func(p *publisher, i int) error {
			_, err := (*p.track.out.Load()).WriteRTP(&rtp.Header{Version: 2, PayloadType: 111, SSRC: uint32(1000 + i)}, make([]byte, 100))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.publish(link, name)
			p.t = t
			go func() {
				for i := range 500 {
					if open(p, i) != nil {
						return
					}
				}
			}()
			if reason := p.leaveReason(); reason != livekit.DisconnectReason_PARTICIPANT_REMOVED {
				t.Errorf("removed for %v", reason)
			}
			if !ben.answers() {
				t.Error("somebody else is gone, too")
			}
		})
	}
}
