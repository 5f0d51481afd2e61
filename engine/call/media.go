package call

import (
	"time"

	"foyer/engine/call/mic"
)

// Media moves frames and audio between devices and tracks. One per engine.
// Methods are called by the engine goroutine and return at once.
type Media interface {
	// Capture starts to read an open device. The pump reads until its Close
	// or until the device fails; closing the device stays the engine's task.
	Capture(dev Capture) Pump
	// Receive starts to decode a remote track: frames into the receiver's
	// slot, audio into the mix.
	Receive(t RemoteTrack) Receiver
	// SetSpeaker plays the mix on s; nil stops playing and makes the mix run
	// dry without a clock.
	SetSpeaker(s Speaker)
	// SetVoice changes what is done to microphones, from now on. failed is told, by any
	// goroutine, of a part that does not work: the microphone goes on without it.
	SetVoice(v mic.Voice, failed func(mic.Part, error))
	// Play mixes 48 kHz mono samples into what is heard here. ended is called once, by
	// any goroutine, at their end; not after stop.
	Play(samples []int16, ended func()) (stop func())
	// Close waits for every goroutine that Media has started.
	Close()
}

// Pump carries one open device to its preview and to a published track.
type Pump interface {
	// Preview is the local preview, nil for a microphone. It is cleared when
	// the device or the pump is closed.
	Preview() *FrameSlot
	// Level is the loudness of the last 100 ms, 0..1; 0 for frames.
	Level() float32
	// Voice reports whether somebody speaks into a microphone.
	Voice() bool
	// Send encodes into t from now on; nil stops encoding.
	Send(t LocalTrack)
	// Record keeps the next n samples (48 kHz mono) of a microphone. full is
	// called once with them, by any goroutine; not after stop.
	Record(n int, full func([]int16)) (stop func())
	Stats() LocalStats
	// Close stops reading and waits for the pump's goroutines. Close the
	// device first: that wakes a blocked read.
	Close()
}

// Receiver decodes one remote track.
type Receiver interface {
	Slot() *FrameSlot // nil for audio
	Stats() RemoteStats
	// Show says whether the frames are wanted; they are at first. A video
	// receiver that is not shown has no decoder and keeps no frame.
	Show(wanted bool)
	// SetGain multiplies what is heard from now on, without a click; 1 at
	// first. It has no effect on frames.
	SetGain(gain float32)
	// Close stops decoding and waits for the receiver's goroutines. It does
	// not wait for the network: it interrupts the track's read.
	Close()
}

// EncodedFrame is one encoded frame, or 20 ms of encoded audio.
type EncodedFrame struct {
	Data      []byte        // valid during the call only
	PTS       time.Duration // since the track began, from what [LocalTrack.Begin] returned on
	KeyFrame  bool
	Layer     int   // index into the spec's Layers
	AudioDBov uint8 // loudness in -dBov, 0 loudest .. 127 silent (RFC 6464)
	Voice     bool
}

// Layer is one simulcast quality of a video track, smallest first.
type Layer struct {
	Width, Height int
	FPS           int
	Bitrate       int // bit/s
}

// TrackSpec asks for a publication.
type TrackSpec struct {
	Source Source
	Name   string
	Muted  bool
	Layers []Layer // video only; the last is the full size
}

// LocalTrack is a track that we publish. Methods are safe from any goroutine.
type LocalTrack interface {
	SID() SID
	Spec() TrackSpec
	// Begin begins a stretch of frames from one open device, and returns the
	// PTS of what is captured now. A track outlives its devices, which are
	// closed by a mute, changed, lost and found; its clock is one, goes on
	// while nothing is sent, and never goes back. Frames of an earlier stretch
	// must not follow.
	Begin() time.Duration
	// WriteFrame packetises and sends one frame. It never blocks on the
	// network and drops silently while the track is muted or not connected.
	WriteFrame(f EncodedFrame) error
	// KeyFrames delivers the index of a layer for which a receiver asks for a
	// key frame.
	KeyFrames() <-chan int
	// Wanted reports whether anybody watches that layer (dynacast).
	Wanted(layer int) bool
	// Bitrate is how much may be sent for that layer now, in bit/s.
	Bitrate(layer int) int
}

// MIME types of the codecs that are spoken.
const (
	MIMEVP8  = "video/VP8"
	MIMEOpus = "audio/opus"
	MIMERED  = "audio/red" // Opus with copies of the packets before
)

// RemoteTrack is a track that we are subscribed to and receive.
type RemoteTrack interface {
	Owner() Identity
	OwnerSID() SID
	Info() Track
	MIME() string // of the last packet that was read, such as MIMEVP8
	ClockRate() int
	// ReadRTP waits for the next packet and copies it, RTP header included.
	// It fails when the track ends or Interrupt was called.
	ReadRTP(buf []byte) (n int, err error)
	// Interrupt makes a waiting and every later ReadRTP fail.
	Interrupt()
	// RequestKeyFrame asks the sender for a key frame (PLI).
	RequestKeyFrame()
	// SenderReport maps the RTP clock to the sender's wall clock, by the newest RTCP report.
	SenderReport() (ntp time.Time, rtp uint32, ok bool)
}

// LineStats is what is known of the way to the server.
type LineStats struct {
	RTTMS    float64 `json:"rtt_ms"`              // of the newest ping, 0 before the first
	SendKbps int     `json:"send_kbps,omitempty"` // what the line is taken to carry upwards, 0 while that is not known
}

// LocalStats counts what was sent, since the publication.
type LocalStats struct {
	Source     Source  `json:"source"`
	SID        SID     `json:"sid"`
	Bytes      uint64  `json:"bytes"`
	Frames     uint64  `json:"frames"`
	FPS        float64 `json:"fps"`
	Layers     int     `json:"layers"` // layers being encoded now
	Width      int     `json:"width,omitempty"`
	Height     int     `json:"height,omitempty"`
	CPULimited bool    `json:"cpu_limited,omitempty"` // this computer is too slow for all of it
}

// RemoteStats counts what was received, since the subscription.
type RemoteStats struct {
	ID            Identity `json:"id"`
	SID           SID      `json:"sid"`
	Source        Source   `json:"source"`
	FramesDecoded uint64   `json:"frames_decoded"`
	Width         int      `json:"width,omitempty"`
	Height        int      `json:"height,omitempty"`
	FPS           float64  `json:"fps"`
	Bytes         uint64   `json:"bytes"`
	PacketsLost   uint64   `json:"packets_lost"`
	FreezeMS      uint64   `json:"freeze_ms"`
	JitterMS      float64  `json:"jitter_ms"`
	DelayMS       float64  `json:"delay_ms"` // of the jitter buffer
	Level         float32  `json:"level,omitempty"`
	ConcealedMS   uint64   `json:"concealed_ms,omitempty"` // audio made up for lost packets
	Recovered     uint64   `json:"recovered,omitempty"`    // lost audio packets that later ones brought (FEC, RED)
	Codec         string   `json:"codec"`                  // MIME type of what comes, such as MIMEVP8
	KeyRequests   uint64   `json:"key_requests,omitempty"`
	Paused        bool     `json:"paused,omitempty"`    // not shown: nothing is decoded
	TooLarge      bool     `json:"too_large,omitempty"` // more than its part of MaxPixels, or too often another size
}
