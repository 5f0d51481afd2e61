//go:build linux

package attack_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/internal/attack"
)

// packetSize is how long the packets of a stream that belongs to no track are, in bytes.
const packetSize = 1300

// kept is how many of them are sent: LiveKit keeps 500 of each stream.
func kept() int { return many(50, 520) }

// looseAttacks let the server keep what belongs to nothing, one guest or many.
func looseAttacks() []attempt {
	return []attempt{
		{"sections nobody announced", participant, "let the server keep the last packets of 500 tracks that an offer names", unannounced},
		{"streams beside a track", participant, "the same with streams that an offer names in one section, and with what repairs and corrects them", hiddenStreams},
		{"streams of five identities", participant, "the same with the share of each", streamsOfFive},
		{"coming and going with streams", participant, "the same, and leave before anybody counts", comingWithStreams},
		{"coming and going with sections", participant, "offer 500 sections without media, and begin anew", comingWithSections},
		{"channels of five identities", participant, "open as many data channels as each may", channelsOfFive},
		{"joins that use up an address", participant, "shut out who is behind the same address", useUpJoins},
	}
}

// sections offers n that nobody has announced, after Media.
func sections(ctx context.Context, g *attack.Guest, n int) ([]*webrtc.TrackLocalStaticRTP, error) {
	var tracks []*webrtc.TrackLocalStaticRTP
	for k := range n {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, fmt.Sprint("nobody", k), "bad")
		if err != nil {
			return nil, err
		}
		how := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}
		if _, err := g.Peer().AddTransceiverFromTrack(track, how); err != nil {
			return nil, err
		}
		tracks = append(tracks, track)
	}
	return tracks, g.Offer(ctx)
}

// fill sends as many packets as the server keeps of each track, or until it hangs up.
func fill(ctx context.Context, g *attack.Guest, tracks []*webrtc.TrackLocalStaticRTP) error {
	payload := make([]byte, packetSize)
	return every(ctx, time.Millisecond, kept(), func(n int) error {
		for _, t := range tracks {
			_ = t.WriteRTP(&rtp.Packet{Payload: payload, Header: rtp.Header{Version: 2, SequenceNumber: uint16(n), Timestamp: uint32(n)}})
		}
		if !g.In() {
			return errOver
		}
		return nil
	})
}

// errOver says that the server has hung up.
var errOver = errors.New("the server has hung up")

// within is how many sections that send an offer may have.
const within = 16

func unannounced(s *stage) (string, error) {
	g, _, err := s.sender()
	if err != nil {
		return "", err
	}
	if _, err := sections(s.ctx, g, many(150, 500)); err == nil || g.In() {
		return "", reached("so many tracks are taken")
	}
	said := cutText(g, 0)
	if g, _, err = s.sender(); err != nil {
		return said, err
	}
	tracks, err := sections(s.ctx, g, within)
	if err != nil {
		return said, err
	}
	if err := fill(s.ctx, g, tracks); err != nil && !errors.Is(err, errOver) {
		return said, err
	}
	few, err := s.goesOn(g)
	return fmt.Sprintf("%s; with %d: %s", said, within, few), err
}

// hiddenStreams names streams in ways for which pion has no receiver.
func hiddenStreams(s *stage) (string, error) {
	const first, most = 50_000, 400
	numbered := func(format string, n int) string {
		var lines strings.Builder
		for k := range n {
			fmt.Fprintf(&lines, format+"\r\n", first+k)
		}
		return lines.String()
	}
	var all []string
	for _, way := range []struct{ name, lines string }{
		{"two tracks in a section", numbered("a=ssrc:%d cname:x", 2)},
		{"tracks in a section", numbered("a=ssrc:%d cname:x", most)},
		{"repairs", numbered("a=ssrc-group:FID 1 %d", most)},
		{"corrections", numbered("a=ssrc-group:FEC-FR 1 %d", most)},
		{"sections of one name", strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:x\r\na=sendonly\r\na=ssrc:50000 cname:x\r\n", 2)},
		{"a section without a direction", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:x\r\na=ssrc:50000 cname:x\r\n"},
	} {
		g, _, err := s.sender()
		if err != nil {
			return "", err
		}
		l, err := g.Loose(s.ctx, audioTrack("mic", livekit.TrackSource_MICROPHONE))
		if err != nil {
			return "", err
		}
		offered := g.OfferAs(func(sdp string) string { return sdp + way.lines }) // may be cut in the middle
		err = every(s.ctx, time.Millisecond, many(20, 1000), func(k int) error {
			for stream := range uint32(most / 10) {
				h := &rtp.Header{Version: 2, PayloadType: 111, SSRC: first + stream, SequenceNumber: uint16(k)}
				_ = l.Send(h, make([]byte, packetSize)) // whoever is removed sends to nobody
			}
			return nil
		})
		if err != nil {
			return "", err
		}
		if err := g.AwaitCut(s.ctx, 5*time.Second); err != nil {
			return "", reached("%s: %v (offer: %v)", way.name, err, offered)
		}
		all = append(all, fmt.Sprintf("%s: %s", way.name, cutText(g, 0)))
	}
	return strings.Join(all, "; "), nil
}

// five are the identities that one installation may have in the room, with media.
func (s *stage) five() ([]*attack.Guest, error) {
	p, err := s.somebody()
	if err != nil {
		return nil, err
	}
	var all []*attack.Guest
	for n := range 5 {
		g, err := s.come(p.As(fmt.Sprintf("%s-%d", p.ID, n)), call.RoleParticipant)
		if err == nil {
			err = g.Media(s.ctx)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

func staying(all []*attack.Guest) (n int) {
	for _, g := range all {
		if g.In() {
			n++
		}
	}
	return n
}

func streamsOfFive(s *stage) (string, error) {
	all, err := s.five()
	if err != nil {
		return "", err
	}
	failed := make([]error, len(all))
	var side sync.WaitGroup
	for n, g := range all {
		side.Go(func() {
			tracks, err := sections(s.ctx, g, within)
			if err == nil {
				err = fill(s.ctx, g, tracks)
			}
			if g.In() {
				failed[n] = err
			}
		})
	}
	side.Wait()
	if err := errors.Join(append(failed, s.stats(2))...); err != nil {
		return "", err
	}
	if staying(all) == len(all) {
		return "", reached("all of them hold %d streams", within)
	}
	return fmt.Sprintf("%d of %d stay", staying(all), len(all)), nil
}

func comingWithStreams(s *stage) (string, error) {
	times, filled := many(6, 60), 0
	for range times {
		g, _, err := s.guest(call.RoleParticipant)
		if err == nil {
			err = g.Media(s.ctx)
		}
		if err != nil {
			return "", err
		}
		tracks, err := sections(s.ctx, g, within)
		if err == nil {
			err = fill(s.ctx, g, tracks)
		}
		if err != nil && g.In() {
			return "", err
		}
		if g.In() {
			filled++
		}
		g.Leave()
	}
	if filled == times {
		return "", reached("%d times", times)
	}
	return fmt.Sprintf("%d times, %d of them without being removed", times, filled), nil
}

// comingWithSections offers at first more than it may, and then as many as it may.
func comingWithSections(s *stage) (string, error) {
	times, taken := 0, 0
	said := ""
	for began := time.Now(); times < many(3, 300) && time.Since(began) < time.Minute; times++ {
		g, _, err := s.guest(call.RoleParticipant)
		if err != nil {
			return "", err
		}
		most := 60
		if times == 0 {
			most = 500
		}
		var lines strings.Builder
		for k := range most {
			fmt.Fprintf(&lines, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:x%d\r\na=recvonly\r\na=rtpmap:96 VP8/90000\r\n", k)
		}
		if err := g.Prepare(); err != nil {
			return "", err
		}
		if err := g.OfferAs(func(sdp string) string { return sdp + lines.String() }); err != nil {
			return "", err
		}
		_, err = g.Hear(s.ctx, func(m *livekit.SignalResponse) bool { return m.GetAnswer() != nil })
		switch {
		case times == 0 && err == nil:
			return "", reached("500 sections are taken")
		case times == 0:
			said = cutText(g, 0)
		case err == nil:
			taken++
		}
		g.Leave()
	}
	return fmt.Sprintf("%s; with 60: %d of %d times answered", said, taken, times-1), nil
}

func channelsOfFive(s *stage) (string, error) {
	all, err := s.five()
	if err != nil {
		return "", err
	}
	const each = 28
	for _, g := range all {
		for n := range each {
			if _, err := g.Peer().CreateDataChannel(fmt.Sprint("channel", n), nil); err != nil {
				return "", err
			}
		}
	}
	return fmt.Sprintf("%d of %d stay", staying(all), len(all)), s.stats(2)
}

// useUpJoins joins without end, and then lets somebody in from the same address. The door
// remembers 4096 joins of an address, and more than 300 take as many seconds as 30 fit in:
// the short form has the limits test for the rest.
func useUpJoins(s *stage) (string, error) {
	p, err := s.somebody()
	if err != nil {
		return "", err
	}
	client := s.door.Client()
	defer client.CloseIdleConnections()
	times, in := many(150, 4300), 0
	for in < times {
		q, err := p.Ask(s.links[call.RoleParticipant])
		if err != nil {
			return "", err
		}
		a, err := s.door.AskOver(s.ctx, client, q)
		if err != nil {
			return fmt.Sprintf("%d joins", in), err
		}
		if a.In() {
			in++
		} else if a.Status != 429 {
			return "", fmt.Errorf("join %d: %v", in, a)
		} else if err := every(s.ctx, 40*time.Millisecond, 1, func(int) error { return nil }); err != nil {
			return fmt.Sprintf("%d joins, then %v", in, a), err
		}
	}
	// The last joins have used up what the address may ask in a second, too. A person presses
	// the button again.
	_, _, refused := s.guest(call.RoleParticipant)
	for try := 0; refused != nil && try < 3; try++ {
		if err := every(s.ctx, time.Second, 1, func(int) error { return nil }); err != nil {
			return "", err
		}
		_, _, refused = s.guest(call.RoleParticipant)
	}
	if refused != nil {
		return "", reached("after %d joins somebody behind the same address: %v", in, refused)
	}
	return fmt.Sprintf("%d joins, and somebody comes in from the same address", in), nil
}
