//go:build linux

package hw

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gen2brain/malgo"
	"go.uber.org/goleak"

	"foyer/engine/call"
	"foyer/engine/devices"
	"foyer/engine/internal/silent"
	"foyer/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// audioDevices has the real sound system and nothing else.
func audioDevices(t testing.TB) *devices.Devices {
	d := devices.New(devices.Config{Log: silent.Log(), Drivers: devices.Drivers{Audio: newAudio(silent.Log())}})
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func openMic(t testing.TB, d *devices.Devices, name string) call.AudioCapture {
	t.Helper()
	c, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone, Device: name})
	if err != nil {
		t.Fatal(err)
	}
	return c.(call.AudioCapture)
}

func openSpeaker(t testing.TB, d *devices.Devices, name string) call.Speaker {
	t.Helper()
	s, err := d.OpenSpeaker(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ours counts this process's streams, as the sound server sees them.
func ours(list []testenv.Stream) int {
	n := 0
	for _, s := range list {
		if s.PID == os.Getpid() && s.App == appName {
			n++
		}
	}
	return n
}

func tone(hz float64, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/call.SampleRate))
	}
	return s
}

// power is how strong hz is in the samples (Goertzel), 1 for a full-scale tone.
func power(s []int16, hz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hz/call.SampleRate)
	var a, b float64
	for _, v := range s {
		a, b = float64(v)/32768+c*a-b, a
	}
	return 2 * math.Sqrt(a*a+b*b-c*a*b) / float64(len(s))
}

func TestAudioList(t *testing.T) {
	testenv.UsePulse(t)
	list, err := audioDevices(t).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []call.Device{
		{Source: call.SourceMicrophone, ID: "mic", Name: "TestMic", Default: true},
		{Source: call.SourceSpeaker, ID: "speaker", Name: "TestSpeaker", Default: true},
	}
	if !slices.Equal(list, want) {
		t.Errorf("listed %+v, want %+v", list, want)
	}
}

func TestMicrophoneHears(t *testing.T) {
	p := testenv.UsePulse(t)
	d := audioDevices(t)
	for _, name := range []string{"", "mic", "TestMic", "testmic"} {
		m := openMic(t, d, name)
		if got := m.Info(); got.ID != "mic" || got.Name != "TestMic" {
			t.Errorf("opened %+v", got)
		}
		if n := ours(p.SourceOutputs()); n != 1 {
			t.Errorf("%d streams of ours, want 1", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		fed := make(chan struct{})
		go func() {
			defer close(fed)
			p.FeedMic(ctx, tone(1000, 3*call.SampleRate))
		}()
		buf := make([]int16, call.SampleRate/10)
		strongest := 0.0
		for range 10 {
			if err := m.ReadAudio(buf); err != nil {
				t.Fatal(err)
			}
			strongest = max(strongest, power(buf, 1000))
		}
		if strongest < 0.2 || strongest > 0.3 {
			t.Errorf("the tone of 0.24 was heard as %.3f", strongest)
		}
		cancel()
		<-fed
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if n := ours(p.SourceOutputs()); n != 0 {
			t.Errorf("%d streams of ours after Close", n)
		}
		if err := m.ReadAudio(buf); !errors.Is(err, call.ErrClosed) {
			t.Errorf("read after Close: %v", err)
		}
	}
}

func TestSpeakerIsHeard(t *testing.T) {
	p := testenv.UsePulse(t)
	s := openSpeaker(t, audioDevices(t), "default")
	wave, at := tone(1000, call.SampleRate), 0
	s.Play(func(stereo []int16) {
		for i := 0; i+1 < len(stereo); i += 2 {
			stereo[i], stereo[i+1] = wave[at], wave[at]
			at = (at + 1) % len(wave)
		}
	})
	// A recording has a gap where the machine was busy, or where it began before the
	// tone. The far side of a gap is out of step, so that little is left of its power.
	got := 0.0
	for deadline := time.Now().Add(testenv.Limit); got < 0.15 && time.Now().Before(deadline); {
		got = power(p.RecordSpeaker(t.Context(), 400*time.Millisecond), 1000)
	}
	if got < 0.15 {
		t.Errorf("the tone of 0.24 was heard as %.3f", got)
	}
	if d := s.Delay(); d < 240 || d > call.SampleRate/5 {
		t.Errorf("a delay of %d samples", d)
	}
	s.Play(nil)
	if n := ours(p.SinkInputs()); n != 1 {
		t.Errorf("%d streams of ours, want 1", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := ours(p.SinkInputs()); n != 0 {
		t.Errorf("%d streams of ours after Close", n)
	}
}

func TestAudioDeviceMissing(t *testing.T) {
	testenv.UsePulse(t)
	d := audioDevices(t)
	_, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone, Device: "Headset"})
	var named *call.DeviceError
	if !errors.Is(err, call.ErrDeviceMissing) || !errors.As(err, &named) || named.Device != "Headset" {
		t.Errorf("a missing microphone: %v", err)
	}
	if _, err := d.OpenSpeaker(t.Context(), "Headset"); !errors.Is(err, call.ErrDeviceMissing) {
		t.Errorf("a missing speaker: %v", err)
	}
}

func TestNoSoundServer(t *testing.T) {
	t.Setenv("PULSE_SERVER", "unix:"+t.TempDir()+"/native")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	d := audioDevices(t)
	if _, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone}); !errors.Is(err, call.ErrNoSoundServer) {
		t.Errorf("a microphone without a sound server: %v", err)
	}
	if _, err := d.OpenSpeaker(t.Context(), ""); !errors.Is(err, call.ErrNoSoundServer) {
		t.Errorf("a speaker without a sound server: %v", err)
	}
	if list, err := d.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("listed %v, %v", list, err)
	}
}

func TestSoundServerKilled(t *testing.T) {
	p := testenv.UsePulse(t)
	d := audioDevices(t)
	m, s := openMic(t, d, ""), openSpeaker(t, d, "")
	p.Close()
	for _, h := range []call.Handle{m, s} {
		select {
		case <-h.Lost():
		case <-time.After(10 * time.Second):
			t.Fatalf("the %s was not reported as lost", h.Info().Source)
		}
		if err := h.LostErr(); !errors.Is(err, call.ErrNoSoundServer) && !errors.Is(err, call.ErrDeviceLost) {
			t.Errorf("lost: %v", err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := m.ReadAudio(make([]int16, 480)); !errors.Is(err, call.ErrClosed) {
		t.Errorf("read after a loss and Close: %v", err)
	}
}

func TestSoundServerFrozen(t *testing.T) {
	p := testenv.UsePulse(t)
	d := audioDevices(t)
	m := openMic(t, d, "")
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- m.Close() }()
	for err := error(nil); !errors.Is(err, call.ErrClosed); { // until Close has begun
		err = m.ReadAudio(make([]int16, 480))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := d.Open(ctx, call.DeviceRequest{Source: call.SourceMicrophone})
	if !errors.Is(err, call.ErrDeviceStuck) {
		t.Errorf("opening while the server is frozen: %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Open returned after %v", took)
	}
	// Other devices are not held up.
	tone, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone, Device: call.DeviceTest})
	if err != nil {
		t.Fatal(err)
	}
	if err := tone.Close(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-closed:
		t.Fatalf("closed on a frozen server: %v", err)
	default:
	}
	if err := p.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if n := ours(p.SourceOutputs()); n != 0 {
		t.Errorf("%d streams of ours after Close", n)
	}
	// And it works again.
	if err := openMic(t, d, "").Close(); err != nil {
		t.Error(err)
	}
}

// A sound server to which many programs connect at once refuses some. They get in a
// moment later.
func TestSoundServerIsCrowded(t *testing.T) {
	p := testenv.UsePulse(t)
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	var crowd []net.Conn
	leave := func() {
		for _, c := range crowd {
			_ = c.Close()
		}
	}
	defer leave()
	for {
		c, err := net.DialTimeout("unix", strings.TrimPrefix(p.Server, "unix:"), time.Second)
		if err != nil {
			break // its queue is full
		}
		crowd = append(crowd, c)
	}
	if ctx, err := initContext(malgo.BackendPulseaudio); err == nil {
		ctx.Free()
		t.Fatal("a full queue took one more")
	}
	thaw := time.AfterFunc(serverPauses()[0]/2, func() {
		leave()
		_ = p.Thaw()
	})
	defer thaw.Stop()
	c, err := newAudio(silent.Log()).connect(malgo.BackendPulseaudio)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

// A server that freezes under a running microphone is a lost microphone.
func TestSoundServerFreezesMeanwhile(t *testing.T) {
	p := testenv.UsePulse(t)
	m := openMic(t, audioDevices(t), "")
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-m.Lost():
	case <-time.After(10 * time.Second):
		t.Fatal("not reported as lost")
	}
	if err := m.ReadAudio(make([]int16, 48000)); !errors.Is(err, call.ErrDeviceLost) {
		t.Errorf("read after the loss: %v", err)
	}
	if err := p.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if n := ours(p.SourceOutputs()); n != 0 {
		t.Errorf("%d streams of ours after Close", n)
	}
}

// After a microphone is taken away, its reader hears nothing more: neither it nor,
// if it was the default one, what the loudspeaker plays.
func TestAudioDeviceTakenAway(t *testing.T) {
	for _, choice := range []string{"mic", ""} {
		testenv.UsePulse(t)
		d := audioDevices(t)
		m := openMic(t, d, choice)
		if out, err := exec.CommandContext(t.Context(), "pactl", "unload-module", "module-pipe-source").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		select {
		case <-m.Lost():
		case <-time.After(10 * time.Second):
			t.Fatalf("%q: not reported as lost", choice)
		}
		if err := m.LostErr(); !errors.Is(err, call.ErrDeviceLost) {
			t.Errorf("%q: lost: %v", choice, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if _, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone}); !errors.Is(err, call.ErrDeviceMissing) {
			t.Errorf("no microphone is left: %v", err)
		}
	}
}

// Any number of rounds use the same number of descriptors.
func TestAudioRounds(t *testing.T) {
	testenv.UsePulse(t)
	d := audioDevices(t)
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	round := func() {
		m, s := openMic(t, d, ""), openSpeaker(t, d, "")
		if err := errors.Join(m.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	}
	round()
	before := count()
	for range 50 {
		round()
	}
	if after := count(); after > before+2 {
		t.Errorf("%d descriptors became %d", before, after)
	}
}

// Opening that is called off leaves nothing open, at whatever moment.
func TestAudioOpenCancelled(t *testing.T) {
	p := testenv.UsePulse(t)
	d := audioDevices(t)
	for i := range 60 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*500*time.Microsecond)
		c, err := d.Open(ctx, call.DeviceRequest{Source: call.SourceMicrophone})
		cancel()
		if err == nil {
			err = c.Close()
		}
		var named *call.DeviceError
		if err != nil && !errors.As(err, &named) {
			t.Errorf("round %d: %v", i, err)
		}
	}
	// The last one may still be going: the next Open waits for it.
	if err := openMic(t, d, "").Close(); err != nil {
		t.Error(err)
	}
	if n := ours(p.SourceOutputs()); n != 0 {
		t.Errorf("%d streams of ours are still open", n)
	}
}

func BenchmarkAudioOpenClose(b *testing.B) {
	p := testenv.Pulse(b)
	b.Setenv("PULSE_SERVER", p.Server)
	b.Setenv("XDG_RUNTIME_DIR", p.Dir)
	d := audioDevices(b)
	var opened, closed [2][]time.Duration
	for b.Loop() {
		t0 := time.Now()
		m := openMic(b, d, "")
		t1 := time.Now()
		s := openSpeaker(b, d, "")
		opened[0], opened[1] = append(opened[0], t1.Sub(t0)), append(opened[1], time.Since(t1))
		if err := m.ReadAudio(make([]int16, call.SampleRate/20)); err != nil { // in use, as in a call
			b.Fatal(err)
		}
		t2 := time.Now()
		_ = m.Close()
		t3 := time.Now()
		_ = s.Close()
		closed[0], closed[1] = append(closed[0], t3.Sub(t2)), append(closed[1], time.Since(t3))
	}
	for i, what := range []string{"mic", "speaker"} {
		b.ReportMetric(quantile(opened[i], 0.5), what+"-open-p50-ms")
		b.ReportMetric(quantile(opened[i], 0.99), what+"-open-p99-ms")
		b.ReportMetric(quantile(closed[i], 0.5), what+"-close-p50-ms")
		b.ReportMetric(quantile(closed[i], 0.99), what+"-close-p99-ms")
	}
}

func quantile(d []time.Duration, q float64) float64 {
	slices.Sort(d)
	return float64(d[int(q*float64(len(d)-1))].Microseconds()) / 1000
}
