package bandwidth

import (
	"math/rand/v2"
	"testing"
	"time"
)

// line is a narrow line with a queue in front of it, in virtual time.
type line struct {
	rate  int // bit/s
	queue time.Duration
	delay time.Duration // of the way, both ways
	loss  float64       // of itself
	free  time.Duration // when what waits is through
}

// send returns when a packet arrives, if it does.
func (l *line) send(at time.Duration, bytes int, random *rand.Rand) (arrives time.Duration, ok bool) {
	wait := max(l.free-at, 0)
	if wait > l.queue {
		return 0, false
	}
	l.free = max(l.free, at) + time.Duration(bytes*8)*time.Second/time.Duration(l.rate)
	return l.free + l.delay, random.Float64() >= l.loss
}

// simulation sends what an estimator allows over a line, and answers each 100 ms.
type simulation struct {
	*Estimator
	line    line
	random  *rand.Rand
	now     time.Duration
	start   time.Time
	carry   float64 // bits that are due
	unsent  []flight
	lost    int
	longest time.Duration // queue
	most    int           // bit/s that there are to send
}

type flight struct{ sent, arrives time.Duration }

const simPacket = 1200

func simulate(rate int) *simulation {
	return &simulation{
		Estimator: NewEstimator(300_000), line: line{rate: rate, queue: 2 * time.Second, delay: 20 * time.Millisecond},
		random: rand.New(rand.NewPCG(1, 2)), start: time.Unix(1000, 0), most: 5_000_000, //nolint:gosec // the same each time
	}
}

func (s *simulation) run(d time.Duration) {
	for end := s.now + d; s.now < end; s.now += 5 * time.Millisecond {
		for s.carry += float64(min(s.Usable(s.start.Add(s.now)), s.most)) * 0.005; s.carry > 0; s.carry -= simPacket * 8 {
			arrives, ok := s.line.send(s.now, simPacket, s.random)
			if !ok {
				s.lost++
				continue
			}
			// A receiver is never exactly on time.
			arrives += time.Duration(s.random.IntN(2000)) * time.Microsecond
			s.unsent = append(s.unsent, flight{s.now, arrives})
		}
		s.longest = max(s.longest, s.line.free-s.now)
		if s.now%(100*time.Millisecond) == 0 {
			s.answer()
		}
	}
}

func (s *simulation) answer() {
	now := s.start.Add(s.now)
	n := 0
	for n < len(s.unsent) && s.unsent[n].arrives < s.now-s.line.delay {
		s.Arrived(s.unsent[n].sent, s.unsent[n].arrives, simPacket, now)
		n++
	}
	s.Lost(s.lost, s.lost+n, now)
	s.unsent, s.lost = s.unsent[n:], 0
	if n > 0 {
		s.Update(2*s.line.delay, now)
	}
}

// probe sends a probe of a rate, without the packets themselves.
func (s *simulation) probe(rate int) {
	now := s.start.Add(s.now)
	s.Probing(now)
	if rate <= s.line.rate {
		s.Probed(float64(rate), false, now)
	} else {
		s.Probed(float64(s.line.rate), true, now)
	}
}

// TestNarrowLine: the rate comes close to what the line carries, and its long queue
// stays short.
func TestNarrowLine(t *testing.T) {
	for _, rate := range []int{250_000, 500_000, 1_500_000} {
		s := simulate(rate)
		s.probe(3 * 300_000)
		s.run(10 * time.Second)
		s.longest = 0
		s.run(30 * time.Second)
		if got := s.Rate(); got < rate*6/10 || got > rate*11/10 {
			t.Errorf("a line of %d is taken for %d", rate, got)
		}
		if s.longest > 300*time.Millisecond {
			t.Errorf("a line of %d queued %v", rate, s.longest)
		}
	}
}

// TestLineBecomesNarrow: within two seconds no more is sent than goes through, and what
// has queued meanwhile drains; when the line is wide again, a probe finds it.
func TestLineBecomesNarrow(t *testing.T) {
	s := simulate(3_000_000)
	s.line.queue = 500 * time.Millisecond
	s.most = 2_400_000
	s.probe(2_600_000)
	s.run(10 * time.Second)
	if got := s.Rate(); got < 2_300_000 {
		t.Fatalf("a wide line is taken for %d", got)
	}
	s.line.rate = 300_000
	s.run(2 * time.Second)
	if got := s.Rate(); got > 400_000 {
		t.Errorf("2 s later: %d", got)
	}
	s.run(3 * time.Second)
	s.longest = 0
	s.run(20 * time.Second)
	if s.longest > 300*time.Millisecond {
		t.Errorf("queued: %v", s.longest)
	}
	s.line.rate = 3_000_000
	s.run(time.Second)
	s.probe(2_600_000)
	if got := s.Rate(); got < 2_500_000 {
		t.Errorf("wide again: %d", got)
	}
}

// TestLossOfTheLine: what is lost at any rate does not lower it without end.
func TestLossOfTheLine(t *testing.T) {
	s := simulate(10_000_000)
	s.line.loss = 0.2
	s.most = 2_000_000
	s.probe(2_000_000)
	s.run(60 * time.Second)
	if got := s.Rate(); got < 1_000_000 {
		t.Errorf("20 %% loss on a wide line: %d", got)
	}
}

// TestStall: nothing is heard of what was sent.
func TestStall(t *testing.T) {
	s := simulate(3_000_000)
	s.probe(2_600_000)
	s.run(5 * time.Second)
	for range 20 {
		s.now += backOffEvery
		s.Stalled(s.start.Add(s.now))
	}
	if got := s.Rate(); got != stalledLeast {
		t.Errorf("%d", got)
	}
}

// TestSeveralReaders: packets that are read a little out of order do not hide a queue.
func TestSeveralReaders(t *testing.T) {
	e := NewEstimator(3_000_000)
	now := time.Unix(1000, 0)
	down := false
	for i := range 400 {
		sent := time.Duration(i) * 5 * time.Millisecond
		if i%4 == 0 {
			sent -= 12 * time.Millisecond
		}
		arrived := sent + time.Duration(i)*time.Millisecond // ever longer
		e.Arrived(sent, arrived, simPacket, now.Add(arrived))
		down = e.Update(0, now.Add(arrived)) || down
	}
	if !down {
		t.Error("a queue that grows was not seen")
	}
}
