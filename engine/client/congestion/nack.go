package congestion

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/sirupsen/logrus"
)

const (
	// missingPatience is how long a packet may be overtaken before it counts as lost.
	missingPatience = 10 * time.Millisecond
	// An answer takes so long, as long as nothing is known; and the least and the most
	// between two requests.
	answerGuess             = 60 * time.Millisecond
	minRetry, maxRetry      = 25 * time.Millisecond, 400 * time.Millisecond
	maxTries                = 8
	missingFor              = 1200 * time.Millisecond // then nobody waits for it any more
	maxMissing              = 512
	maxJump                 = 1000 // packets; more is another stream
	nackTick                = 10 * time.Millisecond
	maxRequestsEachSSRC     = 200 // in one request
	answerSmooth        int = 4
)

// missingPacket is one that has not come.
type missingPacket struct {
	since, asked time.Time
	tries        int
}

// incoming is one stream that is received.
type incoming struct {
	ssrc    uint32
	started bool
	highest uint16
	missing map[uint16]*missingPacket
}

// NackRequester asks for lost packets again (NACK, RFC 4585 6.2.1): at once, and again
// when the answer is late, a bounded number of times.
type NackRequester struct {
	*worker // it is woken when something is missing
	ssrc    uint32

	mu      sync.Mutex
	streams map[uint32]*incoming
	answer  time.Duration // how long a repetition takes to come
}

// NewNackRequester makes one for one connection.
func NewNackRequester(log logrus.FieldLogger) *NackRequester {
	return &NackRequester{
		worker: newWorker(log), ssrc: rand.Uint32(), streams: map[uint32]*incoming{}, answer: answerGuess,
	}
}

// NewInterceptor implements [interceptor.Factory], for one connection.
func (r *NackRequester) NewInterceptor(string) (interceptor.Interceptor, error) { return r, nil }

// BindRTCPWriter implements [interceptor.Interceptor].
func (r *NackRequester) BindRTCPWriter(w interceptor.RTCPWriter) interceptor.RTCPWriter {
	r.start("requester of lost packets", func() time.Duration { return r.ask(w) })
	return w
}

// BindRemoteStream implements [interceptor.Interceptor].
func (r *NackRequester) BindRemoteStream(
	info *interceptor.StreamInfo, reader interceptor.RTPReader,
) interceptor.RTPReader {
	if !wantsNack(info) {
		return reader
	}
	s := &incoming{ssrc: info.SSRC, missing: map[uint16]*missingPacket{}}
	r.mu.Lock()
	r.streams[info.SSRC] = s
	r.mu.Unlock()
	return r.tap(reader, func(h *rtp.Header, _ []byte) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.arrived(s, h.SequenceNumber, time.Now())
	})
}

// UnbindRemoteStream implements [interceptor.Interceptor].
func (r *NackRequester) UnbindRemoteStream(info *interceptor.StreamInfo) {
	r.mu.Lock()
	delete(r.streams, info.SSRC)
	r.mu.Unlock()
}

func wantsNack(info *interceptor.StreamInfo) bool {
	for _, f := range info.RTCPFeedback {
		if f.Type == "nack" && f.Parameter == "" {
			return true
		}
	}
	return false
}

// arrived takes a packet. r.mu is held.
func (r *NackRequester) arrived(s *incoming, seq uint16, now time.Time) {
	ahead := seq - s.highest
	switch {
	case !s.started || ahead >= maxJump && -ahead >= maxJump:
		s.started, s.highest = true, seq
		clear(s.missing)
	case ahead == 0:
	case ahead < maxJump:
		for n := s.highest + 1; n != seq && len(s.missing) < maxMissing; n++ {
			s.missing[n] = &missingPacket{since: now}
		}
		s.highest = seq
		if ahead > 1 {
			r.nudge()
		}
	default:
		if m := s.missing[seq]; m != nil && m.tries == 1 {
			took := min(max(now.Sub(m.asked), 0), maxRetry)
			r.answer += (took - r.answer) / time.Duration(answerSmooth)
		}
		delete(s.missing, seq)
	}
}

// ask writes the requests that are due, and returns when to look again; 0: when
// something is missing.
func (r *NackRequester) ask(w interceptor.RTCPWriter) time.Duration {
	requests, more := r.requests(time.Now())
	if len(requests) > 0 {
		_, _ = w.Write(requests, nil) // a closed connection asks for nothing
	}
	if more {
		return nackTick
	}
	return 0
}

// requests are those that are due; more: something is still missing after them.
func (r *NackRequester) requests(now time.Time) (all []rtcp.Packet, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.streams {
		var due []uint16
		for seq, m := range s.missing {
			switch {
			case now.Sub(m.since) > missingFor:
				delete(s.missing, seq)
			case len(due) >= maxRequestsEachSSRC || m.tries >= maxTries:
			case m.tries == 0 && now.Sub(m.since) >= missingPatience,
				m.tries > 0 && now.Sub(m.asked) >= r.retry(m.tries):
				m.tries++
				m.asked = now
				due = append(due, seq)
			}
		}
		more = more || len(s.missing) > 0
		if len(due) > 0 {
			all = append(all, &rtcp.TransportLayerNack{SenderSSRC: r.ssrc, MediaSSRC: s.ssrc, Nacks: pairs(due)})
		}
	}
	return all, more
}

// retry is how long the next request waits for an answer to the one before.
func (r *NackRequester) retry(tries int) time.Duration {
	return min(max(r.answer*time.Duration(2+tries)/2, minRetry), maxRetry)
}

// pairs writes numbers as RTCP does.
func pairs(numbers []uint16) []rtcp.NackPair {
	slices.SortFunc(numbers, func(a, b uint16) int { return int(int16(a - b)) })
	return rtcp.NackPairsFromSequenceNumbers(numbers)
}
