package rtp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
)

// pliInterval is the shortest time between two key frame requests of one track;
// the server throttles them too (livekit-server, rtc.pli_throttle of its configuration).
const pliInterval = 100 * time.Millisecond

// MaxPacket is the largest RTP or RTCP packet read, in bytes.
const MaxPacket = 1500

// ntpEpoch is 1900 in unix seconds (RFC 5905).
const ntpEpoch = 2208988800

// RemoteTrack is a track whose packets arrive. One goroutine of the media package
// reads it; SetInfo and the methods of [call.RemoteTrack] are safe from any, the
// others are for the session's loop.
type RemoteTrack struct {
	ownerSID call.SID
	sid      call.SID
	track    *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
	pc       *webrtc.PeerConnection
	owner    call.Identity              // set before the track is handed out
	info     atomic.Pointer[call.Track] // nil before

	interrupted atomic.Bool
	lastPLI     atomic.Int64
	lastPacket  atomic.Int64 // unix ns
	report      atomic.Pointer[senderReport]
}

type senderReport struct {
	ntp time.Time
	rtp uint32
}

var _ call.RemoteTrack = (*RemoteTrack)(nil)

// NewRemoteTrack makes the track sid of the participant ownerSID.
func NewRemoteTrack(
	ownerSID, sid call.SID, track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver, pc *webrtc.PeerConnection,
) *RemoteTrack {
	return &RemoteTrack{ownerSID: ownerSID, sid: sid, track: track, receiver: receiver, pc: pc}
}

// HandOut makes the track ready to be handed out, as that participant's.
func (t *RemoteTrack) HandOut(owner call.Identity, info call.Track) {
	t.owner = owner
	t.info.Store(&info)
}

// HandedOut reports whether HandOut has been called.
func (t *RemoteTrack) HandedOut() bool { return t.info.Load() != nil }

// SetInfo takes what its owner says of the track now.
func (t *RemoteTrack) SetInfo(info call.Track) {
	if t.HandedOut() {
		t.info.Store(&info)
	}
}

// SID is the track's.
func (t *RemoteTrack) SID() call.SID { return t.sid }

// LastPacket is when the last packet came, zero if none has.
func (t *RemoteTrack) LastPacket() time.Time {
	if at := t.lastPacket.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}

// NotePacket notes that a packet has come.
func (t *RemoteTrack) NotePacket(at time.Time) { t.lastPacket.Store(at.UnixNano()) }

// Owner implements [call.RemoteTrack].
func (t *RemoteTrack) Owner() call.Identity { return t.owner }

// OwnerSID implements [call.RemoteTrack].
func (t *RemoteTrack) OwnerSID() call.SID { return t.ownerSID }

// Info implements [call.RemoteTrack].
func (t *RemoteTrack) Info() call.Track {
	if info := t.info.Load(); info != nil {
		return *info
	}
	return call.Track{SID: t.sid}
}

// MIME implements [call.RemoteTrack].
func (t *RemoteTrack) MIME() string { return t.track.Codec().MimeType }

// ClockRate implements [call.RemoteTrack].
func (t *RemoteTrack) ClockRate() int { return int(t.track.Codec().ClockRate) }

// ReadRTP implements [call.RemoteTrack].
func (t *RemoteTrack) ReadRTP(buf []byte) (int, error) {
	for bad := 0; ; bad++ {
		if t.interrupted.Load() {
			return 0, call.ErrClosed
		}
		n, _, err := t.track.Read(buf)
		switch {
		case err == nil:
			t.NotePacket(time.Now())
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
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || ok && timeout.Timeout()
}

// Interrupt implements [call.RemoteTrack].
func (t *RemoteTrack) Interrupt() {
	if t.interrupted.Swap(true) {
		return
	}
	past := time.Unix(1, 0)
	_ = t.track.SetReadDeadline(past) // an ended track fails its reads anyway
	_ = t.receiver.SetReadDeadline(past)
}

// Again goes on with a track after an interruption, as another one: the old
// one's readers have been told that it has ended.
func (t *RemoteTrack) Again() *RemoteTrack {
	forever := time.Time{}
	_ = t.track.SetReadDeadline(forever)
	_ = t.receiver.SetReadDeadline(forever)
	return NewRemoteTrack(t.ownerSID, t.sid, t.track, t.receiver, t.pc)
}

// RequestKeyFrame implements [call.RemoteTrack].
func (t *RemoteTrack) RequestKeyFrame() {
	now := time.Now().UnixNano()
	last := t.lastPLI.Load()
	if t.interrupted.Load() || now-last < int64(pliInterval) || !t.lastPLI.CompareAndSwap(last, now) {
		return
	}
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.track.SSRC())}})
}

// SenderReport implements [call.RemoteTrack].
func (t *RemoteTrack) SenderReport() (ntp time.Time, rtp uint32, ok bool) {
	r := t.report.Load()
	if r == nil {
		return time.Time{}, 0, false
	}
	return r.ntp, r.rtp, true
}

// ReadReports keeps the newest sender report until the receiver ends. pion's
// interceptors see RTCP only while somebody reads it.
func (t *RemoteTrack) ReadReports() {
	ssrc := uint32(t.track.SSRC())
	eachRTCP(t.receiver.Read, func(p rtcp.Packet) bool {
		if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == ssrc {
			t.report.Store(&senderReport{ntp: fromNTP(sr.NTPTime), rtp: sr.RTPTime})
		}
		return !t.interrupted.Load()
	})
}

// eachRTCP calls f for each packet that read brings, until that fails or f
// returns false.
func eachRTCP(read func([]byte) (int, interceptor.Attributes, error), f func(rtcp.Packet) bool) {
	buf := make([]byte, MaxPacket)
	for {
		n, _, err := read(buf)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		for _, p := range packets {
			if !f(p) {
				return
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

// Carries reports whether what comes is of that kind, whatever was announced.
func (t *RemoteTrack) Carries(kind call.Kind) bool {
	switch t.track.Kind() {
	case webrtc.RTPCodecTypeAudio:
		return kind == call.KindAudio
	case webrtc.RTPCodecTypeVideo:
		return kind == call.KindVideo
	default:
		return false
	}
}
