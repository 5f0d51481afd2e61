package media

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sort"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testW, testH = 192, 112
	// clean is the least PSNR of a frame that only the codec has touched.
	clean = 27
)

// noAudio is the clock of a participant without audio.
type noAudio struct{}

func (noAudio) PlayoutTime() (ntp, at time.Time, ok bool) { return }

// stage is a receiver with its fake track, and what it has shown.
type stage struct {
	t     *testing.T
	track *fakeTrack
	r     *videoReceiver
	seq   uint64
	shown []int // numbers of the frames, in order
}

func newStage(t *testing.T, clock playoutClock) *stage {
	t.Helper()
	s := &stage{t: t, track: newFakeTrack()}
	s.r = newVideoReceiver(new(budget), s.track, clock, silent.Log())
	t.Cleanup(s.r.Close)
	s.r.Slot().SetView(call.View{Width: testW, Height: testH})
	return s
}

// look waits until all is quiet and checks the frame in the slot, if it is
// new: it must be one of the film, undamaged, and newer than the one before.
func (s *stage) look() {
	s.t.Helper()
	synctest.Wait()
	img, seq := s.r.Slot().Latest()
	if seq == s.seq || img == nil {
		s.seq = seq
		return
	}
	s.seq = seq
	n := number(img)
	if q := fidelity(s.t, img, n, testW, testH); q < clean {
		s.t.Errorf("frame %d is damaged: %.1f dB", n, q)
	}
	if len(s.shown) > 0 && n <= s.shown[len(s.shown)-1] {
		s.t.Errorf("frame %d after %d", n, s.shown[len(s.shown)-1])
	}
	s.shown = append(s.shown, n)
}

func (s *stage) give(packets ...[]byte) {
	s.t.Helper()
	for _, p := range packets {
		s.track.give(p)
		s.look()
	}
}

func TestEveryFrameShownAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		begin := time.Now()
		for range 40 {
			s.give(src.next()...)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("frames waited for %v", took)
		}
		if len(s.shown) != 40 {
			t.Errorf("%d of 40 frames shown", len(s.shown))
		}
		st := s.r.Stats()
		if st.FramesDecoded != 40 || st.Width != testW || st.PacketsLost != 0 || st.FreezeMS != 0 || st.KeyRequests != 0 {
			t.Errorf("%+v", st)
		}
		s.r.Close()
		if img, _ := s.r.Slot().Latest(); img != nil {
			t.Error("a frame stays after Close")
		}
	})
}

// network is a model of a bad one.
type network struct {
	loss      float64
	repair    float64 // part of the lost that is sent again
	jitter    time.Duration
	duplicate float64
}

type arrival struct {
	at     time.Time
	packet []byte
}

// TestBadNetwork sends 10 s of video through models of bad networks and wants:
// no damaged frame ever, and enough good ones.
func TestBadNetwork(t *testing.T) {
	for _, tc := range []struct {
		name  string
		net   network
		least int // of 300 frames
	}{
		{"reordered and doubled", network{jitter: 12 * time.Millisecond, duplicate: 0.1}, 290},
		{"lost and sent again", network{loss: 0.03, repair: 1, jitter: 5 * time.Millisecond}, 200},
		{"lost for good", network{loss: 0.01, jitter: 5 * time.Millisecond}, 80},
		{"terrible", network{loss: 0.1, repair: 0.8, jitter: 40 * time.Millisecond, duplicate: 0.3}, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { tc.net.run(t, tc.least) })
		})
	}
}

func (net network) run(t *testing.T, least int) {
	s := newStage(t, noAudio{})
	src := newSource(t, testW, testH)
	s.track.onKey = func() { src.force.Store(true) }
	rnd := rand.New(rand.NewPCG(3, 5))
	var flying []arrival
	begin := time.Now()
	for n := range 300 {
		for _, p := range src.next() {
			flying = append(flying, net.send(rnd, p, begin.Add(time.Duration(n)*time.Second/30))...)
		}
		sort.SliceStable(flying, func(i, j int) bool { return flying[i].at.Before(flying[j].at) })
		end := begin.Add(time.Duration(n+1) * time.Second / 30)
		for len(flying) > 0 && flying[0].at.Before(end) {
			time.Sleep(time.Until(flying[0].at))
			s.look() // what a timer has shown in the meantime
			s.give(flying[0].packet)
			flying = flying[1:]
		}
		time.Sleep(time.Until(end))
		s.look()
	}
	st := s.r.Stats()
	t.Logf("%d of 300 shown, %+v", len(s.shown), st)
	if len(s.shown) < least {
		t.Errorf("%d frames shown, want at least %d", len(s.shown), least)
	}
	if net.loss > net.loss*net.repair && (st.PacketsLost == 0 || st.FreezeMS == 0 || st.KeyRequests == 0) {
		t.Errorf("loss is not counted: %+v", st)
	}
	s.r.Close()
}

func (net network) send(rnd *rand.Rand, p []byte, at time.Time) []arrival {
	delay := func() time.Duration { return time.Duration(rnd.Float64() * float64(net.jitter)) }
	var out []arrival
	switch {
	case rnd.Float64() >= net.loss:
		out = append(out, arrival{at.Add(delay()), p})
	case rnd.Float64() < net.repair:
		out = append(out, arrival{at.Add(120*time.Millisecond + delay()), p})
	}
	if len(out) > 0 && rnd.Float64() < net.duplicate {
		out = append(out, arrival{out[0].at.Add(delay()), p})
	}
	return out
}

// TestFrozenUntilKeyFrame: after a loss nothing is shown until a key frame, and
// that one at once, without waiting for the gap to be given up.
func TestFrozenUntilKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		for range 10 {
			s.give(src.next()...)
			time.Sleep(33 * time.Millisecond)
		}
		lost := src.next()
		s.give(lost[:len(lost)-1]...)
		for range 12 { // 400 ms
			s.give(src.next()...)
			time.Sleep(33 * time.Millisecond)
		}
		if n := len(s.shown); n != 10 {
			t.Errorf("%d frames shown, want the 10 before the loss", n)
		}
		if s.track.keys.Load() == 0 {
			t.Error("no key frame was asked for")
		}
		src.force.Store(true)
		s.give(src.next()...)
		if n := len(s.shown); n != 11 {
			t.Errorf("the key frame was not shown: %d", n)
		}
		if st := s.r.Stats(); st.FreezeMS < 350 || st.FreezeMS > 500 || st.PacketsLost != 1 {
			t.Errorf("%+v", st)
		}
		// The next gap: a key frame behind it makes waiting needless.
		src.next()
		src.force.Store(true)
		s.give(src.next()...)
		if n := len(s.shown); n != 12 {
			t.Errorf("the key frame behind a gap was not shown at once: %d", n)
		}
		s.r.Close()
	})
}

// TestAsksForKeyFrame: a stream that begins in the middle is asked for a key
// frame at once, and again while it does not come, but not too often.
func TestAsksForKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		src.next()
		begin := time.Now()
		s.give(src.next()...)
		if n := s.track.keys.Load(); n != 1 {
			t.Fatalf("asked %d times after the first delta frame", n)
		}
		for time.Since(begin) < 5*time.Second {
			time.Sleep(33 * time.Millisecond)
			s.give(src.next()...)
		}
		if n := s.track.keys.Load(); n < 5 || n > 11 {
			t.Errorf("asked %d times in 5 s", n)
		}
		if len(s.shown) > 0 {
			t.Error("delta frames were shown")
		}
		s.r.Close()
	})
}

// TestSilentTrack: without any packet a key frame is asked for after 500 ms,
// and then ever more rarely.
func TestSilentTrack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		time.Sleep(600 * time.Millisecond)
		synctest.Wait()
		if n := s.track.keys.Load(); n != 1 {
			t.Errorf("asked %d times after 600 ms", n)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if n := s.track.keys.Load(); n < 5 || n > 14 {
			t.Errorf("asked %d times in 30 s", n)
		}
		s.r.Close()
	})
}

func TestResolutionChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		for _, size := range [][2]int{{64, 48}, {321, 181}, {640, 360}, {2, 2}, {testW, testH}} {
			src.w, src.h = size[0], size[1]
			for range 3 {
				s.track.give(src.next()...)
				synctest.Wait()
			}
			if w, h := s.r.Slot().SourceSize(); w != size[0] || h != size[1] {
				t.Errorf("%dx%d shown, %v sent", w, h, size)
			}
		}
		if st := s.r.Stats(); st.KeyRequests != 0 || st.FramesDecoded != 15 {
			t.Errorf("%+v", st)
		}
		s.r.Close()
	})
}

// TestOtherStream: another SSRC, payload type or a jump of the sequence numbers
// on the same track goes on with its key frame; single strays change nothing.
func TestOtherStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		show := func(what string) {
			t.Helper()
			before := len(s.shown)
			for range 4 {
				s.give(src.next()...)
				time.Sleep(33 * time.Millisecond)
			}
			if len(s.shown) == before {
				t.Errorf("nothing is shown after %s", what)
			}
		}
		show("the beginning")
		src.ssrc = 99
		src.force.Store(true)
		show("another SSRC")
		src.seq += 20000
		src.force.Store(true)
		show("a jump")
		stray := src.next()
		binary.BigEndian.PutUint16(stray[0][2:], src.seq+9000)
		src.seq -= uint16(len(stray))
		s.give(stray[0])
		asked := s.track.keys.Load()
		src.force.Store(true)
		show("a stray")
		if s.track.keys.Load() != asked {
			t.Error("a stray packet voided the stream")
		}
		s.r.Close()
	})
}

// TestBlankFrame: the 8x8 frame of a server for a muted track takes the
// frame away.
func TestBlankFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		src := newSource(t, testW, testH)
		s.give(src.next()...)
		src.w, src.h = 8, 8
		s.give(src.next()...)
		if img, _ := s.r.Slot().Latest(); img != nil {
			t.Error("the old frame stays")
		}
		s.r.Close()
	})
}

// TestTrackEnds: the frame goes away when the track ends by itself.
func TestTrackEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		s.give(newSource(t, testW, testH).next()...)
		s.track.Interrupt()
		synctest.Wait()
		if img, _ := s.r.Slot().Latest(); img != nil {
			t.Error("the frame stays")
		}
		s.r.Close()
		s.r.Close()
	})
}

// TestHiddenTile: nothing is converted for a hidden tile; when it becomes
// visible the last frame comes without waiting for a new one.
func TestHiddenTile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, noAudio{})
		s.r.Slot().SetView(call.View{})
		src := newSource(t, testW, testH)
		s.give(src.next()...)
		if img, _ := s.r.Slot().Latest(); img != nil {
			t.Fatal("a frame for a hidden tile")
		}
		s.r.Slot().SetView(call.View{Width: testW, Height: testH})
		time.Sleep(keyRetry + time.Millisecond)
		s.look()
		if len(s.shown) != 1 {
			t.Error("no frame after the tile was shown")
		}
		s.r.Close()
	})
}

// audioAt is heard with a fixed delay to the sender's clock.
type audioAt struct {
	sender, local time.Time
	delay         time.Duration
}

func (c audioAt) PlayoutTime() (ntp, at time.Time, ok bool) {
	now := time.Now()
	return c.sender.Add(now.Sub(c.local)), now.Add(c.delay), true
}

// TestLipSync: frames wait for the audio that belongs to them.
func TestLipSync(t *testing.T) {
	for _, tc := range []struct {
		delay, want time.Duration
	}{
		{20 * time.Millisecond, 20 * time.Millisecond},
		{-200 * time.Millisecond, 0}, // the audio is earlier: no reason to wait
		{time.Minute, 0},             // clocks that cannot be right
	} {
		t.Run(fmt.Sprint(tc.delay), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The sender's clock is an hour ahead. The first frame is
				// taken and arrives now.
				begin := time.Now()
				sender := begin.Add(time.Hour)
				s := newStage(t, audioAt{sender: sender, local: begin, delay: tc.delay})
				s.track.report = func() (time.Time, uint32, bool) { return sender, 0, true }
				src := newSource(t, testW, testH)
				for n := range 10 {
					time.Sleep(time.Until(begin.Add(time.Duration(n) * time.Second / 30)))
					at := time.Now()
					s.track.give(src.next()...)
					if tc.want > 0 {
						time.Sleep(tc.want - 2*time.Millisecond)
						s.look()
						if len(s.shown) != 0 && s.shown[len(s.shown)-1] == n {
							t.Fatalf("frame %d is early", n)
						}
					}
					time.Sleep(time.Until(at.Add(tc.want + 2*time.Millisecond)))
					s.look()
					if len(s.shown) == 0 || s.shown[len(s.shown)-1] != n {
						t.Fatalf("frame %d is late: %v", n, s.shown)
					}
				}
				s.r.Close()
			})
		})
	}
}
