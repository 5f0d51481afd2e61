package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"foyer/engine/call"
)

// voice begins a packet of audio that [Guest.Speak] sends: what a server makes
// itself for a track that is muted does not.
const voice = "x heard "

const packetTime = 20 * time.Millisecond

// Ear is somebody in a room who listens to all that comes, whatever it is called
// and whoever is said to be muted.
type Ear struct {
	ws   *websocket.Conn
	pc   *webrtc.PeerConnection
	work sync.WaitGroup

	mu    sync.Mutex
	heard map[string]int // packets, by who sent them
}

// Listen joins with a token.
func (d Door) Listen(ctx context.Context, token string) (*Ear, error) {
	query := Query("protocol", "17", "sdk", "go", "version", "2.4.0", "auto_subscribe", "1")
	ws, a, err := d.Socket(ctx, "/rtc", query, token, nil)
	switch {
	case err != nil:
		return nil, err
	case ws == nil:
		return nil, &RefusedError{a}
	}
	e := &Ear{ws: ws, heard: map[string]int{}}
	if e.pc, err = NewPeer(); err != nil {
		_ = ws.Close()
		return nil, err
	}
	e.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			packet, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			e.hear(packet)
		}
	})
	e.work.Go(e.read)
	return e, nil
}

func (e *Ear) hear(p *rtp.Packet) {
	if who, ok := strings.CutPrefix(string(p.Payload), voice); ok {
		e.mu.Lock()
		e.heard[who]++
		e.mu.Unlock()
	}
}

// Heard is how many packets have come that somebody spoke.
func (e *Ear) Heard(who string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard[who]
}

func (e *Ear) read() {
	for {
		_, raw, err := e.ws.ReadMessage()
		m := &livekit.SignalResponse{}
		if err != nil || proto.Unmarshal(raw, m) != nil {
			return
		}
		switch v := m.GetMessage().(type) {
		case *livekit.SignalResponse_Offer:
			if e.answer(v.Offer) != nil {
				return
			}
		case *livekit.SignalResponse_Trickle:
			var c webrtc.ICECandidateInit
			if json.Unmarshal([]byte(v.Trickle.GetCandidateInit()), &c) == nil && e.pc.RemoteDescription() != nil {
				_ = e.pc.AddICECandidate(c) // those of the offer are enough
			}
		}
	}
}

func (e *Ear) answer(offer *livekit.SessionDescription) error {
	remote := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.GetSdp()}
	if err := e.pc.SetRemoteDescription(remote); err != nil {
		return err
	}
	answer, err := e.pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(e.pc)
	if err := e.pc.SetLocalDescription(answer); err != nil {
		return err
	}
	<-gathered
	raw, err := proto.Marshal(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{
		Answer: &livekit.SessionDescription{Type: "answer", Sdp: e.pc.LocalDescription().SDP, Id: offer.GetId()},
	}})
	if err != nil {
		return err
	}
	return e.ws.WriteMessage(websocket.BinaryMessage, raw)
}

// Close leaves without a word.
func (e *Ear) Close() {
	_ = e.ws.Close()
	_ = e.pc.GracefulClose()
	e.work.Wait()
}

// Speech is a way of being heard.
type Speech struct {
	Track   *livekit.AddTrackRequest
	ID      call.Identity // under which; empty: the person's own
	Unmutes int           // how often it is opened then
}

// Speeches are the ways of somebody who may not be heard, by name.
func Speeches() map[string]Speech {
	track := func(kind livekit.TrackType, source livekit.TrackSource, muted bool) *livekit.AddTrackRequest {
		return &livekit.AddTrackRequest{Cid: "speech", Name: "speech", Type: kind, Source: source, Muted: muted}
	}
	const audio, video, many = livekit.TrackType_AUDIO, livekit.TrackType_VIDEO, 50
	mic := livekit.TrackSource_MICROPHONE
	return map[string]Speech{
		"microphone":             {track(audio, mic, false), "", 0},
		"microphone, opened":     {track(audio, mic, true), "", many},
		"screen's sound":         {track(audio, livekit.TrackSource_SCREEN_SHARE_AUDIO, false), "", 0},
		"screen's sound, opened": {track(audio, livekit.TrackSource_SCREEN_SHARE_AUDIO, true), "", many},
		"no source":              {track(audio, livekit.TrackSource_UNKNOWN, false), "", 0},
		"sound of a camera":      {track(audio, livekit.TrackSource_CAMERA, false), "", 0},
		"sound of a screen":      {track(audio, livekit.TrackSource_SCREEN_SHARE, false), "", 0},
		"another ID":             {track(audio, mic, false), "other", 0},
		"another ID, opened":     {track(audio, mic, true), "another", many},
		"a video with a codec":   {withCodec(track(video, livekit.TrackSource_CAMERA, false)), "", 0},
		"a video that is audio":  {track(video, livekit.TrackSource_CAMERA, false), "", 0},
	}
}

func withCodec(t *livekit.AddTrackRequest) *livekit.AddTrackRequest {
	t.SimulcastCodecs = []*livekit.SimulcastCodec{{Codec: "opus", Cid: t.GetCid()}}
	return t
}

// Speak announces a track, sends n packets of audio as it, whatever the server has
// said, and opens it again and again.
func (g *Guest) Speak(ctx context.Context, s Speech, n int) error {
	sid, err := g.AddTrack(ctx, s.Track)
	if err != nil && !g.In() {
		return nil // it was cut
	}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
	local, err := webrtc.NewTrackLocalStaticRTP(opus, s.Track.GetCid(), "bad")
	if err != nil {
		return fmt.Errorf("make a track: %w", err)
	}
	if _, err := g.media.pc.AddTransceiverFromTrack(local, sendOnly); err != nil {
		return fmt.Errorf("add a track: %w", err)
	}
	if err := g.Offer(ctx); err != nil {
		if !g.In() {
			return nil
		}
		return err
	}
	tick := time.NewTicker(packetTime)
	defer tick.Stop()
	for i := range max(n, s.Unmutes) {
		if i < s.Unmutes && sid != "" {
			open := &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: sid}}
			_ = g.Say(&livekit.SignalRequest{Message: open}) // it may have been cut
		}
		_ = local.WriteRTP(&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: uint32(960 * i), Marker: i == 0},
			Payload: []byte(voice + string(g.ID)),
		})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
