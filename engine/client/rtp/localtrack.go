package rtp

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"foyer/engine/call"
	"foyer/engine/client/bandwidth"
)

const (
	videoClock = 90000
	audioClock = 48000
	// maxRTPPayload leaves room for the RTP header (12), our extensions (mid,
	// rid, transport-wide number, audio level: < 32), SRTP's tag (16), and for
	// tunnels below the usual 1500.
	maxRTPPayload = 1120
	keyRequests   = 8 // key frame requests that wait to be read
)

// LocalTrack is a publication. The loop owns its life; WriteFrame, KeyFrames,
// Wanted and Bitrate are for the media goroutines.
type LocalTrack struct {
	cid  string
	spec call.TrackSpec
	tx   *webrtc.RTPTransceiver // the loop's
	info *livekit.TrackInfo     // the loop's; nil until the server has named it
	wait chan error             // the loop's; Publish waits for it

	sid    atomic.Pointer[call.SID]
	muted  atomic.Bool
	dead   atomic.Bool  // unpublished, or of an earlier join
	halted *atomic.Bool // the whole session's: leaving
	ext    atomic.Pointer[extensions]

	clock     *trackClock
	encodings []*encoding
	keyFrames chan int
	unwanted  atomic.Uint32    // bit per layer: nobody watches it
	share     *bandwidth.Share // nil for audio, which is always sent
}

var _ call.LocalTrack = (*LocalTrack)(nil)

// encoding is one layer on its way to the server.
type encoding struct {
	rid   string // empty without simulcast
	track *boundTrack

	mu       sync.Mutex
	sequence uint16
	offset   uint32 // of the RTP clock, random (RFC 3550 5.1)
	payloads rtp.Payloader
	last     time.Duration // PTS of the last frame
	resumed  bool          // the next audio packet begins a talkspurt
}

// extensions are what packets carry besides what pion writes.
type extensions struct {
	mid        string
	loudnessID uint8 // 0: not negotiated
}

// MaxLayers is how many layers a track may have.
const MaxLayers = 3

// simulcastRIDs are the names that LiveKit knows, smallest first
// (livekit-server, pkg/sfu/buffer/videolayerutils.go).
func simulcastRIDs() []string { return []string{"q", "h", "f"} }

// NewLocalTrack makes a track that is not attached yet. halted stops all of a
// session's tracks, and budget is what they may send.
func NewLocalTrack(
	cid string, spec call.TrackSpec, budget *bandwidth.Budget, halted *atomic.Bool,
) (*LocalTrack, error) {
	t := &LocalTrack{
		cid: cid, spec: spec, halted: halted, clock: newTrackClock(spec.Source.Kind(), time.Now()),
		wait: make(chan error, 1), keyFrames: make(chan int, keyRequests),
	}
	t.muted.Store(spec.Muted)
	if spec.Source.Kind() == call.KindVideo {
		t.share = budget.Join(spec.Source, spec.Layers, t.pad)
	}
	layers := max(len(spec.Layers), 1)
	for i := range layers {
		e, err := newEncoding(cid, spec, i, layers)
		if err != nil {
			return nil, err
		}
		if spec.Source.Kind() == call.KindVideo {
			e.track.onBind = func() { t.askKeyFrame(i) }
		}
		t.encodings = append(t.encodings, e)
	}
	return t, nil
}

func newEncoding(cid string, spec call.TrackSpec, layer, layers int) (*encoding, error) {
	e := &encoding{sequence: uint16(rand.Uint32()), offset: rand.Uint32(), last: -time.Hour, resumed: true}
	var options []func(*webrtc.TrackLocalStaticRTP)
	if layers > 1 {
		e.rid = simulcastRIDs()[layer]
		options = append(options, webrtc.WithRTPStreamID(e.rid))
	}
	capability := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: audioClock, Channels: 2}
	e.payloads = &codecs.OpusPayloader{}
	if spec.Source.Kind() == call.KindVideo {
		capability = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: videoClock}
		e.payloads = newVP8Payloader()
	}
	track, err := webrtc.NewTrackLocalStaticRTP(capability, cid, "foyer", options...)
	if err != nil {
		return nil, fmt.Errorf("make a track: %w", err)
	}
	e.track = &boundTrack{TrackLocalStaticRTP: track}
	return e, nil
}

// boundTrack reports when pion begins to send it: a key frame from before is lost.
type boundTrack struct {
	*webrtc.TrackLocalStaticRTP
	onBind func()
}

// Bind implements webrtc.TrackLocal.
func (b *boundTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	codec, err := b.TrackLocalStaticRTP.Bind(c)
	if err == nil && b.onBind != nil {
		b.onBind()
	}
	return codec, err
}

// CID names the track before the server does; it is the msid's track.
func (t *LocalTrack) CID() string { return t.cid }

// RID names a layer; it is empty without simulcast.
func (t *LocalTrack) RID(layer int) string { return t.encodings[layer].rid }

// Attach adds the track to a connection. What reads returns must run, each in a
// goroutine, until the track is detached.
func (t *LocalTrack) Attach(pc *webrtc.PeerConnection) (reads []func(), err error) {
	tx, err := pc.AddTransceiverFromTrack(t.encodings[0].track, webrtc.RTPTransceiverInit{
		Direction: webrtc.RTPTransceiverDirectionSendonly,
	})
	if err != nil {
		return nil, fmt.Errorf("add the track: %w", err)
	}
	for _, e := range t.encodings[1:] {
		if err := tx.Sender().AddEncoding(e.track); err != nil {
			_ = pc.RemoveTrack(tx.Sender())
			return nil, fmt.Errorf("add a layer: %w", err)
		}
	}
	sender := tx.Sender() // taken here: an unpublication takes it out of tx
	for layer := range t.encodings {
		reads = append(reads, func() { t.readFeedback(layer, sender) })
	}
	t.tx = tx
	return reads, nil
}

// Attached reports whether Attach has been called.
func (t *LocalTrack) Attached() bool { return t.tx != nil }

// Detach takes an attached track out of its connection.
func (t *LocalTrack) Detach(pc *webrtc.PeerConnection) error { return pc.RemoveTrack(t.tx.Sender()) }

// SetInfo takes the server's name for the track.
func (t *LocalTrack) SetInfo(info *livekit.TrackInfo) {
	sid := call.SID(info.GetSid())
	t.sid.Store(&sid)
	t.info = info
}

// Info is what the server says of the track, nil until it has named it.
func (t *LocalTrack) Info() *livekit.TrackInfo { return t.info }

// Published is told once that the track is published, or why it is not.
func (t *LocalTrack) Published() <-chan error { return t.wait }

// SetPublished tells it. Twice is once.
func (t *LocalTrack) SetPublished(err error) {
	select {
	case t.wait <- err:
	default:
	}
}

// End makes the track send nothing any more. It is safe from any goroutine.
func (t *LocalTrack) End() {
	t.dead.Store(true)
	t.shareOut()
}

// SetMuted stops the sending or goes on with it, and returns whether it was
// stopped. It is safe from any goroutine.
func (t *LocalTrack) SetMuted(muted bool) (before bool) {
	before = t.muted.Swap(muted)
	t.shareOut()
	return before
}

// shareOut takes the track's part of what may be sent, or gives it back.
func (t *LocalTrack) shareOut() {
	if t.share != nil {
		t.share.SetSending(t.Armed() && !t.dead.Load() && !t.muted.Load())
	}
}

// Muted reports whether nothing is sent for now.
func (t *LocalTrack) Muted() bool { return t.muted.Load() }

// SID implements [call.LocalTrack].
func (t *LocalTrack) SID() call.SID {
	if sid := t.sid.Load(); sid != nil {
		return *sid
	}
	return ""
}

// Spec implements [call.LocalTrack].
func (t *LocalTrack) Spec() call.TrackSpec { return t.spec }

// KeyFrames implements [call.LocalTrack].
func (t *LocalTrack) KeyFrames() <-chan int { return t.keyFrames }

// Wanted implements [call.LocalTrack].
func (t *LocalTrack) Wanted(layer int) bool {
	if layer < 0 || layer >= len(t.encodings) || t.dead.Load() || t.halted.Load() || t.muted.Load() {
		return false
	}
	return t.unwanted.Load()&(1<<layer) == 0
}

// Bitrate implements [call.LocalTrack].
func (t *LocalTrack) Bitrate(layer int) int {
	if layer < 0 || layer >= len(t.spec.Layers) {
		return 0
	}
	return t.share.Bitrate(layer)
}

// Begin implements [call.LocalTrack].
func (t *LocalTrack) Begin() time.Duration { return t.clock.begin(time.Now()) }

// WriteFrame implements [call.LocalTrack].
func (t *LocalTrack) WriteFrame(f call.EncodedFrame) error {
	if f.Layer < 0 || f.Layer >= len(t.encodings) {
		return fmt.Errorf("%w: layer %d of %d", call.ErrBadArgument, f.Layer, len(t.encodings))
	}
	t.clock.note(f.PTS)
	e, ext := t.encodings[f.Layer], t.ext.Load()
	e.mu.Lock()
	defer e.mu.Unlock()
	if ext == nil || t.dead.Load() || t.halted.Load() || t.muted.Load() {
		e.resumed = true
		return nil
	}
	video := t.spec.Source.Kind() == call.KindVideo
	// Whatever a source says, time does not go back: the server would drop all.
	e.last = max(f.PTS, e.last+t.clock.step)
	timestamp := e.offset + t.clock.ticks(e.last)
	payloads := e.payloads.Payload(maxRTPPayload, f.Data)
	for i, payload := range payloads {
		packet := &rtp.Packet{Payload: payload, Header: rtp.Header{
			Version: 2, SequenceNumber: e.sequence, Timestamp: timestamp,
			Marker: i == len(payloads)-1,
		}}
		if !video {
			packet.Marker = e.resumed // the first of a talkspurt (RFC 3551 4.1)
		}
		if err := e.extend(&packet.Header, ext, f, video); err != nil {
			return fmt.Errorf("write frame: %w", err)
		}
		e.sequence++
		// A full or closed socket loses packets as the network does; the
		// receiver asks again.
		_ = e.track.WriteRTP(packet)
	}
	e.resumed = false
	return nil
}

// pad sends a packet that fills the line and means nothing, behind the last frame of
// the lowest layer that is sent. It reports whether it could.
func (t *LocalTrack) pad() bool {
	ext := t.ext.Load()
	for layer, e := range t.encodings {
		if ext == nil || !t.Wanted(layer) || t.share.Bitrate(layer) == 0 {
			continue
		}
		if e.pad(t.clock, ext) {
			return true
		}
	}
	return false
}

// padding is how long a packet of padding is: its length is told in its last byte
// (RFC 3550 5.1).
const padding = 255

func (e *encoding) pad(clock *trackClock, ext *extensions) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last < 0 {
		return false // nothing was sent yet
	}
	packet := &rtp.Packet{Payload: make([]byte, padding), Header: rtp.Header{
		Version: 2, Padding: true, SequenceNumber: e.sequence, Timestamp: e.offset + clock.ticks(e.last),
	}}
	packet.Payload[padding-1] = padding
	if e.extend(&packet.Header, ext, call.EncodedFrame{}, true) != nil {
		return false
	}
	e.sequence++
	return e.track.WriteRTP(packet) == nil
}

// extend writes what pion does not: which layer of which section this is, and
// how loud it is.
func (e *encoding) extend(h *rtp.Header, ext *extensions, f call.EncodedFrame, video bool) error {
	if !video {
		if ext.loudnessID == 0 {
			return nil
		}
		level, err := rtp.AudioLevelExtension{Level: min(f.AudioDBov, 127), Voice: f.Voice}.Marshal()
		if err != nil {
			return err
		}
		return h.SetExtension(ext.loudnessID, level)
	}
	if e.rid == "" {
		return nil
	}
	if err := h.SetExtension(extensionMID, []byte(ext.mid)); err != nil {
		return err
	}
	return h.SetExtension(extensionRID, []byte(e.rid))
}

// Armed reports whether the track is ready to send.
func (t *LocalTrack) Armed() bool { return t.ext.Load() != nil }

// Arm makes the track ready to send, once its section is negotiated. It reports
// whether it became so just now.
func (t *LocalTrack) Arm() bool {
	if t.tx == nil || t.tx.Mid() == "" || t.ext.Load() != nil {
		return false
	}
	ext := &extensions{mid: t.tx.Mid()}
	for _, e := range t.tx.Sender().GetParameters().HeaderExtensions {
		if e.URI == sdp.AudioLevelURI {
			ext.loudnessID = uint8(e.ID)
		}
	}
	t.ext.Store(ext)
	t.shareOut()
	return true
}

// AskKeyFrames wants a key frame in every layer: what was sent before is lost.
func (t *LocalTrack) AskKeyFrames() {
	if t.spec.Source.Kind() == call.KindVideo {
		for layer := range t.encodings {
			t.askKeyFrame(layer)
		}
	}
}

func (t *LocalTrack) askKeyFrame(layer int) {
	select {
	case t.keyFrames <- layer:
	default: // requests enough are waiting
	}
}

// readFeedback reads one layer's RTCP until the sender stops.
func (t *LocalTrack) readFeedback(layer int, sender *webrtc.RTPSender) {
	read := sender.Read
	if rid := t.encodings[layer].rid; rid != "" {
		read = func(buf []byte) (int, interceptor.Attributes, error) { return sender.ReadSimulcast(buf, rid) }
	}
	eachRTCP(read, func(p rtcp.Packet) bool {
		switch p.(type) {
		case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
			t.askKeyFrame(layer)
		}
		return true
	})
}

// Want takes the server's word on which layers anybody watches (dynacast).
func (t *LocalTrack) Want(qualities []*livekit.SubscribedQuality) {
	unwanted := uint32(0)
	for _, q := range qualities {
		layer := int(q.GetQuality())
		if len(t.encodings) == 1 {
			if q.GetEnabled() {
				unwanted = 0
				break
			}
			unwanted = 1
			continue
		}
		if layer < len(t.encodings) && !q.GetEnabled() {
			unwanted |= 1 << layer
		}
	}
	before := t.unwanted.Swap(unwanted)
	if t.share != nil {
		t.share.Want(unwanted)
	}
	for layer := range t.encodings {
		if bit := uint32(1) << layer; before&bit != 0 && unwanted&bit == 0 && t.spec.Source.Kind() == call.KindVideo {
			t.askKeyFrame(layer)
		}
	}
}
