package audio

import (
	"testing"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

// BenchmarkMix50Voices is 20 ms of fifty people talking at once: jitter buffers,
// decoders, mix and limiter. "core-%" is the share of a core that it takes.
func BenchmarkMix50Voices(b *testing.B) {
	packets := encoded(b, speech(4*call.SampleRate, 1))
	m := NewMixer(silent.Log())
	defer m.Close()
	m.SetSpeaker(&fakeSpeaker{})
	var sources []*source
	for range 50 {
		j, err := newJitterBuffer()
		if err != nil {
			b.Fatal(err)
		}
		defer j.close()
		s := &source{jitter: j, log: silent.Log()}
		sources = append(sources, s)
		m.add(s)
	}
	stereo := make([]int16, 960)
	at, i := int64(0), 0
	for b.Loop() {
		for k, s := range sources {
			s.ring.put(rtpPacket{ssrc: 1, seq: uint16(i), timestamp: uint32(i * 960), payload: packets[(i+k)%len(packets)]}, at)
		}
		i++
		for range 2 {
			m.mu.Lock()
			m.pull(stereo, at)
			m.mu.Unlock()
			at += 480
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/(float64(b.N)*0.02)*100, "core-%")
}

// BenchmarkPumpFrame is 20 ms of our own microphone: level, voice, encoder.
func BenchmarkPumpFrame(b *testing.B) {
	pcm := speech(4*call.SampleRate, 1)
	p := &Pump{log: silent.Log(), now: newFakeClock().now}
	p.Send(discard{})
	s := sender{pump: p, voice: newVoiceDetector()}
	defer s.close()
	i := 0
	for b.Loop() {
		copy(s.mono[:], pcm[i*960:(i+1)*960])
		if err := s.frame(s.mono[:]); err != nil {
			b.Fatal(err)
		}
		i = (i + 1) % 200
	}
	b.ReportMetric(b.Elapsed().Seconds()/(float64(b.N)*0.02)*100, "core-%")
}

// discard is a track that takes everything.
type discard struct{ call.LocalTrack }

func (discard) WriteFrame(call.EncodedFrame) error { return nil }
