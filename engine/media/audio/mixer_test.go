package audio

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
	"foyer/engine/media/opus"
)

// room is a mixer on a virtual clock with any number of voices.
type room struct {
	t       testing.TB
	clock   *fakeClock
	mixer   *Mixer
	speaker *fakeSpeaker
	voices  []*talker
}

type talker struct {
	packets [][]byte
	sent    int
	track   *fakeRemote
	*Receiver
}

func newRoom(t testing.TB) *room {
	r := &room{t: t, clock: newFakeClock(), speaker: &fakeSpeaker{}}
	r.mixer = newMixer(silent.Log(), r.clock.now)
	r.mixer.SetSpeaker(r.speaker)
	t.Cleanup(func() {
		for _, v := range r.voices {
			v.Close()
		}
		r.mixer.Close()
	})
	return r
}

func (r *room) join(packets [][]byte) *talker {
	v := &talker{packets: packets, track: newFakeRemote()}
	v.Receiver = NewReceiver(r.mixer, v.track, silent.Log())
	r.voices = append(r.voices, v)
	return v
}

// send lets a packet arrive now.
func (v *talker) send(t testing.TB) {
	t.Helper()
	v.track.packets <- rtpBytes(uint16(v.sent), uint32(v.sent)*opus.FrameSamples, v.packets[v.sent%len(v.packets)])
	v.sent++
	v.track.reads.await(t, "the packet has been taken in", v.sent+1)
}

// play lets that many 20 ms pass and returns what comes out of the speaker.
func (r *room) play(frames int) []int16 {
	var out []int16
	for range frames {
		for _, v := range r.voices {
			if v.packets != nil {
				v.send(r.t)
			}
		}
		for range 2 {
			stereo := make([]int16, 960)
			r.speaker.callback()(stereo)
			out = append(out, stereo...)
			r.clock.advance(10 * time.Millisecond)
		}
	}
	return out
}

func TestOneVoiceIsHeardUnchanged(t *testing.T) {
	pcm := speech(4*call.SampleRate, 1)
	for i := range pcm { // not so loud that the limiter works
		pcm[i] /= 2
	}
	packets := encoded(t, pcm)
	r := newRoom(t)
	v := r.join(packets)
	heard := r.play(200)
	snr, alike := likeness(left(heard), decoded(t, packets), -int(60*samplesPerMS))
	if snr < 30 || alike < 0.99 {
		t.Errorf("%.1f dB, correlation %.3f", snr, alike)
	}
	s := v.Stats()
	if s.ID != "anna" || s.SID != "TR_anna" || s.Source != call.SourceMicrophone || s.FramesDecoded < 190 ||
		s.PacketsLost != 0 || s.DelayMS < 15 || s.DelayMS > 40 || s.ConcealedMS != 0 || s.Level == 0 || s.Bytes < 200*20 {
		t.Errorf("stats %+v", s)
	}
	if v.Slot() != nil {
		t.Error("audio has a slot")
	}
}

func TestTenVoicesDoNotClip(t *testing.T) {
	r := newRoom(t)
	for i := range 10 {
		pcm := speech(2*call.SampleRate, uint64(i))
		for j := range pcm {
			pcm[j] = int16(max(-32000, min(32000, 2*int(pcm[j]))))
		}
		r.join(encoded(t, pcm))
	}
	heard := r.play(120)[20000:]
	clipped, loud := 0, 0
	for _, v := range heard {
		if v == math.MaxInt16 || v <= -math.MaxInt16 {
			clipped++
		}
		if v > 20000 || v < -20000 {
			loud++
		}
	}
	t.Logf("%d of %d samples loud, %d clipped", loud, len(heard), clipped)
	if clipped > 0 || loud == 0 {
		t.Errorf("%d clipped, %d loud", clipped, loud)
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter()
	quietMix, out := make([]float32, 480), make([]int16, 480)
	for i := range quietMix {
		quietMix[i] = float32(i*50 - 12000)
	}
	l.apply(quietMix, out)
	for i := range out {
		if out[i] != int16(quietMix[i]) {
			t.Fatalf("a quiet mix is changed: %v becomes %d", quietMix[i], out[i])
		}
	}
	var last []int16
	for n := range 100 { // a tone ten times too loud
		mix := make([]float32, 960)
		for i := range mix {
			mix[i] = 320000 * float32(math.Sin(2*math.Pi*440*float64(n*480+i/2)/call.SampleRate))
		}
		last = make([]int16, 960)
		l.apply(mix, last)
		if n == 0 {
			continue // so sudden that it must bend
		}
		for _, v := range last {
			if float64(v) > limit+1 || float64(v) < -limit-1 {
				t.Fatalf("%d after the attack", v)
			}
		}
	}
	if c, want := curvature(left(last)), 1.3*limit*math.Pow(2*math.Pi*440/call.SampleRate, 2); c > want {
		t.Errorf("the limited tone is bent by %.0f, more than %.0f", c, want)
	}
	for range 400 {
		l.apply(quietMix, out)
	}
	if l.gain != 1 || out[0] != int16(quietMix[0]) {
		t.Errorf("the gain stays at %v", l.gain)
	}
}

func TestPlayoutTime(t *testing.T) {
	packets := encoded(t, tone(440, 8000, 2*call.SampleRate))
	r := newRoom(t)
	r.speaker.delay = 30 * samplesPerMS
	v := r.join(packets)
	if _, _, ok := v.PlayoutTime(); ok {
		t.Error("a time before anything is heard")
	}
	began := r.clock.now()
	r.play(100)
	if _, _, ok := v.PlayoutTime(); ok {
		t.Error("a time without a sender report")
	}
	sender := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	v.track.report.Store(&fakeReport{ntp: sender, rtp: 48000}) // packet 50, sent 1 s after began
	ntp, at, ok := v.PlayoutTime()
	if !ok {
		t.Fatal("no time")
	}
	// Captured at began+x, heard the buffer's and the speaker's delay later.
	captured := began.Add(time.Second + ntp.Sub(sender))
	delay := at.Sub(captured).Seconds() * 1000
	want := v.Stats().DelayMS + 30
	if math.Abs(delay-want) > 2 {
		t.Errorf("heard %.1f ms after it was sent, want %.1f", delay, want)
	}
	if ahead := at.Sub(r.clock.now()); ahead < 15*time.Millisecond || ahead > 50*time.Millisecond {
		t.Errorf("heard %v from now", ahead)
	}
	r.clock.advance(time.Second) // nothing is pulled
	if _, _, ok := v.PlayoutTime(); ok {
		t.Error("a time although the speaker stalls")
	}
	r.play(100)
	r.mixer.SetSpeaker(nil)
	if _, _, ok := v.PlayoutTime(); ok {
		t.Error("a time without a speaker")
	}
}

// A speaker that does not ask for a while finds the present, not the past, and
// what nobody played is not the network's loss.
func TestStalledSpeakerCatchesUp(t *testing.T) {
	packets := encoded(t, tone(300, 9000, call.SampleRate))
	r := newRoom(t)
	v := r.join(packets)
	r.play(50)
	for range 100 { // 2 s
		select {
		case v.track.packets <- rtpBytes(uint16(v.sent), uint32(v.sent)*opus.FrameSamples, packets[0]):
			v.sent++
		case <-time.After(5 * time.Second):
			t.Fatal("the network is not read any more")
		}
		r.clock.advance(frameDuration)
	}
	heard := r.play(50)
	if energy(heard[len(heard)-9600:]) == 0 {
		t.Error("nothing is heard after the stall")
	}
	s := v.Stats()
	if s.PacketsLost > 0 || s.DelayMS > 100 || s.ConcealedMS > 250 {
		t.Errorf("stats %+v", s)
	}
}

func TestLeavingVoiceFadesOut(t *testing.T) {
	packets := encoded(t, tone(300, 12000, call.SampleRate))
	r := newRoom(t)
	v := r.join(packets)
	heard := r.play(100)
	v.Close()
	v.Close()
	r.voices = nil
	heard = append(heard, r.play(3)...)
	end := left(heard)
	if c := curvature(end[len(end)-6*480:]); c > 200 {
		t.Errorf("click of %.0f", c)
	}
	for _, s := range end[len(end)-960:] {
		if s != 0 {
			t.Fatal("still heard")
		}
	}
	if s := v.Stats(); s.FramesDecoded == 0 {
		t.Errorf("stats after Close %+v", s)
	}
}

func TestOldSpeakerGetsSilence(t *testing.T) {
	r := newRoom(t)
	r.join(encoded(t, tone(300, 12000, call.SampleRate)))
	r.play(20)
	old := r.speaker.callback()
	next := &fakeSpeaker{}
	r.mixer.SetSpeaker(next)
	if r.speaker.callback() != nil {
		t.Error("the old speaker still plays")
	}
	r.speaker = next
	loud := r.play(20)
	if energy(loud) == 0 {
		t.Error("the new speaker is silent")
	}
	stereo := []int16{1, 2, 3, 4}
	old(stereo) // a callback that was on its way
	if stereo[0] != 0 || stereo[3] != 0 {
		t.Error("the old speaker takes audio away from the new one")
	}
}

// Without a speaker the buffers live on, by the mixer's own clock.
func TestMixRunsDryWithoutASpeaker(t *testing.T) {
	m := NewMixer(silent.Log())
	v := &talker{packets: encoded(t, speech(call.SampleRate, 1)), track: newFakeRemote()}
	v.Receiver = NewReceiver(m, v.track, silent.Log())
	defer m.Close()
	defer v.Close()
	tick := time.NewTicker(frameDuration)
	defer tick.Stop()
	var loudest float32
	for i := 0; i < 40 || i < 400 && v.Stats().FramesDecoded <= 10; i++ { // slow machines take longer
		<-tick.C
		v.send(t)
		loudest = max(loudest, v.Stats().Level)
	}
	if s := v.Stats(); s.FramesDecoded <= 10 || s.DelayMS > 400 || loudest == 0 {
		t.Errorf("level %v, stats %+v", loudest, s)
	}
}

func TestConcurrentUse(t *testing.T) {
	m := NewMixer(silent.Log())
	defer m.Close()
	packets := encoded(t, speech(call.SampleRate, 1))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	speakers := []*fakeSpeaker{{}, {}}
	for _, s := range speakers {
		wg.Go(func() { // a driver's thread
			stereo := make([]int16, 2*441)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if fill := s.callback(); fill != nil {
					fill(stereo)
				}
			}
		})
	}
	var voices sync.WaitGroup
	for n := range 4 {
		voices.Go(func() {
			for round := range 25 {
				v := &talker{packets: packets, track: newFakeRemote()}
				v.Receiver = NewReceiver(m, v.track, silent.Log())
				v.track.report.Store(&fakeReport{ntp: time.Now()})
				for range 20 {
					v.track.packets <- rtpBytes(uint16(v.sent), uint32(v.sent)*960, packets[v.sent])
					v.sent++
					_ = v.Stats()
					_, _, _ = v.PlayoutTime()
				}
				if n == 0 {
					m.SetSpeaker(speakers[round%2])
				}
				v.Close()
			}
		})
	}
	voices.Wait()
	close(stop)
	wg.Wait()
}

func TestPullAllocatesNothing(t *testing.T) {
	b, err := newJitterBuffer()
	if err != nil {
		t.Fatal(err)
	}
	s := &source{jitter: b, log: silent.Log()}
	defer b.close()
	packets := encoded(t, speech(call.SampleRate, 1))
	stereo := make([]int16, 960)
	i, at := 0, int64(0)
	step := func() {
		s.ring.put(rtpPacket{ssrc: 1, seq: uint16(i), timestamp: uint32(i * 960), payload: packets[i%50]}, at)
		i++
		for range 2 {
			s.pull(stereo, at)
			at += 480
		}
	}
	for range 300 { // buffers have grown
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func TestParseRTPLikePion(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		buf := make([]byte, rng.IntN(60))
		for i := range buf {
			buf[i] = byte(rng.Uint32())
		}
		if len(buf) > 0 && rng.IntN(4) > 0 {
			buf[0] = 0x80 | buf[0]&0x3f
		}
		checkLikePion(t, buf)
	}
}

// checkLikePion compares with pion, which is stricter about the inside of
// header extensions.
func checkLikePion(t *testing.T, buf []byte) {
	t.Helper()
	got, err := parseRTP(buf)
	var want rtp.Packet
	if wantErr := want.Unmarshal(append([]byte(nil), buf...)); wantErr != nil || want.Version != 2 {
		return
	}
	if err != nil {
		t.Fatalf("%x: %v", buf, err)
	}
	if got.seq != want.SequenceNumber || got.timestamp != want.Timestamp || got.ssrc != want.SSRC || string(got.payload) != string(want.Payload) {
		t.Fatalf("%x: got %+v, want %+v", buf, got, want)
	}
}

// FuzzReceive throws garbage, mixed with good packets, at the whole receiving
// path: it must neither crash nor lose its bounds, and good audio must come
// through afterwards.
func FuzzReceive(f *testing.F) {
	packets := encoded(f, tone(440, 9000, call.SampleRate))
	seed := []byte{}
	for i := range 4 {
		p := rtpBytes(uint16(i), uint32(i*960), packets[i])
		seed = binary.BigEndian.AppendUint16(seed, uint16(len(p)))
		seed = append(seed, p...)
	}
	f.Add(seed)
	f.Add([]byte{0, 3, 1, 2, 3, 0, 13, 0x80, 111, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 7, 0xfc})
	f.Fuzz(func(t *testing.T, script []byte) {
		b, err := newJitterBuffer()
		if err != nil {
			t.Fatal(err)
		}
		defer b.close()
		stereo := make([]int16, 960)
		at := int64(0)
		for len(script) > 2 {
			n := min(int(binary.BigEndian.Uint16(script)), len(script)-2, opus.MaxPacketBytes+20)
			at += int64(script[1]) * 48
			if p, err := parseRTP(script[2 : 2+n]); err == nil {
				b.push(p, at)
			}
			b.pull(stereo, at)
			checkBounds(t, b)
			script = script[2+n:]
		}
		for i := range 80 { // 1.6 s of a good stream
			b.push(rtpPacket{ssrc: 99, seq: uint16(i), timestamp: uint32(i * 960), payload: packets[i%50]}, at)
			for range 2 {
				b.pull(stereo, at)
				checkBounds(t, b)
				at += 480
			}
		}
		if e := energy(stereo) / float64(len(stereo)); e < 1000*1000 {
			t.Fatalf("good audio does not come through: %.0f", e)
		}
	})
}

func checkBounds(t *testing.T, b *jitterBuffer) {
	t.Helper()
	if r := b.audio.ready(); r < 0 || r > timelineFrames || b.audio.end > timelineFrames || b.audio.pos < 0 {
		t.Fatalf("timeline %d..%d", b.audio.pos, b.audio.end)
	}
	if b.packets.highest-b.packets.next >= reorderSlots {
		t.Fatalf("%d packets held", b.packets.highest-b.packets.next+1)
	}
	if g := b.gain; g < 0 || g > 1 {
		t.Fatalf("gain %v", g)
	}
	if tg := b.target(); tg < minDelay || tg > maxDelay {
		t.Fatalf("target %v", tg)
	}
}
