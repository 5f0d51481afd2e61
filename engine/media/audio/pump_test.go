package audio

import (
	"errors"
	"math"
	"testing"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
	"foyer/engine/media/opus"
)

func TestPumpSendsWhatItHears(t *testing.T) {
	mic, track, clock := newFakeMic(), &fakeTrack{}, newFakeClock()
	p := newPump(mic, nil, silent.Log(), clock.now)
	if p.Preview() != nil {
		t.Error("a microphone has a preview")
	}
	pcm := speech(2*call.SampleRate, 1)
	mic.say(t, pcm[:9600]) // nobody listens yet
	p.Send(track)
	for at := 0; at+960 <= len(pcm); at += 960 {
		mic.say(t, pcm[at:at+960])
		clock.advance(frameDuration)
	}
	mic.say(t, make([]int16, 960)) // the one before is through when this is taken
	frames := track.sent()
	if len(frames) < 99 || len(frames) > 102 {
		t.Fatalf("%d frames", len(frames))
	}
	var packets [][]byte
	for i, f := range frames {
		packets = append(packets, f.Data)
		if want := frames[0].PTS + time.Duration(i)*frameDuration; f.PTS != want {
			t.Fatalf("frame %d at %v, want %v", i, f.PTS, want)
		}
	}
	_, alike := likeness(decoded(t, packets), pcm, 0)
	if alike < 0.9 {
		t.Errorf("what is sent correlates by %.2f with what was said", alike)
	}
	s := p.Stats()
	if s.Source != call.SourceMicrophone || s.SID != "TR_local" || s.Layers != 1 || int(s.Frames) < len(frames) || s.Bytes < 2000 || math.Abs(s.FPS-50) > 2 {
		t.Errorf("stats %+v", s)
	}
	p.Send(nil)
	before := len(track.sent())
	mic.say(t, pcm[:4800])
	if n := len(track.sent()); n > before+1 {
		t.Errorf("%d frames after Send(nil)", n-before)
	}
	if s := p.Stats(); s.Frames != 0 || s.Layers != 0 {
		t.Errorf("stats without a track %+v", s)
	}
	if err := mic.Close(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	p.Close()
	if p.Level() != 0 {
		t.Error("level of a closed microphone")
	}
}

func TestPumpMeasuresLoudness(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pcm   []int16
		dBov  uint8
		level float64
		voice bool
	}{
		{"silence", make([]int16, 9600), 127, 0, false},
		{"full scale", tone(500, 32767, 9600), 3, 0.95, true},
		{"-20 dB", tone(500, 3276.7, 9600), 23, 0.617, true},
		{"-70 dB", tone(500, 10, 9600), 73, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mic, track := newFakeMic(), &fakeTrack{}
			p := NewPump(mic, nil, silent.Log())
			defer p.Close()
			defer func() { _ = mic.Close() }()
			p.Send(track)
			mic.say(t, tt.pcm)
			track.writes.await(t, "all frames", 10)
			f := track.sent()[9]
			if diff := int(f.AudioDBov) - int(tt.dBov); diff < -1 || diff > 1 {
				t.Errorf("-%d dBov, want -%d", f.AudioDBov, tt.dBov)
			}
			if got := float64(p.Level()); math.Abs(got-tt.level) > 0.02 {
				t.Errorf("level %.3f, want %.3f", got, tt.level)
			}
			if f.Voice != tt.voice {
				t.Errorf("voice %v", f.Voice)
			}
		})
	}
}

func TestVoiceDetectorIgnoresTheRoom(t *testing.T) {
	v := newVoiceDetector()
	count := func(n int, dBov float64) (voiced int) {
		for range n {
			if v.frame(dBov) {
				voiced++
			}
		}
		return voiced
	}
	count(1500, -45) // a fan
	if n := count(100, -45); n > 0 {
		t.Errorf("a steady noise counts as voice in %d of 100 frames", n)
	}
	if n := count(50, -25); n != 50 {
		t.Errorf("speech over the noise is found in %d of 50 frames", n)
	}
	if n := count(50, -45); n < 5 || n > 15 {
		t.Errorf("the mark stays for %d frames", n)
	}
}

func TestPumpEndsWithItsDevice(t *testing.T) {
	for name, end := range map[string]func(*fakeMic){
		"closed": func(m *fakeMic) { _ = m.Close() },
		"lost":   func(m *fakeMic) { close(m.lost) },
	} {
		t.Run(name, func(t *testing.T) {
			mic := newFakeMic()
			p := NewPump(mic, nil, silent.Log())
			p.Send(&fakeTrack{})
			mic.say(t, tone(500, 9000, 4800))
			end(mic)
			start := time.Now()
			p.Close()
			if took := time.Since(start); took > time.Second {
				t.Errorf("closed after %v", took)
			}
			if p.Level() != 0 {
				t.Error("a level without a device")
			}
		})
	}
}

func TestPumpSurvivesAFailingTrack(t *testing.T) {
	mic, bad, good := newFakeMic(), &fakeTrack{fail: errors.New("broken")}, &fakeTrack{}
	p := NewPump(mic, nil, silent.Log())
	defer p.Close()
	defer func() { _ = mic.Close() }()
	p.Send(bad)
	mic.say(t, tone(500, 9000, 4800))
	if s := p.Stats(); s.Frames != 0 {
		t.Errorf("%d frames counted that were not taken", s.Frames)
	}
	p.Send(good)
	mic.say(t, tone(500, 9000, 4800))
	good.writes.await(t, "frames", 4)
}

// One microphone after another takes over the track, and its sending stops now and
// then: each begins where the track's clock stands, and counts its samples from
// there.
func TestTrackClockGoesOnWithAnotherMicrophone(t *testing.T) {
	const pause, frames = time.Minute, 10
	clock := newFakeClock()
	began := clock.now()
	track := &fakeTrack{begin: func() time.Duration { return clock.now().Sub(began) }}
	var want []time.Duration
	for range 3 {
		mic := newFakeMic()
		p := newPump(mic, nil, silent.Log(), clock.now)
		for range 2 {
			clock.advance(pause)
			p.Send(track)
			for i := range frames {
				want = append(want, track.begin()+time.Duration(i)*frameDuration)
			}
			mic.say(t, make([]int16, frames*opus.FrameSamples))
			track.writes.await(t, "all frames", len(want))
			p.Send(nil)
		}
		_ = mic.Close()
		p.Close()
	}
	for i, f := range track.sent() {
		if f.PTS != want[i] {
			t.Fatalf("frame %d at %v, want %v", i, f.PTS, want[i])
		}
	}
}
