package client

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

// pliInterval is the shortest time between two key frame requests of one track;
// the server throttles them too (livekit-server, rtc.pli_throttle of its configuration).
const pliInterval = 100 * time.Millisecond

// maxPacket is the largest RTP or RTCP packet read, in bytes.
const maxPacket = 1500

// ntpEpoch is 1900 in unix seconds (RFC 5905).
const ntpEpoch = 2208988800

// remoteTrack is a track whose packets arrive. One goroutine of the media
// package reads it; the other methods are safe from any.
type remoteTrack struct {
	ownerSID call.SID
	sid      call.SID
	track    *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
	pc       *webrtc.PeerConnection

	// Set by the loop before the track is handed out.
	owner call.Identity
	info  call.Track
	ready bool // the loop's: handed out

	interrupted atomic.Bool
	lastPLI     atomic.Int64
	lastPacket  atomic.Int64 // unix ns
	report      atomic.Pointer[senderReport]
}

type senderReport struct {
	ntp time.Time
	rtp uint32
}

var _ call.RemoteTrack = (*remoteTrack)(nil)

func (t *remoteTrack) Owner() call.Identity { return t.owner }
func (t *remoteTrack) OwnerSID() call.SID   { return t.ownerSID }
func (t *remoteTrack) Info() call.Track     { return t.info }
func (t *remoteTrack) MIME() string         { return t.track.Codec().MimeType }
func (t *remoteTrack) ClockRate() int       { return int(t.track.Codec().ClockRate) }

// ReadRTP implements [call.RemoteTrack].
func (t *remoteTrack) ReadRTP(buf []byte) (int, error) {
	for bad := 0; ; bad++ {
		if t.interrupted.Load() {
			return 0, call.ErrClosed
		}
		n, _, err := t.track.Read(buf)
		switch {
		case err == nil:
			t.lastPacket.Store(time.Now().UnixNano())
			return n, nil
		case ended(err) || bad >= maxBadPackets:
			return 0, fmt.Errorf("read track: %w", err)
		}
	}
}

// maxBadPackets is how many unusable packets in a row end a track.
const maxBadPackets = 100

// ended tells a track that is over from a packet that is unusable, such as one
// of a codec that we did not offer.
func ended(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout())
}

// Interrupt implements [call.RemoteTrack].
func (t *remoteTrack) Interrupt() {
	if t.interrupted.Swap(true) {
		return
	}
	past := time.Unix(1, 0)
	_ = t.track.SetReadDeadline(past) // an ended track fails its reads anyway
	_ = t.receiver.SetReadDeadline(past)
}

// again goes on with a track after an interruption, as another one: the old
// one's readers have been told that it has ended.
func (t *remoteTrack) again() *remoteTrack {
	forever := time.Time{}
	_ = t.track.SetReadDeadline(forever)
	_ = t.receiver.SetReadDeadline(forever)
	return &remoteTrack{ownerSID: t.ownerSID, sid: t.sid, track: t.track, receiver: t.receiver, pc: t.pc}
}

// RequestKeyFrame implements [call.RemoteTrack].
func (t *remoteTrack) RequestKeyFrame() {
	now := time.Now().UnixNano()
	last := t.lastPLI.Load()
	if t.interrupted.Load() || now-last < int64(pliInterval) || !t.lastPLI.CompareAndSwap(last, now) {
		return
	}
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.track.SSRC())}})
}

// SenderReport implements [call.RemoteTrack].
func (t *remoteTrack) SenderReport() (ntp time.Time, rtp uint32, ok bool) {
	r := t.report.Load()
	if r == nil {
		return time.Time{}, 0, false
	}
	return r.ntp, r.rtp, true
}

// readReports keeps the newest sender report until the receiver ends. pion's
// interceptors see RTCP only while somebody reads it.
func (t *remoteTrack) readReports() {
	ssrc := uint32(t.track.SSRC())
	buf := make([]byte, maxPacket)
	for !t.interrupted.Load() {
		n, _, err := t.receiver.Read(buf)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == ssrc {
				t.report.Store(&senderReport{ntp: fromNTP(sr.NTPTime), rtp: sr.RTPTime})
			}
		}
	}
}

// fromNTP reads a 64 bit NTP timestamp (RFC 5905).
func fromNTP(t uint64) time.Time {
	seconds := int64(t>>32) - ntpEpoch
	nanos := int64((t & 0xffffffff) * uint64(time.Second) >> 32)
	return time.Unix(seconds, nanos)
}

// onTrack takes in a track whose first packet has come.
func (s *session) onTrack(t *transport, track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	owner, sid := splitStream(track.StreamID(), track.ID())
	delete(t.retired, sid)
	r := &remoteTrack{ownerSID: owner, sid: sid, track: track, receiver: receiver, pc: t.receiver().pc}
	if old := t.remote[sid]; old != nil {
		s.dropTrack(old)
	}
	s.takeTrack(t, r)
	s.sectionFilled()
	s.readyTracks()
}

func (s *session) takeTrack(t *transport, r *remoteTrack) {
	t.remote[r.sid] = r
	s.spawn(func() {
		r.readReports()
		s.post(func() { s.onTrackEnded(t, r) })
	})
}

func (s *session) onTrackEnded(t *transport, r *remoteTrack) {
	if s.transport == t && t.remote[r.sid] == r {
		s.dropTrack(r)
	}
}

// readyTracks hands out what is both announced and arriving.
func (s *session) readyTracks() {
	if s.transport == nil {
		return
	}
	for _, r := range s.transport.remote {
		if r.ready {
			continue
		}
		if _, wanted := s.subs[r.sid]; !wanted {
			continue // asked for a moment ago, or never
		}
		if id, info, ok := s.roster.Track(r.ownerSID, r.sid); ok && r.carries(info.Kind) {
			r.owner, r.info, r.ready = id, info, true
			s.emit(call.RemoteTrackReady{Track: r})
		}
	}
}

// carries reports whether what comes is of that kind, whatever was announced.
func (t *remoteTrack) carries(kind call.Kind) bool {
	switch t.track.Kind() {
	case webrtc.RTPCodecTypeAudio:
		return kind == call.KindAudio
	case webrtc.RTPCodecTypeVideo:
		return kind == call.KindVideo
	default:
		return false
	}
}

// dropTrack ends a track's reads and takes it back.
func (s *session) dropTrack(r *remoteTrack) {
	r.Interrupt()
	delete(s.transport.remote, r.sid)
	if r.ready {
		s.emit(call.RemoteTrackGone{Track: r})
	}
}

func (s *session) dropTracksOf(owner call.SID) {
	for _, r := range s.tracksOf(owner) {
		s.dropTrack(r)
	}
}

// tracksOf lists the tracks of somebody's that have arrived.
func (s *session) tracksOf(owner call.SID) []*remoteTrack {
	if s.transport == nil {
		return nil
	}
	var tracks []*remoteTrack
	for _, r := range s.transport.remote {
		if r.ownerSID == owner {
			tracks = append(tracks, r)
		}
	}
	return tracks
}
