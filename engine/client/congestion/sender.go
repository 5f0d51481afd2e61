package congestion

import (
	"slices"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/sirupsen/logrus"

	"foyer/engine/client/bandwidth"
)

const (
	// firstRate is what is sent until something is known: the bottom layer.
	firstRate = 300_000 // bit/s
	// overhead is what a packet has on the wire beyond its RTP: IP, UDP and SRTP's tag.
	overhead = 20 + 8 + 10
	// idleTick and busyTick are how often a sender looks: while nothing waits, and
	// while packets do.
	idleTick, busyTick = 50 * time.Millisecond, 4 * time.Millisecond
	// narrowFor is how long packets are spaced after the line was last too narrow. On
	// one that never was, none waits: a key frame goes out at once.
	narrowFor = 20 * time.Second
	// stallAfter is how long an answer may take, beyond a round trip, for so many
	// packets: LiveKit answers for every twenty.
	stallAfter, stallPackets = 350 * time.Millisecond, 30
	// idleAfter is how long after the last packet nothing is looked at any more.
	idleAfter = 2 * time.Second
	// A server that has not answered for so long and so many packets does not answer at
	// all: then nothing is known, and nothing limited.
	silentAfter, silentPackets = 5 * time.Second, 100
)

// Sender is the sending side of a media connection.
type Sender struct {
	*worker // it is woken when something waits
	budget  *bandwidth.Budget
	began   time.Time

	mu        sync.Mutex
	estimator *bandwidth.Estimator
	history   history
	answers   answers
	probing   probing
	pacer     pacer
	idle      bool          // nothing is sent: the goroutine waits to be woken
	rtt       time.Duration // the shortest of lately, answers' own waiting included
	rttSince  time.Duration
}

// NewSender makes the sending side of one connection. What is known of the line from
// an earlier one is where it begins.
func NewSender(budget *bandwidth.Budget, log logrus.FieldLogger) *Sender {
	rate := max(budget.Rate(), firstRate)
	return &Sender{
		worker: newWorker(log), budget: budget, began: time.Now(), estimator: bandwidth.NewEstimator(rate), idle: true,
	}
}

// NewInterceptor implements [interceptor.Factory], for one connection.
func (s *Sender) NewInterceptor(string) (interceptor.Interceptor, error) { return s, nil }

// BindRTCPWriter implements [interceptor.Interceptor]: it is called once, when the
// connection is made.
func (s *Sender) BindRTCPWriter(w interceptor.RTCPWriter) interceptor.RTCPWriter {
	s.start("sender of media", s.work)
	return w
}

func (s *Sender) now() time.Duration { return time.Since(s.began) }

// BindLocalStream implements [interceptor.Interceptor].
func (s *Sender) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	id := extensionID(info, sdp.TransportCCURI)
	if id == 0 || info.ClockRate != videoClock { // LiveKit answers only for video
		return w
	}
	s.mu.Lock()
	s.budget.Set(s.estimator.Usable(time.Now()))
	s.mu.Unlock()
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		p := outgoing{writer: w, extension: id, header: h, payload: payload, attributes: a}
		s.mu.Lock()
		if !s.probing.on() && s.pacer.keeps(s.narrow()) {
			s.pacer.add(p)
			s.mu.Unlock()
			s.nudge()
			return h.MarshalSize() + len(payload), nil
		}
		p.number(s)
		idle := s.idle
		s.idle = false
		s.mu.Unlock()
		if idle {
			s.nudge()
		}
		return p.write()
	})
}

// videoClock is how a video's timestamps count.
const videoClock = 90000

func extensionID(info *interceptor.StreamInfo, uri string) uint8 {
	for _, e := range info.RTPHeaderExtensions {
		if e.URI == uri {
			return uint8(e.ID)
		}
	}
	return 0
}

// narrow reports whether the line was too narrow lately. s.mu is held.
func (s *Sender) narrow() bool {
	at := s.estimator.Narrow()
	return !at.IsZero() && time.Since(at) < narrowFor
}

// BindRTCPReader implements [interceptor.Interceptor].
func (s *Sender) BindRTCPReader(r interceptor.RTCPReader) interceptor.RTCPReader {
	return interceptor.RTCPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		n, a, err := r.Read(b, a)
		if err != nil {
			return n, a, err
		}
		if a == nil {
			a = interceptor.Attributes{}
		}
		packets, err := a.GetRTCPPackets(b[:n])
		if err != nil {
			return n, a, nil //nolint:nilerr // it is for the reader to say so
		}
		for _, p := range packets {
			if cc, is := p.(*rtcp.TransportLayerCC); is {
				s.guarded("reader of feedback", func() { s.answer(cc) })
			}
		}
		return n, a, nil
	})
}

// answer takes feedback.
func (s *Sender) answer(cc *rtcp.TransportLayerCC) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, at := time.Now(), s.now()
	lost, of := 0, 0
	var newest *sentPacket
	s.answers.each(cc, func(number uint16, came bool, arrived time.Duration) {
		p := s.history.find(number)
		if p == nil || p.known {
			return
		}
		p.known = true
		s.history.acked = max(s.history.acked, p.number+1)
		of++
		probe := s.probing.current
		mine := probe != nil && int(p.probe) == probe.id
		switch {
		case came:
			newest = p
			s.estimator.Arrived(p.at, arrived, int(p.bytes), now)
			if mine {
				probe.note(p, arrived)
			}
		case mine:
			probe.lost++
			lost++
		default:
			lost++
		}
	})
	if newest == nil {
		return
	}
	if took := at - newest.at; took < s.rtt || s.rtt == 0 || at-s.rttSince > 10*time.Second {
		s.rtt, s.rttSince = took, at
	}
	s.estimator.Lost(lost, of, now)
	s.estimator.Update(s.rtt, now)
	s.settle(at)
	s.budget.Set(s.estimator.Usable(time.Now()))
}

// work spaces packets and probes: it does what is due, and returns when to look again;
// 0: when something is sent.
func (s *Sender) work() time.Duration {
	s.mu.Lock()
	now := s.now()
	last, some := s.history.last()
	s.idle = (!some || now-last > idleAfter) && !s.pacer.waits() && !s.probing.on()
	if s.idle {
		s.mu.Unlock()
		return 0
	}
	switch {
	case s.rtt > 0:
		s.budget.Set(s.estimator.Usable(time.Now())) // a queue drains without a word
	case now-s.history.first > silentAfter && s.history.next > silentPackets:
		s.budget.Set(0)
	}
	s.stalled(now)
	s.maybeProbe(now)
	packets := s.pacer.due(now, s.estimator.Usable(time.Now()), s.narrow())
	for i := range packets {
		packets[i].number(s)
	}
	waiting := s.pacer.waits()
	s.mu.Unlock()
	for i := range packets {
		// A full or closed socket loses packets as the network does.
		_, _ = packets[i].write()
	}
	if s.fill() || waiting {
		return busyTick
	}
	return idleTick
}

// stalled lowers the rate when nothing is heard of many packets. s.mu is held.
func (s *Sender) stalled(now time.Duration) {
	if s.rtt == 0 || s.history.overdue(now-s.rtt-stallAfter) < stallPackets {
		return
	}
	s.estimator.Stalled(time.Now())
	s.budget.Set(s.estimator.Usable(time.Now()))
}

// maybeProbe begins a probe if more is wanted than the line is known to carry. s.mu is
// held.
func (s *Sender) maybeProbe(now time.Duration) {
	s.settle(now)
	if s.probing.current != nil || now < s.probing.next || s.history.next == 0 || s.pacer.waits() {
		return
	}
	need, rate := s.budget.Need(), s.estimator.Rate()
	if need <= rate || !s.estimator.Clear(time.Now()) {
		return
	}
	if at := s.estimator.Narrow(); !at.IsZero() && time.Since(at) < probeAfter {
		return
	}
	s.probing.begin(min(int(s.probing.factor()*float64(rate)), need+need/10), now)
	s.estimator.Probing(time.Now())
}

// fill sends what a probe lacks, and reports whether it goes on.
func (s *Sender) fill() bool {
	for range maxFill {
		s.mu.Lock()
		p, now := s.probing.current, s.now()
		if !s.probing.on() {
			s.mu.Unlock()
			return false
		}
		if p.over(now) {
			p.ended = now
			s.mu.Unlock()
			return false
		}
		s.estimator.Probing(time.Now())
		lacks := p.bytes < p.due(now)
		s.mu.Unlock()
		if !lacks {
			return true
		}
		if !s.budget.Pad() {
			return true // nothing has been sent yet that a packet could follow
		}
	}
	return true
}

// maxFill is how many packets a probe sends at once: somebody who comes late does not
// make up for all of it.
const maxFill = 24

// settle ends a probe whose answer is there or comes no more. s.mu is held.
func (s *Sender) settle(now time.Duration) {
	p := s.probing.current
	if p == nil || p.ended == 0 {
		return
	}
	if p.came+p.lost+1 < p.sent && now-p.ended < s.rtt+probeWait {
		return
	}
	rate, exact, known := p.result()
	if known {
		s.estimator.Probed(rate, exact, time.Now())
	}
	s.log.WithFields(logrus.Fields{
		"asked": p.rate, "carried": int(rate), "exact": exact, "known": known, "sent": p.sent, "came": p.came,
		"rate": s.estimator.Rate(),
	}).Debug("line probed")
	s.probing.end(rate, exact, known, now)
	s.budget.Set(s.estimator.Usable(time.Now()))
}

// outgoing is a packet on its way to the network.
type outgoing struct {
	writer     interceptor.RTPWriter
	extension  uint8
	header     *rtp.Header
	payload    []byte
	attributes interceptor.Attributes
}

// number gives the packet its number, and remembers it. The header is copied: one that
// is sent again is somebody else's. s.mu is held.
func (p *outgoing) number(s *Sender) {
	probe := 0
	bytes := p.header.MarshalSize() + len(p.payload) + overhead
	if c := s.probing.current; s.probing.on() {
		probe = c.id
		c.sent++
		c.bytes += bytes
	}
	n := s.history.add(s.now(), bytes, probe)
	h := *p.header
	h.Extensions = slices.Clone(h.Extensions)
	p.header = &h
	number, err := (&rtp.TransportCCExtension{TransportSequence: n}).Marshal()
	if err == nil {
		_ = p.header.SetExtension(p.extension, number) // two bytes always fit
	}
}

func (p *outgoing) write() (int, error) { return p.writer.Write(p.header, p.payload, p.attributes) }
