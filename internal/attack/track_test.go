//go:build linux

package attack_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/internal/attack"
)

// trackAttacks publish.
func trackAttacks() []attempt {
	return []attempt{
		{"sound as a camera's", muted, "be heard by a track that mute does not look at", heardAs(livekit.TrackSource_CAMERA)},
		{"sound as a screen's", muted, "the same", heardAs(livekit.TrackSource_SCREEN_SHARE)},
		{"sound of a screen", muted, "the same", heardAs(livekit.TrackSource_SCREEN_SHARE_AUDIO)},
		{"sound of nothing", muted, "the same", heardAs(livekit.TrackSource_UNKNOWN)},
		{"a second microphone", muted, "be heard by new tracks", secondMicrophones},
		{"unmuting oneself", muted, "say every 20 ms that the microphone is on", unmuting},
		{"joining anew", muted, "come back with the same key under the same ID", mutedAgain},
		{"another ID", muted, "come back with the same key under another ID", mutedAs},
		{"a voice for one person", participant, "speak to ada alone and look as if to all", whisper},
		{"publishing as a listener", listener, "speak without the right to", listenerSpeaks},
		{"60 tracks of 4096x2304", participant, "cost everybody a decoder each", hugeTracks},
		{"12 guests, a track of 4096x2304 each", participant, "the same, with a share for each of them", hugeTrackEach},
		{"16x16 and 4096x2304 in turn", participant, "let decoders be made anew without pause", hugeInTurn},
		{"frames of 16383x16383", participant, "let everybody allocate 400 MB", hugeFrames},
		{"changing sizes", participant, "let buffers grow with every frame", changingSizes},
		{"noise as VP8", participant, "find a decoder's fault", noiseFrames},
		{"noise as Opus", participant, "find a decoder's fault", noiseAudio},
		{"jumping clocks", participant, "let buffers wait for what never comes", jumpingClocks},
		{"flood of sound", participant, "send 200 times as many packets", audioFlood},
		{"ten microphones", participant, "be ten people's loudness", tenMicrophones},
		{"reports about others", participant, "ask for key frames and lost packets without pause", rtcpFlood},
		{"reports about streams that do not exist", participant, "let the server keep a state for each of 255,000", unknownReports},
	}
}

func audioTrack(cid string, source livekit.TrackSource) *livekit.AddTrackRequest {
	return &livekit.AddTrackRequest{Cid: cid, Name: cid, Type: livekit.TrackType_AUDIO, Source: source, DisableRed: true}
}

func videoTrack(cid string, width, height uint32) *livekit.AddTrackRequest {
	return &livekit.AddTrackRequest{Cid: cid, Name: cid, Type: livekit.TrackType_VIDEO, Source: livekit.TrackSource_CAMERA, Width: width, Height: height}
}

// talk sends audio for d on all tracks, 50 packets a second.
func talk(ctx context.Context, d time.Duration, tracks ...attack.Track) error {
	return every(ctx, 20*time.Millisecond, int(d/(20*time.Millisecond)), func(n int) error {
		for _, t := range tracks {
			if err := t.WriteRTP(&rtp.Packet{Payload: opus(n), Header: rtp.Header{
				Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(960 * n), Marker: n == 0,
			}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// speaks publishes as q says and talks for a while. It reports whether ada heard
// it, or why it could not be published.
func (s *stage) speaks(g *attack.Guest, q ...*livekit.AddTrackRequest) (heard bool, said string, err error) {
	mark := s.ada.Mark()
	mine, cancel := context.WithTimeout(s.ctx, 5*time.Second)
	defer cancel()
	tracks, err := g.Publish(mine, webrtc.MimeTypeOpus, q...)
	if err != nil {
		return false, "not published", s.stats(2)
	}
	if err := talk(s.ctx, 900*time.Millisecond, tracks...); err != nil {
		return false, "", err
	}
	if err := s.stats(2); err != nil {
		return false, "", err
	}
	return s.ada.hears(mark, string(g.ID)), "published", nil
}

// heardAs is first heard as somebody who may speak, so that silence afterwards
// means something, and then tries to be in spite of the host.
func heardAs(source livekit.TrackSource) func(*stage) (string, error) {
	return func(s *stage) (string, error) {
		g, p, err := s.sender()
		if err != nil {
			return "", err
		}
		first, _, err := s.speaks(g, audioTrack("before", livekit.TrackSource_MICROPHONE))
		if err != nil || !first {
			return "", fmt.Errorf("who may speak is not heard: %v", err)
		}
		if err := s.mute(p.ID); err != nil {
			return "", err
		}
		heard, said, err := s.speaks(g, audioTrack("after", source))
		if err != nil {
			return "", err
		}
		if heard {
			return said, reached("%s is heard although muted", p.ID)
		}
		return said + ", not heard", nil
	}
}

func secondMicrophones(s *stage) (string, error) {
	g, p, err := s.sender()
	if err != nil {
		return "", err
	}
	if err := s.mute(p.ID); err != nil {
		return "", err
	}
	var q []*livekit.AddTrackRequest
	for n := range 10 {
		q = append(q, audioTrack(fmt.Sprint("mic", n), livekit.TrackSource_MICROPHONE))
	}
	heard, said, err := s.speaks(g, q...)
	if heard {
		return said, reached("%s is heard although muted", p.ID)
	}
	return said + ", not heard", err
}

func unmuting(s *stage) (string, error) {
	g, p, err := s.sender()
	if err != nil {
		return "", err
	}
	tracks, err := g.Publish(s.ctx, webrtc.MimeTypeOpus, audioTrack("mic", livekit.TrackSource_MICROPHONE))
	if err != nil {
		return "", err
	}
	if err := s.mute(p.ID); err != nil {
		return "", err
	}
	if err := s.stats(2); err != nil { // the last of what was said before
		return "", err
	}
	mark := s.ada.Mark()
	if err := every(s.ctx, 20*time.Millisecond, 75, func(n int) error {
		if err := g.Say(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: tracks[0].SID}}}); err != nil {
			return nil // cut: that holds, too
		}
		return tracks[0].WriteRTP(&rtp.Packet{Payload: opus(n), Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(960 * n)}})
	}); err != nil {
		return "", err
	}
	if err := s.stats(2); err != nil {
		return "", err
	}
	if s.ada.hears(mark, string(p.ID)) {
		return "", reached("%s is heard although muted", p.ID)
	}
	return "not heard", nil
}

// again lets a muted person come by the same invitation and speak.
func (s *stage) again(p, as attack.Person) (string, error) {
	if err := s.mute(p.ID); err != nil {
		return "", err
	}
	g, err := s.come(as, call.RoleParticipant)
	if err != nil {
		return refused(err)
	}
	if err := g.Media(s.ctx); err != nil {
		return "", err
	}
	heard, said, err := s.speaks(g, audioTrack("again", livekit.TrackSource_MICROPHONE))
	if heard {
		return said, reached("%s is heard although muted", as.ID)
	}
	return said + ", not heard", err
}

func mutedAgain(s *stage) (string, error) {
	_, p, err := s.guest(call.RoleParticipant)
	if err != nil {
		return "", err
	}
	return s.again(p, p)
}

func mutedAs(s *stage) (string, error) {
	_, p, err := s.guest(call.RoleParticipant)
	if err != nil {
		return "", err
	}
	return s.again(p, p.As(string(p.ID)+"-bis"))
}

func listenerSpeaks(s *stage) (string, error) {
	g, p, err := s.guest(call.RoleListener)
	if err != nil {
		return "", err
	}
	if err := g.Media(s.ctx); err != nil {
		return "no connection for media", s.stats(1)
	}
	for _, source := range []livekit.TrackSource{livekit.TrackSource_MICROPHONE, livekit.TrackSource_CAMERA} {
		heard, said, err := s.speaks(g, audioTrack(source.String(), source))
		if err != nil {
			return said, err
		}
		if heard {
			return said, reached("%s is heard", p.ID)
		}
	}
	return "not heard", nil
}

// keyFrame returns a correct header (RFC 6386, section 9.1) before noise, which a
// decoder cannot tell from a frame.
func keyFrame(rnd *rand.Rand, width, height, size int) []byte {
	f := noise(rnd, size)
	tag := uint32(1<<4 | (size/2)<<5) // shown; half of it is the first partition
	copy(f, []byte{
		byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 1, 0x2a,
		byte(width), byte(width >> 8), byte(height), byte(height >> 8),
		0, 0, 0, 0, // one partition of tokens (section 9.5): noise names more than there are
	})
	return f
}

func noise(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// showEvery is the time between two frames.
const showEvery = 50 * time.Millisecond

// show sends times frames that frame makes on all tracks, one every d.
func show(ctx context.Context, d time.Duration, times int, tracks []attack.Track, frame func(rnd *rand.Rand, n int) []byte) error {
	rnd := rand.New(rand.NewPCG(1, 9)) //nolint:gosec // the same noise each time
	sequence := uint16(0)
	return every(ctx, d, times, func(n int) error {
		parts := (&codecs.VP8Payloader{}).Payload(1100, frame(rnd, n))
		for k, part := range parts {
			for _, t := range tracks {
				if err := t.WriteRTP(&rtp.Packet{Payload: part, Header: rtp.Header{
					Version: 2, SequenceNumber: sequence, Timestamp: uint32(n) * uint32(90*d.Milliseconds()), Marker: k == len(parts)-1,
				}}); err != nil {
					return err
				}
			}
			sequence++
		}
		return nil
	})
}

// publishes publishes as many of these as it is let, one offer for all.
func (s *stage) publishes(mime string, q ...*livekit.AddTrackRequest) (*attack.Guest, []attack.Track, error) {
	g, _, err := s.sender()
	if err != nil {
		return nil, nil, err
	}
	tracks, err := g.Publish(s.ctx, mime, q...)
	return g, tracks, err
}

func firstLine(err error) string {
	text := []rune(err.Error())
	return string(text[:min(len(text), 80)])
}

// sendFrames sends them on one track.
func sendFrames(s *stage, frame func(rnd *rand.Rand, n int) []byte) (string, error) {
	g, tracks, err := s.publishes(webrtc.MimeTypeVP8, videoTrack("bad", 640, 360))
	if err != nil {
		return "", err
	}
	if err := show(s.ctx, showEvery, many(40, 400), tracks, frame); err != nil {
		return "", err
	}
	return s.goesOn(g)
}

func hugeFrames(s *stage) (string, error) {
	return sendFrames(s, func(rnd *rand.Rand, _ int) []byte { return keyFrame(rnd, 16383, 16383, 3000) })
}

func changingSizes(s *stage) (string, error) {
	sizes := [][2]int{{640, 360}, {1, 1}, {1920, 1080}, {3, 5}, {16, 2304}, {4096, 16}, {4096, 2304}, {1279, 719}}
	return sendFrames(s, func(rnd *rand.Rand, n int) []byte {
		return keyFrame(rnd, sizes[n%len(sizes)][0], sizes[n%len(sizes)][1], 2000)
	})
}

func noiseFrames(s *stage) (string, error) {
	return sendFrames(s, func(rnd *rand.Rand, n int) []byte {
		if n%3 == 0 {
			return keyFrame(rnd, 1+rnd.IntN(1<<14-1), 1+rnd.IntN(1<<14-1), 2000)
		}
		return noise(rnd, 20+rnd.IntN(3000))
	})
}

// sendAudio sends packets that packet makes on one microphone.
func sendAudio(s *stage, d time.Duration, times int, packet func(rnd *rand.Rand, n int) *rtp.Packet) (string, error) {
	g, tracks, err := s.publishes(webrtc.MimeTypeOpus, audioTrack("mic", livekit.TrackSource_MICROPHONE))
	if err != nil {
		return "", err
	}
	rnd := rand.New(rand.NewPCG(1, 9)) //nolint:gosec // the same noise each time
	if err := every(s.ctx, d, times, func(n int) error { return tracks[0].WriteRTP(packet(rnd, n)) }); err != nil {
		return "", err
	}
	return s.goesOn(g)
}

func audioPacket(payload []byte, sequence uint16, timestamp uint32) *rtp.Packet {
	return &rtp.Packet{Payload: payload, Header: rtp.Header{Version: 2, SequenceNumber: sequence, Timestamp: timestamp}}
}

func noiseAudio(s *stage) (string, error) {
	return sendAudio(s, 5*time.Millisecond, many(300, 3000), func(rnd *rand.Rand, n int) *rtp.Packet {
		odd := [][]byte{{0xff, 63}, {0x1b, 0xff, 0xff, 0xff}, append([]byte{0x1a}, noise(rnd, 3)...), noise(rnd, 1150), {0xfc},
			append([]byte{0x1b, 0x02}, noise(rnd, 900)...), noise(rnd, 1+rnd.IntN(40))}
		return audioPacket(odd[n%len(odd)], uint16(n), uint32(960*n))
	})
}

func jumpingClocks(s *stage) (string, error) {
	return sendAudio(s, 5*time.Millisecond, many(300, 3000), func(rnd *rand.Rand, n int) *rtp.Packet {
		return audioPacket(opus(n), uint16(rnd.Uint32()), rnd.Uint32())
	})
}

func audioFlood(s *stage) (string, error) {
	g, tracks, err := s.publishes(webrtc.MimeTypeOpus, audioTrack("mic", livekit.TrackSource_MICROPHONE))
	if err != nil {
		return "", err
	}
	sequence := 0
	if err := every(s.ctx, 20*time.Millisecond, many(50, 500), func(int) error {
		for range 200 {
			sequence++
			if err := tracks[0].WriteRTP(audioPacket(opus(sequence), uint16(sequence), uint32(960*sequence))); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return "", err
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, %d packets", said, sequence), err
}

func tenMicrophones(s *stage) (string, error) {
	var q []*livekit.AddTrackRequest
	for n := range 10 {
		q = append(q, audioTrack(fmt.Sprint("mic", n), livekit.TrackSource_MICROPHONE))
	}
	g, tracks, err := s.publishes(webrtc.MimeTypeOpus, q...)
	if err != nil {
		return "not published: " + firstLine(err), s.stats(2)
	}
	if err := talk(s.ctx, time.Second, tracks...); err != nil {
		return "", err
	}
	heard := map[string]bool{}
	mark := s.ada.Mark()
	if err := talk(s.ctx, time.Second, tracks...); err != nil {
		return "", err
	}
	for _, e := range s.ada.Events()[mark:] {
		if e.Name != "stats" {
			continue
		}
		n := 0
		for _, r := range reports(e) {
			if r.ID == string(g.ID) && r.Level > audible {
				n++
			}
		}
		if n > 1 {
			return "", reached("ada hears %d microphones of one person at a time", n)
		}
		heard[fmt.Sprint(n)] = true
	}
	return "one is heard at most", nil
}

// rtcpFlood asks for key frames of, and reports losses about, whatever there is.
func rtcpFlood(s *stage) (string, error) {
	g, _, err := s.publishes(webrtc.MimeTypeOpus, audioTrack("mic", livekit.TrackSource_MICROPHONE))
	if err != nil {
		return "", err
	}
	var nacks []rtcp.NackPair
	for n := range uint16(100) {
		nacks = append(nacks, rtcp.NackPair{PacketID: 17 * n, LostPackets: 0xffff})
	}
	times := many(3_000, 30_000)
	for n := range times {
		ssrc := uint32(n) * 2654435761
		if err := g.Peer().WriteRTCP([]rtcp.Packet{
			&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: ssrc}, &rtcp.FullIntraRequest{SenderSSRC: 1, MediaSSRC: ssrc},
			&rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: ssrc, Nacks: nacks},
			&rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: 1, SSRCs: []uint32{ssrc}},
		}); err != nil {
			return "", err
		}
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, %d compound packets", said, times), err
}

// unknownReports names 255 streams in each packet, and no stream twice.
func unknownReports(s *stage) (string, error) {
	g, _, err := s.publishes(webrtc.MimeTypeOpus, audioTrack("mic", livekit.TrackSource_MICROPHONE))
	if err != nil {
		return "", err
	}
	const each = 255 // as many as a packet may name
	named := 0
	if err := every(s.ctx, time.Millisecond, many(1_000, 10_000), func(int) error {
		streams := make([]uint32, each)
		for k := range streams {
			named++
			streams[k] = uint32(named) * 2654435761
		}
		_ = g.Peer().WriteRTCP([]rtcp.Packet{&rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: 1, Bitrate: 1, SSRCs: streams}})
		return nil // whoever is removed sends to nobody
	}); err != nil {
		return "", err
	}
	said, err := s.goesOn(g)
	return fmt.Sprintf("%s, %d streams named", said, named), err
}
