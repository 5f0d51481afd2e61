package audio

import (
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
	"foyer/engine/media/voice"
)

const (
	// drainTick is how often the audio is thrown away without a speaker.
	drainTick = 20 * time.Millisecond
	// drainMost limits what is caught up after a stall; a second is more than
	// every jitter buffer.
	drainMost = 1 * second
)

// Mixer plays any number of receivers on one speaker. One per engine.
type Mixer struct {
	log   logrus.FieldLogger
	now   func() time.Time
	epoch time.Time

	control sync.Mutex // serialises SetSpeaker and Close

	// mu is held by a fill while it mixes and by everybody else for an instant.
	mu      sync.Mutex
	sources []*source
	clips   []*clip
	speaker call.Speaker
	turn    int // of the speaker: an old one that still asks gets silence
	limiter limiter
	mix     [2 * maxPull]float32
	one     [2 * maxPull]int16
	fading  [2 * fadeIn]float32 // last audio of sources that were removed

	reference voice.Reference // what the speaker plays

	wake   chan struct{} // 1-slot: sources or speaker have changed
	closed chan struct{}
	once   sync.Once
	done   chan struct{}
}

// NewMixer starts a mixer without a speaker.
func NewMixer(log logrus.FieldLogger) *Mixer { return newMixer(log, time.Now) }

func newMixer(log logrus.FieldLogger, now func() time.Time) *Mixer {
	m := &Mixer{
		log: log, now: now, epoch: now(), limiter: newLimiter(),
		wake: make(chan struct{}, 1), closed: make(chan struct{}), done: make(chan struct{}),
	}
	go m.run()
	return m
}

// SetSpeaker plays on s from now on; the speaker before falls silent. nil plays
// nowhere.
func (m *Mixer) SetSpeaker(s call.Speaker) {
	m.control.Lock()
	defer m.control.Unlock()
	m.mu.Lock()
	old := m.speaker
	m.speaker = s
	m.turn++
	turn := m.turn
	m.mu.Unlock()
	if old != nil {
		old.Play(nil)
	}
	if s != nil {
		s.Play(func(stereo []int16) { m.fill(stereo, turn) })
	}
	m.signal()
}

// Close takes the mix off the speaker and waits for the mixer's goroutine. The
// receivers must be closed before.
func (m *Mixer) Close() {
	m.SetSpeaker(nil)
	m.once.Do(func() { close(m.closed) })
	<-m.done
}

func (m *Mixer) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// clock is the local time in samples.
func (m *Mixer) clock() int64 { return samplesOf(m.now().Sub(m.epoch)) }

// samplesOf and durationOf convert at 48 kHz.
func samplesOf(d time.Duration) int64 { return int64(d) * (second / 1000) / int64(time.Millisecond) }

func durationOf(samples int64) time.Duration {
	return time.Duration(samples) * time.Millisecond / samplesPerMS
}

// fill is the speaker's callback.
func (m *Mixer) fill(stereo []int16, turn int) {
	defer guard.Recover(m.log, "mixer")
	m.mu.Lock()
	defer m.mu.Unlock()
	if turn != m.turn {
		clear(stereo)
		return
	}
	now := m.clock()
	m.pull(stereo, now)
	m.playClips(stereo)
	m.reference.Write(stereo, now)
}

// pull mixes what is due at the local time at. m.mu is held.
func (m *Mixer) pull(stereo []int16, at int64) {
	for len(stereo) > 0 {
		n := min(len(stereo), 2*maxPull)
		m.pullSome(stereo[:n], at)
		stereo = stereo[n:]
	}
}

func (m *Mixer) pullSome(stereo []int16, at int64) {
	mix, one := m.mix[:len(stereo)], m.one[:len(stereo)]
	clear(mix)
	n := copy(mix, m.fading[:])
	copy(m.fading[:], m.fading[n:])
	clear(m.fading[len(m.fading)-n:])
	for _, s := range m.sources {
		if s.pull(one, at) {
			s.gain.add(mix, one)
		} else {
			s.gain.settle()
		}
	}
	m.sources = slices.DeleteFunc(m.sources, func(s *source) bool { return s.broken })
	m.limiter.apply(mix, stereo)
}

// add takes a source into the mix.
func (m *Mixer) add(s *source) {
	m.mu.Lock()
	m.sources = append(m.sources, s)
	m.mu.Unlock()
	m.signal()
}

// remove takes a source out of the mix, without a click. It is not pulled any
// more when remove returns.
func (m *Mixer) remove(s *source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.Index(m.sources, s)
	if i < 0 {
		return
	}
	m.sources = slices.Delete(m.sources, i, i+1)
	tail := m.one[:len(m.fading)]
	if s.pull(tail, m.clock()) {
		ramp(tail, 1, 0)
		s.gain.add(m.fading[:], tail)
	}
}

// playing is the speaker and its delay in samples; nil without one.
func (m *Mixer) playing() (call.Speaker, int) {
	m.mu.Lock()
	s := m.speaker
	m.mu.Unlock()
	if s == nil {
		return nil, 0
	}
	return s, s.Delay()
}

// run pulls at real time while there are receivers but no speaker.
func (m *Mixer) run() {
	defer close(m.done)
	defer guard.Recover(m.log, "mixer without a speaker")
	ticker := time.NewTicker(drainTick)
	defer ticker.Stop()
	drained := m.clock()
	waste := make([]int16, 2*maxPull)
	for {
		if m.needed() {
			select {
			case <-m.closed:
				return
			case <-ticker.C:
				m.drain(&drained, waste)
			}
			continue
		}
		ticker.Stop()
		select {
		case <-m.closed:
			return
		case <-m.wake:
		}
		ticker.Reset(drainTick)
		drained = m.clock()
		m.log.WithField("without_speaker", m.needed()).Debug("mix has changed")
	}
}

// needed reports whether the mixer must pull by itself.
func (m *Mixer) needed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.speaker == nil && len(m.sources) > 0
}

// drain pulls up to the present and throws the audio away.
func (m *Mixer) drain(drained *int64, waste []int16) {
	now := m.clock()
	*drained = max(*drained, now-drainMost)
	for *drained < now {
		n := min(now-*drained, maxPull)
		m.discard(waste[:2*n], now)
		*drained += n
	}
}

func (m *Mixer) discard(waste []int16, at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.speaker == nil {
		m.pull(waste, at)
	}
}
