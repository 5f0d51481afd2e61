package congestion

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"foyer/engine/call"
	"foyer/engine/client/bandwidth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quiet() logrus.FieldLogger {
	log := logrus.New()
	log.SetLevel(logrus.PanicLevel)
	return log
}

// told gathers what is written.
type told struct {
	mu   sync.Mutex
	rtcp []rtcp.Packet
	rtp  []rtp.Header
}

func (w *told) writer() interceptor.RTCPWriter {
	return interceptor.RTCPWriterFunc(func(p []rtcp.Packet, _ interceptor.Attributes) (int, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.rtcp = append(w.rtcp, p...)
		return 0, nil
	})
}

func (w *told) media() interceptor.RTPWriter {
	return interceptor.RTPWriterFunc(func(h *rtp.Header, _ []byte, _ interceptor.Attributes) (int, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.rtp = append(w.rtp, h.Clone())
		return 0, nil
	})
}

func (w *told) numbers(t *testing.T) (all []uint16) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.rtp {
		var n rtp.TransportCCExtension
		if err := n.Unmarshal(w.rtp[i].GetExtension(1)); err != nil {
			t.Fatal(err)
		}
		all = append(all, n.TransportSequence)
	}
	return all
}

func video(uri string) *interceptor.StreamInfo {
	return &interceptor.StreamInfo{
		SSRC: 7, ClockRate: videoClock, RTPHeaderExtensions: []interceptor.RTPHeaderExtension{{URI: uri, ID: 1}},
		RTCPFeedback: []interceptor.RTCPFeedback{{Type: "nack"}},
	}
}

// newSender makes a sender with a camera that could use everything.
func newSender(t *testing.T) (s *Sender, share *bandwidth.Share, w *told, out interceptor.RTPWriter) {
	t.Helper()
	budget := new(bandwidth.Budget)
	share = budget.Join(call.SourceCamera, []call.Layer{{Bitrate: 160_000}, {Bitrate: 450_000}, {Bitrate: 1_700_000}},
		func() bool { return false })
	share.SetSending(true)
	s, w = NewSender(budget, quiet()), new(told)
	s.BindRTCPWriter(w.writer())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, share, w, s.BindLocalStream(video(sdp.TransportCCURI), w.media())
}

func write(t *testing.T, out interceptor.RTPWriter, packets, bytes int) {
	t.Helper()
	for range packets {
		if _, err := out.Write(&rtp.Header{Version: 2}, make([]byte, bytes), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeyFrameGoesOutAtOnce: on a line that nobody knows to be narrow no packet waits,
// and each has a number of its own.
func TestKeyFrameGoesOutAtOnce(t *testing.T) {
	_, share, w, out := newSender(t)
	write(t, out, 100, 1100)
	numbers := w.numbers(t)
	if len(numbers) != 100 || !slices.IsSorted(numbers) || len(slices.Compact(numbers)) != 100 {
		t.Errorf("%d packets: %v", len(numbers), numbers)
	}
	if share.Bitrate(0) != 160_000 || share.Bitrate(2) != 0 {
		t.Errorf("%d, %d bit/s before anything is known", share.Bitrate(0), share.Bitrate(2))
	}
}

// TestNarrowLineIsPaced: where the line is narrow the packets of a frame are spaced, in
// order, and none is kept for longer than it may be.
func TestNarrowLineIsPaced(t *testing.T) {
	s, _, w, out := newSender(t)
	s.mu.Lock()
	s.estimator.Stalled(time.Now())
	s.mu.Unlock()
	begin := time.Now()
	write(t, out, 100, 1100)
	if n := len(w.numbers(t)); n > 50 {
		t.Errorf("%d packets at once", n)
	}
	for len(w.numbers(t)) < 100 && time.Since(begin) < 5*time.Second {
		time.Sleep(time.Millisecond) // what the pacer does has no event
	}
	if numbers := w.numbers(t); len(numbers) != 100 || !slices.IsSorted(numbers) {
		t.Errorf("%d packets: %v", len(numbers), numbers)
	}
}

// TestStalledLineDropsLayers: when nothing is heard of what was sent, the layers go.
func TestStalledLineDropsLayers(t *testing.T) {
	s, share, _, out := newSender(t)
	s.mu.Lock()
	s.estimator.Probed(5_000_000, false, time.Now())
	s.rtt = time.Millisecond
	s.budget.Set(s.estimator.Usable(time.Now()))
	s.mu.Unlock()
	if share.Bitrate(2) != 1_700_000 {
		t.Fatalf("%d bit/s", share.Bitrate(2))
	}
	write(t, out, 2*stallPackets, 1100)
	for begin := time.Now(); share.Bitrate(1) > 0; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("%d bit/s", share.Bitrate(1))
		}
	}
	if share.Bitrate(0) == 0 {
		t.Error("nothing is sent any more")
	}
}

// feedback says that these packets came, a millisecond apart.
// A fault in what is done with feedback costs the estimate, not the program: readers of
// RTCP get it all the same.
func TestFaultCostsTheEstimate(t *testing.T) {
	s, _, _, out := newSender(t)
	write(t, out, 20, 1000)
	s.mu.Lock()
	s.estimator = nil
	s.mu.Unlock()
	packet, err := feedback(0, 20).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	r := s.BindRTCPReader(interceptor.RTCPReaderFunc(
		func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
			return copy(b, packet), a, nil
		},
	))
	for range 2 { // it holds no lock afterwards
		if n, _, err := r.Read(make([]byte, 1500), nil); n != len(packet) || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
	}
}

func feedback(first uint16, n int) *rtcp.TransportLayerCC {
	cc := &rtcp.TransportLayerCC{
		BaseSequenceNumber: first, PacketStatusCount: uint16(n), ReferenceTime: 1000,
		PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{
			PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: uint16(n),
		}},
	}
	for range n {
		cc.RecvDeltas = append(cc.RecvDeltas, &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 1000})
	}
	return cc
}

// TestFeedback of every form is taken, and of none more than was sent.
func TestFeedback(t *testing.T) {
	s, _, _, out := newSender(t)
	write(t, out, 40, 1100)
	for _, cc := range []*rtcp.TransportLayerCC{
		feedback(0, 20), feedback(0, 20), feedback(60000, 100), {}, feedback(20, 20),
		{PacketStatusCount: 65535, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: 1, RunLength: 8191}}},
		{PacketStatusCount: 2, PacketChunks: []rtcp.PacketStatusChunk{&rtcp.StatusVectorChunk{SymbolList: []uint16{0, 9, 1, 2}}}},
	} {
		s.answer(cc)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.history.acked != 40 {
		t.Errorf("%d packets are known of", s.history.acked)
	}
}

// TestReferenceTurns: 24 bits of the feedback's time do not end after twelve days.
func TestReferenceTurns(t *testing.T) {
	var a answers
	before := a.base(1<<24 - 1)
	if after := a.base(0); after-before != referenceUnit {
		t.Errorf("%v", after-before)
	}
	if again := a.base(1<<24 - 1); again != before {
		t.Errorf("an older one: %v, not %v", again, before)
	}
}

// TestLostPacketIsAskedFor: soon, again while it does not come, and not for ever.
func TestLostPacketIsAskedFor(t *testing.T) {
	r := NewNackRequester(quiet())
	s := &incoming{ssrc: 7, missing: map[uint16]*missingPacket{}}
	r.streams[7] = s
	now := time.Unix(1000, 0)
	for _, seq := range []uint16{65534, 65535, 2, 1} {
		r.arrived(s, seq, now)
	}
	if asked, more := r.requests(now); len(asked) != 0 || !more {
		t.Errorf("asked at once: %v", asked)
	}
	times := 0
	for end := now.Add(5 * time.Second); now.Before(end); now = now.Add(nackTick) {
		asked, _ := r.requests(now)
		for _, p := range asked {
			times++
			if n := p.(*rtcp.TransportLayerNack); n.Nacks[0].PacketID != 0 || n.Nacks[0].LostPackets != 0 {
				t.Fatalf("asked for %v", n.Nacks)
			}
		}
	}
	if times < 3 || times > maxTries || len(s.missing) != 0 {
		t.Errorf("asked %d times, %d are still missing", times, len(s.missing))
	}
	r.arrived(s, 40000, now) // another stream
	if len(s.missing) != 0 {
		t.Errorf("%d are missing of another stream", len(s.missing))
	}
	r.arrived(s, 40900, now)
	if len(s.missing) > maxMissing {
		t.Errorf("%d are missing", len(s.missing))
	}
}

// TestReceiverTellsAFall: when the line becomes narrow the server is told in a row of
// falling estimates, the last of which is less than the line carries.
func TestReceiverTellsAFall(t *testing.T) {
	r := NewReceiver(quiet())
	r.streams[7] = true
	now, sent, arrives := time.Unix(1000, 0), uint64(1<<24-1<<18), time.Duration(0)
	r.began = now
	send := func(every time.Duration, rate int, packets int) {
		for range packets {
			sent += uint64(every) << 18 / uint64(time.Second)
			arrives += max(every, time.Duration(1200*8)*time.Second/time.Duration(rate))
			r.arrived(sent%(1<<24), 1200, false, now.Add(arrives))
		}
	}
	send(5*time.Millisecond, 3_000_000, 600)
	if reports := r.reports(now.Add(arrives)); len(reports) != 1 {
		t.Fatalf("%d reports of a wide line", len(reports))
	}
	send(5*time.Millisecond, 300_000, 30)
	reports := r.reports(now.Add(arrives))
	if len(reports) != fallSteps {
		t.Fatalf("%d reports of a narrow line", len(reports))
	}
	last := float32(1e9)
	for _, p := range reports {
		remb := p.(*rtcp.ReceiverEstimatedMaximumBitrate)
		if remb.Bitrate >= last || !slices.Equal(remb.SSRCs, []uint32{7}) {
			t.Errorf("%v after %v", remb, last)
		}
		last = remb.Bitrate
	}
	if last > 1_000_000 {
		t.Errorf("told %v bit/s", last)
	}
}

// TestGoroutinesEnd with the connection, twice closed or not.
func TestGoroutinesEnd(t *testing.T) {
	for _, i := range []interceptor.Interceptor{
		NewSender(new(bandwidth.Budget), quiet()), NewReceiver(quiet()), NewNackRequester(quiet()),
	} {
		i.BindRTCPWriter(new(told).writer())
		for range 2 {
			if err := i.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// FuzzFeedback: whatever a server answers, nothing breaks.
func FuzzFeedback(f *testing.F) {
	if b, err := feedback(0, 20).Marshal(); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := NewSender(new(bandwidth.Budget), quiet())
		for range 50 {
			s.history.add(s.now(), 1200, 0)
		}
		packets, err := rtcp.Unmarshal(data)
		if err != nil {
			return
		}
		for _, p := range packets {
			if cc, is := p.(*rtcp.TransportLayerCC); is {
				s.answer(cc)
			}
		}
		if s.estimator.Rate() <= 0 {
			t.Error(s.estimator.Rate())
		}
	})
}
