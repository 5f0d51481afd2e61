package congestion

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/client/bandwidth"
)

const (
	// receiverTick is how often a receiver looks, reportEvery how often it reports if
	// nothing urges it.
	receiverTick = 50 * time.Millisecond
	reportEvery  = 250 * time.Millisecond
	// firstReceived is what the line is taken for at first.
	firstReceived = 1_000_000
	// fillFor is how long after a packet of padding a server is taken to probe.
	fillFor = 150 * time.Millisecond
	// fillSpan is what is measured then; fillAhead how much more is believed.
	fillSpan  = 150 * time.Millisecond
	fillAhead = 1.15
	// LiveKit lowers what it sends when the estimates of a receiver fall, twelve in a
	// row (livekit-server, pkg/sfu/bwe/remotebwe, defaultTrendDetectorConfigNonProbe):
	// a fall is told in as many steps, at once.
	fallSteps = 12
	// fallInterval is how often a rate that stays low while more comes is told as a fall.
	fallInterval = 400 * time.Millisecond
	// Absolute send time counts a second in 2^18, with 24 bits.
	sendTimeBits = 24
	sendTimeTurn = int64(1) << sendTimeBits
)

// Receiver is the receiving side of a media connection: it tells the server how much
// the line to us carries (draft-alvestrand-rmcat-remb).
type Receiver struct {
	*worker // it is woken when a report is urgent
	began   time.Time
	ssrc    uint32

	mu        sync.Mutex
	estimator *bandwidth.Estimator
	streams   map[uint32]bool
	sent      int64 // the newest absolute send time, with the turns that 24 bits leave out
	started   bool
	filled    time.Time // when padding last came
	packet    time.Time // when anything came
	told      int       // the last estimate that was told
	toldAt    time.Time
	fell      time.Time
	falls     bool // tell it as a fall
	idle      bool // nothing comes: the goroutine waits to be woken
}

// NewReceiver makes one for one connection.
func NewReceiver(log logrus.FieldLogger) *Receiver {
	return &Receiver{
		worker: newWorker(log), began: time.Now(), ssrc: rand.Uint32(),
		estimator: bandwidth.NewEstimator(firstReceived), streams: map[uint32]bool{}, idle: true,
	}
}

// NewInterceptor implements [interceptor.Factory], for one connection.
func (r *Receiver) NewInterceptor(string) (interceptor.Interceptor, error) { return r, nil }

// BindRTCPWriter implements [interceptor.Interceptor].
func (r *Receiver) BindRTCPWriter(w interceptor.RTCPWriter) interceptor.RTCPWriter {
	r.start("receiver of media", func() time.Duration { return r.report(w) })
	return w
}

// BindRemoteStream implements [interceptor.Interceptor].
func (r *Receiver) BindRemoteStream(info *interceptor.StreamInfo, reader interceptor.RTPReader) interceptor.RTPReader {
	id := extensionID(info, sdp.ABSSendTimeURI)
	if id == 0 || info.ClockRate != videoClock {
		return reader
	}
	r.mu.Lock()
	r.streams[info.SSRC] = true
	r.mu.Unlock()
	return r.tap(reader, func(h *rtp.Header, packet []byte) {
		var sent rtp.AbsSendTimeExtension
		if sent.Unmarshal(h.GetExtension(id)) == nil {
			r.arrived(sent.Timestamp, len(packet)+overhead, h.Padding && isPadding(packet, h), time.Now())
		}
	})
}

// isPadding reports whether a packet carries nothing else.
func isPadding(packet []byte, h *rtp.Header) bool {
	return int(packet[len(packet)-1]) >= len(packet)-h.MarshalSize()
}

// UnbindRemoteStream implements [interceptor.Interceptor].
func (r *Receiver) UnbindRemoteStream(info *interceptor.StreamInfo) {
	r.mu.Lock()
	delete(r.streams, info.SSRC)
	r.mu.Unlock()
}

// arrived takes a packet.
func (r *Receiver) arrived(sendTime uint64, bytes int, padding bool, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sent := int64(sendTime) % sendTimeTurn
	if r.started {
		sent += r.sent - r.sent%sendTimeTurn
		switch {
		case r.sent-sent > sendTimeTurn/2:
			sent += sendTimeTurn
		case sent-r.sent > sendTimeTurn/2:
			sent -= sendTimeTurn
		}
	}
	r.started, r.sent = true, max(r.sent, sent)
	r.packet = now
	if padding {
		r.filled = now
	}
	r.estimator.Arrived(time.Duration(sent)*time.Second>>18, now.Sub(r.began), bytes, now)
	if fell := r.estimator.Update(0, now); fell || r.idle {
		r.falls = r.falls || fell
		r.idle = false
		r.nudge()
	}
}

// report writes what is to be told now, and returns when to look again; 0: when
// something comes.
func (r *Receiver) report(w interceptor.RTCPWriter) time.Duration {
	if reports := r.reports(time.Now()); len(reports) > 0 {
		_, _ = w.Write(reports, nil) // a closed connection is told nothing
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.idle {
		return 0
	}
	return receiverTick
}

// reports are what is to be told now.
func (r *Receiver) reports(now time.Time) []rtcp.Packet {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.idle = len(r.streams) == 0 || !r.started || now.Sub(r.packet) > idleAfter; r.idle {
		return nil
	}
	filling := now.Sub(r.filled) < fillFor
	if filling && r.estimator.Clear(now) {
		r.estimator.Probed(fillAhead*float64(r.estimator.Arrives(fillSpan)), false, now)
	}
	rate := r.estimator.Usable(now)
	// What comes is still more than the line carries: the last word was not enough.
	if !r.falls && r.estimator.Late(now) > fallLate && now.Sub(r.fell) > fallInterval {
		r.falls = true
	}
	if !r.falls && now.Sub(r.toldAt) < reportEvery && (!filling || rate <= r.told) {
		return nil
	}
	from := rate
	steps := 1
	if r.falls {
		from, steps = max(r.told, rate*13/10), fallSteps
		r.falls, r.fell = false, now
		r.log.WithFields(logrus.Fields{"rate": rate, "late": r.estimator.Late(now)}).Debug("line to us is narrow")
	}
	r.told, r.toldAt = rate, now
	ssrcs := slices.Sorted(maps.Keys(r.streams))
	ssrcs = ssrcs[:min(len(ssrcs), call.MaxVideos)]
	var all []rtcp.Packet
	for i := 1; i <= steps; i++ {
		step := from - (from-rate)*i/steps
		all = append(all, &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: r.ssrc, Bitrate: float32(step), SSRCs: ssrcs})
	}
	return all
}

// fallLate is a queue with which less must come.
const fallLate = 200 * time.Millisecond
