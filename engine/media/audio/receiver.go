package audio

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"foyer/engine/call"
	"foyer/engine/internal/guard"
)

const (
	// maxRTPBytes is more than any packet that gets through the internet.
	maxRTPBytes = 1600
	// playoutFresh is how old a playing position may be for PlayoutTime.
	playoutFresh = 500 * time.Millisecond
	// reportReach is how far a sender report may be from the audio it dates;
	// reports come every 5 s or so.
	reportReach = 5 * time.Minute
)

// Receiver decodes one remote track into the mix. It implements [call.Receiver].
type Receiver struct {
	mixer  *Mixer
	track  call.RemoteTrack
	log    logrus.FieldLogger
	source *source // nil if the decoder could not be made
	bytes  atomic.Uint64
	once   sync.Once
	done   chan struct{}
}

var _ call.Receiver = (*Receiver)(nil)

// NewReceiver starts to receive t and to mix it into m.
func NewReceiver(m *Mixer, t call.RemoteTrack, log logrus.FieldLogger) *Receiver {
	r := &Receiver{
		mixer: m, track: t, done: make(chan struct{}),
		log: log.WithFields(logrus.Fields{"identity": t.Owner(), "track": t.Info().SID}),
	}
	jb, err := newJitterBuffer()
	if err != nil { // out of memory; the stay goes on without this voice
		r.log.WithError(err).Error("audio cannot be decoded")
		close(r.done)
		return r
	}
	r.source = &source{jitter: jb, log: r.log}
	m.add(r.source)
	go r.run()
	return r
}

// run reads the network until the track ends.
func (r *Receiver) run() {
	defer close(r.done)
	defer guard.Recover(r.log, "reader of an audio track")
	buf := make([]byte, maxRTPBytes)
	for {
		n, err := r.track.ReadRTP(buf)
		if err != nil {
			r.log.WithError(err).Debug("track ended")
			return
		}
		r.bytes.Add(uint64(n))
		p, err := parseRTP(buf[:n])
		if err != nil {
			r.source.garbage.Add(1)
			continue
		}
		p.red = strings.EqualFold(r.track.MIME(), call.MIMERED)
		r.source.ring.put(p, r.mixer.clock())
	}
}

// Slot is nil: audio has no frame.
func (r *Receiver) Slot() *call.FrameSlot { return nil }

// Show has no effect: audio is heard as long as it is received.
func (r *Receiver) Show(bool) {}

// SetGain multiplies what is mixed from now on. It moves there within a few
// milliseconds, so that nothing clicks.
func (r *Receiver) SetGain(gain float32) {
	if r.source != nil {
		r.source.gain.set(gain)
	}
}

// Stats counts since the beginning. Level is the loudness of the last 100 ms
// that were played, on the scale of [Pump.Level].
func (r *Receiver) Stats() call.RemoteStats {
	info := r.track.Info()
	s := call.RemoteStats{
		ID: r.track.Owner(), SID: info.SID, Source: info.Source, Bytes: r.bytes.Load(), Codec: r.track.MIME(),
	}
	if r.source == nil {
		return s
	}
	snap := r.source.latest()
	s.FramesDecoded = snap.decoded
	s.PacketsLost = uint64(max(0, snap.lost))
	s.JitterMS = snap.jitter / samplesPerMS
	s.DelayMS = snap.delay / samplesPerMS
	s.ConcealedMS = snap.madeUp / samplesPerMS
	s.Recovered = snap.recovered
	s.Level = snap.level
	return s
}

// PlayoutTime tells which instant of the sender's wall clock is heard here at
// which local time. It fails while nothing is played, without a speaker and
// before the first sender report.
func (r *Receiver) PlayoutTime() (ntp, at time.Time, ok bool) {
	if r.source == nil {
		return time.Time{}, time.Time{}, false
	}
	speaker, delay := r.mixer.playing()
	reported, rtp, known := r.track.SenderReport()
	snap := r.source.latest()
	if speaker == nil || !known || !snap.playing {
		return time.Time{}, time.Time{}, false
	}
	if r.mixer.now().Sub(r.mixer.epoch)-durationOf(snap.pulled) > playoutFresh {
		return time.Time{}, time.Time{}, false
	}
	since := durationOf(int64(int32(uint32(snap.position) - rtp)))
	if since > reportReach || since < -reportReach {
		return time.Time{}, time.Time{}, false
	}
	heard := snap.position + int64(math.Round(snap.offset)) + int64(delay)
	return reported.Add(since), r.mixer.epoch.Add(durationOf(heard)), true
}

// Close stops receiving, takes the track out of the mix and waits for the
// receiver's goroutine.
func (r *Receiver) Close() {
	r.track.Interrupt()
	<-r.done
	r.once.Do(func() {
		if r.source != nil {
			r.mixer.remove(r.source)
			r.source.jitter.close()
			r.report()
		}
	})
}

// report logs how the track went; the source is not pulled any more.
func (r *Receiver) report() {
	j := r.source.jitter
	r.log.WithFields(logrus.Fields{
		"decoded": j.stats.decoded, "lost": j.packets.lost, "restored": j.stats.restored, "recovered": j.stats.recovered,
		"late": j.stats.late, "duplicates": j.stats.duplicates, "skipped": j.stats.skipped,
		"malformed": j.stats.malformed + r.source.garbage.Load(), "overflown": r.source.ring.dropped.Load(),
		"made_up_ms": j.stats.madeUp / samplesPerMS, "shortened_ms": j.stats.shortened / samplesPerMS,
		"lengthened_ms": j.stats.lengthened / samplesPerMS,
	}).Debug("audio of a track ended")
}

// source is a receiver's side of the mix: the network puts into ring, everything
// else belongs to the holder of the mixer's mu, except the snapshot.
type source struct {
	ring    packetRing
	garbage atomic.Uint64
	jitter  *jitterBuffer
	meter   meter // before the gain
	gain    gain
	log     logrus.FieldLogger
	broken  bool // it panicked: it is not pulled again

	mu   sync.Mutex // held for a copy only; the player never waits for it
	snap snapshot
}

// snapshot is what others may know of the playing side.
type snapshot struct {
	decoded   uint64
	madeUp    uint64
	recovered uint64
	lost      int64
	jitter    float64 // samples
	delay     float64 // samples
	level     float32
	playing   bool
	position  int64   // timestamp at the end of the last pull
	offset    float64 // mean of local time minus position
	pulled    int64   // local time up to which was pulled
}

// pull is jitterBuffer.pull with what has arrived since the last one. A panic
// leaves the source broken and silent: it costs one voice, not the mix.
func (s *source) pull(stereo []int16, at int64) (audible bool) {
	if s.broken {
		return false
	}
	s.broken = true
	defer guard.Recover(s.log, "decoder of an audio track")
	audible = s.play(stereo, at)
	s.broken = false
	return audible
}

func (s *source) play(stereo []int16, at int64) bool {
	if !s.ring.drain(s.jitter.push) {
		s.jitter.forget()
	}
	audible := s.jitter.pull(stereo, at)
	s.meter.add(stereo, 2)
	s.publish(at + int64(len(stereo)/2))
	return audible
}

// publish makes the snapshot after a pull that reaches up to the local time end,
// unless somebody is just reading the last one.
func (s *source) publish(end int64) {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	j := s.jitter
	s.snap = snapshot{
		decoded: j.stats.decoded, madeUp: j.stats.madeUp, recovered: j.stats.restored + j.stats.recovered,
		lost:   j.packets.lost,
		jitter: j.delay.jitter, level: s.meter.level(),
		playing: j.playing, position: j.position(), offset: j.offset, pulled: end,
	}
	if j.playing {
		s.snap.delay = j.current()
	}
}

func (s *source) latest() snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snap
}
