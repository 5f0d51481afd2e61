package devices

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"foyer/engine/call"
	"foyer/engine/internal/silent"
)

func newFakeAudio(t testing.TB) *fakeAudio {
	f := &fakeAudio{fakeHardware: newFake(t, call.SourceMicrophone, "Mic")}
	f.list = append(f.list, call.Device{Source: call.SourceSpeaker, ID: "spk", Name: "Speaker", Default: true})
	return f
}

func openMic(t testing.TB, d *Devices, name string) call.AudioCapture {
	t.Helper()
	c, err := d.Open(t.Context(), call.DeviceRequest{Source: call.SourceMicrophone, Device: name})
	if err != nil {
		t.Fatal(err)
	}
	return c.(call.AudioCapture)
}

func TestRing(t *testing.T) {
	t.Parallel()
	r := ring{wake: make(chan struct{}, 1)}
	next, want := int16(0), int16(0)
	write := func(n int) {
		s := make([]heard, n)
		for i := range s {
			s[i].voice = next
			next++
		}
		r.write(s)
	}
	read := func(n, wantN int) {
		s := make([]int16, n)
		if got := r.read(n, func(i int, h heard) { s[i] = h.voice }); got != wantN {
			t.Fatalf("read %d of %d, want %d", got, n, wantN)
		}
		for i, v := range s[:wantN] {
			if v != want {
				t.Fatalf("sample %d is %d, want %d", i, v, want)
			}
			want++
		}
	}
	read(10, 0)
	write(480)
	read(100, 100)
	read(480, 380)
	for range 50 { // round the end
		write(700)
		read(700, 700)
	}
	write(ringLength)
	write(100) // drops the oldest
	want += 100
	read(ringLength+5, ringLength)
	write(ringLength + 300)
	want += 300
	read(ringLength, ringLength)
}

func TestSilentMicrophoneIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAudio(t)
		d := New(Config{Log: silent.Log(), Drivers: Drivers{Audio: f}})
		m := openMic(t, d, "")
		f.set(func() { f.silent = true })
		time.Sleep(time.Minute) // virtual, like all time here
		if isClosed(m.Lost()) {
			t.Errorf("lost: %v", m.LostErr())
		}
		f.set(func() { f.silent = false })
		if err := m.ReadAudio(make([]int16, 480)); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestDeadAudioIsLost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		hangs bool
		want  error
	}{
		"taken away": {err: call.ErrDeviceLost, want: call.ErrDeviceLost},
		"no server":  {err: call.ErrNoSoundServer, want: call.ErrNoSoundServer},
		"frozen":     {hangs: true, want: call.ErrDeviceLost},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeAudio(t)
			d := New(Config{Log: silent.Log(), Drivers: Drivers{Audio: f}})
			m := openMic(t, d, "")
			s, err := d.OpenSpeaker(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			f.set(func() {
				f.silent, f.checkErr = true, c.err
				if c.hangs {
					f.checking = make(chan struct{})
				}
			})
			began := time.Now()
			for _, h := range []call.Handle{m, s} {
				<-h.Lost()
				if !errors.Is(h.LostErr(), c.want) {
					t.Errorf("%s: %v", name, h.LostErr())
				}
			}
			if took := time.Since(began); took > 2500*time.Millisecond {
				t.Errorf("%s: noticed after %v", name, took)
			}
			if c.hangs {
				close(f.checking)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if n := f.holds(); n != 0 {
				t.Errorf("%s: %d stay open", name, n)
			}
		})
	}
}

// A recorder that was moved to something else still hears; a sound system that
// does not answer a question may still serve.
func TestAudioIsCheckedWhileItRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFakeAudio(t)
		d := New(Config{Log: silent.Log(), Drivers: Drivers{Audio: f}})
		m := openMic(t, d, "")
		f.set(func() { f.checkErr = call.ErrNoSoundServer })
		time.Sleep(10 * time.Second) // virtual: some looks
		gate := make(chan struct{})
		f.set(func() { f.checking = gate })
		time.Sleep(10 * time.Second)
		if isClosed(m.Lost()) {
			t.Errorf("lost: %v", m.LostErr())
		}
		var n int
		f.set(func() { n = f.asked })
		if n > 8 {
			t.Errorf("%d questions, with one that hung for 10 s", n)
		}
		f.set(func() { f.checking, f.checkErr = nil, call.ErrDeviceLost })
		close(gate)
		began := time.Now()
		<-m.Lost()
		if took := time.Since(began); took > 2*askEvery {
			t.Errorf("noticed after %v", took)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSpeakerPlaysSilenceUntilAsked(t *testing.T) {
	t.Parallel()
	f := newFakeAudio(t)
	d := newDevices(t, Drivers{Audio: f})
	sp, err := d.OpenSpeaker(t.Context(), defaultWord)
	if err != nil {
		t.Fatal(err)
	}
	s := sp.(*speaker)
	if s.Info().ID != "spk" || s.Delay() != 960 {
		t.Errorf("%+v, delay %d", s.Info(), s.Delay())
	}
	buf := []int16{1, 2}
	s.next(buf)
	if buf[0] != 0 || buf[1] != 0 {
		t.Errorf("not silent: %v", buf)
	}
	s.Play(func(b []int16) { b[0] = 7 })
	s.next(buf)
	s.Play(nil)
	if buf[0] != 7 {
		t.Errorf("played %v", buf)
	}
	s.next(buf)
	if buf[0] != 0 {
		t.Errorf("not silent after Play(nil): %v", buf)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestTestTone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := New(Config{Log: silent.Log()})
		m := openMic(t, d, call.DeviceTest)
		buf := make([]int16, call.SampleRate/10)
		if err := m.ReadAudio(buf); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		crossings, last := 0, int16(0)
		for range 5 {
			if err := m.ReadAudio(buf); err != nil {
				t.Fatal(err)
			}
			for _, v := range buf {
				if last < 0 && v >= 0 {
					crossings++
				}
				last = v
			}
		}
		if crossings < 200 || crossings > 240 { // 440 Hz for half a second
			t.Errorf("%d periods in half a second", crossings)
		}
		if took := time.Since(began); took < 400*time.Millisecond {
			t.Errorf("half a second in %v", took)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}
